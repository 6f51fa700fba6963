"""Each benchmark runs at a tiny size and stores what it measured; no time is judged."""

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"


def run(script, *options):
    command = [sys.executable, str(FOLDER / script), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True)


def test_fine_tuning_is_compared_on_the_same_texts(tmp_path):
    stored = tmp_path / "result.json"
    done = run(
        *("finetune.py", "--encoder", "tiny-random", "--records", 120, "--repeats", 1),
        *("--naive-steps", 1, "--arms", "ours", "trainer_best", "naive_128"),
        *("--json", stored),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(stored.read_text())
    ours, trainer, naive = result["summary"]
    assert ours["ours_is_faster_by"] == 1
    tokens = {run["arm"]: run["tokens"] for run in result["runs"]}
    assert tokens["ours"] == tokens["trainer_best"] > tokens["naive_128"]
    assert ours["steps"] >= trainer["steps"] == 3  # ours also keeps a token budget
    assert naive["steps"] == 1
    assert naive["accuracy"] is None  # too few steps to speak of
    assert 0 <= trainer["accuracy"] <= 1
    assert result["machine"]["versions"]["torch"]
    assert done.stdout.count("\n|") >= 4
    assert str(Path.home()) not in stored.read_text()


def test_a_contestant_that_fails_stops_the_run(tmp_path):
    done = run("finetune.py", "--encoder", "no/such/folder", "--arms", "ours")
    assert done.returncode == 1
    assert "ours failed" in done.stderr


def test_import_time_prints_ours_beside_its_peers():
    done = run("import_time.py", "--repeats", 1, "--peers", "json")
    assert "| chapter2 |" in done.stdout, done.stderr
    assert "| json |" in done.stdout


def test_the_seeds_of_chapter_5_are_stored_with_their_baselines(tmp_path):
    stored = tmp_path / "chapter5.json"
    done = run(
        *("chapter5.py", "--encoder", "tiny-random", "--records", 120),
        *("--seeds", 2, "--json", stored),
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(stored.read_text())
    assert [each["seed"] for each in result["runs"]] == [0, 1]
    scores = [each["test_accuracy"] for each in result["runs"]]
    assert result["mean_test_accuracy"] == sum(scores) / 2
    assert set(result["baselines"]) == {"majority", "tfidf_logistic"}
