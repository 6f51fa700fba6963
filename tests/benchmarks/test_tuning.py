"""The sweeps of sections 3.2.3 and 9, at a tiny size; no figure is judged."""

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"
TINY = ("--encoder", "tiny-random", "--records", 300, "--seeds", 1, "--labels", 32)


def stored(script, path, *options):
    command = [sys.executable, FOLDER / script, *TINY, *options, "--json", path]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(Path.home()) not in path.read_text()
    return json.loads(path.read_text())


def test_each_method_runs_with_the_rate_of_its_best_validation_loss(tmp_path):
    asked = ("--choose-with", 32, "--methods", "head", "lora")
    found = stored("tuning.py", tmp_path / "tuning.json", *asked)
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


def test_adversarial_training_is_asked_for_clean_and_for_misspelt_texts(tmp_path):
    found = stored("advice.py", tmp_path / "advice.json", "--parts", "adversarial")
    arms = {run["name"]: run for run in found["adversarial"]}
    assert list(arms) == ["plain", "FGM", "PGD", "FreeLB"]
    assert all(0 <= run["noisy_accuracy"] <= 1 for run in arms.values())
    losses = {run["validations"][-1]["loss"] for run in arms.values()}
    assert len(losses) == 4  # four ways to train, four models
