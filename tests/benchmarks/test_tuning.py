"""The sweep of section 3.2.3, at a tiny size; no figure is judged."""

import json

TINY = ("--encoder", "tiny-random", "--records", 300, "--seeds", 1, "--labels", 32)


def test_each_method_runs_with_the_rate_of_its_best_validation_loss(stored):
    asked = ("--choose-with", 32, "--methods", "head", "lora")
    _, found = stored("tuning.py", *TINY, *asked)
    for name, rate in found["rates"].items():
        tried = [run for run in found["choosing"] if run["name"] == name]
        assert len(tried) == 3
        losses = {
            run["settings"]["learning_rate"]: run["validations"][-1]["loss"]
            for run in tried
        }
        assert losses[rate] == min(losses.values())
    head, lora = found["runs"]
    assert head["trainable"] < lora["trainable"]
    assert head["bytes_on_disk"] < lora["bytes_on_disk"]
    assert 0 <= head["test_accuracy"] <= 1


def test_what_a_stored_result_lacks_is_added_with_its_rates(stored, run, tmp_path):
    asked = ("--choose-with", 32, "--methods", "head")
    _, found = stored("tuning.py", *TINY, *asked)
    more = (*TINY[:-1], 32, 40, "--methods", "head", "--add")
    path = tmp_path / "result.json"
    done = run("tuning.py", *more, "--json", path)
    assert done.returncode == 0, done.stderr
    again = json.loads(path.read_text())
    assert again["runs"][0] == found["runs"][0]
    assert [r["labels"] for r in again["runs"]] == [32, 40]
    assert again["runs"][1]["settings"]["learning_rate"] == found["rates"]["head"]
    (part,) = again["added"]
    assert part["runs"] == [["head", 40, 0]]
    scored = [(each["name"], each["labels"]) for each in again["baselines"]]
    assert scored[::2] == [("majority class", 32), ("majority class", 40)]
    assert all(0 <= each["test_accuracy"] <= 1 for each in again["baselines"])
    assert part["machine"]["versions"]["torch"]
    other = run("tuning.py", *more, "--encoder", "minilm", "--json", path)
    assert other.returncode == 1
    assert "has encoder tiny-random, not minilm" in other.stderr
