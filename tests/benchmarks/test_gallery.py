"""The benchmark of the task gallery, at a tiny size; no figure is judged."""

import json

import pytest

SMALL = ("--encoder", "tiny-random", "--causal", "tiny-random", "--sizes", 30)
SMALL = (*SMALL, "--seeds", 1, "--test", 20)
WRITTEN = {"written-summaries", "written-replies"}
OTHERS = {
    "fine-tuned": {"textrank", "frozen"},
    "summaries": {"textrank", "oracle"},
    "written-summaries": {"textrank"},
    "written-replies": {"found", "found_others"},
}


@pytest.fixture(scope="module")
def runs(run, tmp_path_factory):
    """Return the run of each arm, by its name."""
    path = tmp_path_factory.mktemp("gallery") / "new" / "result.json"
    done = run("gallery.py", *SMALL, "--json", path)
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text())
    assert str(path) not in json.dumps(result)
    return {run["arm"]: run for run in result["runs"]}


def test_each_arm_stands_beside_its_baseline(runs):
    fitted = {"english", "yes-no", "fine-tuned", "chinese", "translation", "summaries"}
    assert {*runs} == fitted | WRITTEN
    assert {runs[arm]["records"] for arm in fitted} == {30}
    assert {runs[arm]["records"] for arm in WRITTEN} == {0}  # nothing is trained
    assert {run["tested"] for run in runs.values()} == {20}
    for arm in ("english", "chinese"):
        assert runs[arm]["entities"]["support"] > 0
        assert runs[arm]["score"] == runs[arm]["entities"]["f1"]
    assert runs["summaries"]["oracle"] >= runs["summaries"]["baseline"]


def test_each_score_has_its_interval_over_the_test_records(runs):
    measured = {**runs, "chrf": runs["translation"]["chrf"]}
    for arm, run in measured.items():
        others = {"baseline", *OTHERS.get(arm, set())}
        assert {*run["intervals"]} == {"score", *others}
        assert {*run["differences"]} == others
        for name, each in run["intervals"].items():
            assert 0 <= each["low"] <= each["value"] <= each["high"] <= 1
            assert each["value"] == run[name]
        for name, each in run["differences"].items():
            assert each["low"] <= each["value"] <= each["high"]
            assert each["value"] == pytest.approx(run["score"] - run[name])
            assert (each["level"], each["resamples"]) == (0.95, 1000)
    # it knows the summaries, of the same articles
    oracle = runs["summaries"]["differences"]["oracle"]
    assert oracle["high"] <= 0


def test_a_run_that_was_cut_goes_on(run, tmp_path):
    path = tmp_path / "result.json"
    how = ("--arms", "written-replies", "--sizes", 2, "--json", path)
    assert run("gallery.py", *SMALL, *how).returncode == 0
    journal = path.with_suffix(".jsonl")
    first, line = journal.read_text().splitlines()
    marked = {**json.loads(line), "score": 0.123}  # no run has found that
    journal.write_text(first + "\n" + json.dumps(marked) + '\n{"arm": "summ')
    done = run("gallery.py", *SMALL, *how)
    assert done.returncode == 0, done.stderr
    assert json.loads(path.read_text())["runs"] == [marked]
    other = run("gallery.py", *SMALL, *how, "--test", 5)  # the last of two counts
    assert other.returncode != 0
    assert "holds runs made with" in other.stderr
    assert json.loads(path.read_text())["runs"] == [marked]


def test_a_run_is_not_repeated_where_a_seed_changes_nothing(script):
    seeds_of = script("gallery").seeds_of
    assert seeds_of("written-replies", 50, 2) == seeds_of("summaries", 600, 2) == 1
    assert seeds_of("summaries", 150, 2) == seeds_of("english", 600, 2) == 2


def test_an_unknown_arm_is_refused(run):
    done = run("gallery.py", "--arms", "poetry")
    assert done.returncode == 2
    assert "poetry" in done.stderr
