"""Each benchmark runs at a tiny size and stores what it measured; no time is judged."""


def test_fine_tuning_is_compared_on_the_same_texts(stored):
    printed, result = stored(
        *("finetune.py", "--encoder", "tiny-random", "--records", 120, "--repeats", 1),
        *("--naive-steps", 1, "--arms", "ours", "trainer_best", "naive_128"),
    )
    ours, trainer, naive = result["summary"]
    assert ours["ours_is_faster_by"] == 1
    least, most = trainer["ratio_range"]
    assert least <= trainer["ours_is_faster_by"] <= most
    tokens = {run["arm"]: run["tokens"] for run in result["runs"]}
    assert tokens["ours"] == tokens["trainer_best"] > tokens["naive_128"]
    assert ours["steps"] >= trainer["steps"] == 3  # ours also keeps a token budget
    assert naive["steps"] == 1
    assert naive["accuracy"] is None  # too few steps to speak of
    assert 0 <= trainer["accuracy"] <= 1
    assert printed.count("\n|") >= 4


def test_a_contestant_that_fails_stops_the_run(run):
    done = run("finetune.py", "--encoder", "no/such/folder", "--arms", "ours")
    assert done.returncode == 1
    assert "ours failed" in done.stderr


def test_import_time_prints_ours_beside_its_peers(run):
    done = run("import_time.py", "--repeats", 1, "--peers", "json")
    assert "| chapter2 |" in done.stdout, done.stderr
    assert "| json |" in done.stdout


def test_the_seeds_of_chapter_5_are_stored_with_their_baselines(stored):
    _, result = stored(
        *("chapter5.py", "--encoder", "tiny-random", "--records", 120),
        *("--seeds", 2),
    )
    assert [each["seed"] for each in result["runs"]] == [0, 1]
    scores = [each["test_accuracy"] for each in result["runs"]]
    assert result["mean_test_accuracy"] == sum(scores) / 2
    assert set(result["baselines"]) == {"majority", "tfidf_logistic"}


def test_pretraining_is_compared_on_the_same_blocks(stored):
    _, result = stored(
        *("pretrain.py", "--size", "tiny", "--documents", 60, "--vocabulary", 400),
        *("--length", 16, "--batch", 4, "--steps", 2, "--repeats", 1),
        *("--arms", "ours", "trainer_best", "loop"),
    )
    assert [row["arm"] for row in result["summary"]] == ["ours", "trainer_best", "loop"]
    assert {run["tokens"] for run in result["runs"]} == {2 * 4 * 16}
    ours, *others = result["summary"]
    assert ours["ours_is_faster_by"] == 1
    assert 0.5 < ours["executed_share"] < 1 == others[0]["executed_share"]
    assert all(row["share_of_peak"] > 0 for row in result["summary"])


def test_families_are_stored_with_their_seeds_and_baselines(stored):
    _, result = stored(
        *("families.py", "--documents", 60, "--vocabulary", 400, "--length", 16),
        *("--batch", 4, "--seeds", 2, "--tokens", 200),
        *("--families", "bert", "gru", "ngram"),
    )
    ran = [(each["family"], each["seed"]) for each in result["runs"]]
    assert ran == [("bert", 0), ("bert", 1), ("gru", 0), ("gru", 1), ("ngram", 0)]
    assert all("perplexity" in each for each in result["runs"][2:])
    assert 0 <= result["runs"][0]["masked_accuracy"] <= 1
    assert result["unigram"]["causal"]["perplexity"] > 1
