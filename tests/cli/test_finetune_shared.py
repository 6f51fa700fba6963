"""``chapter2 finetune`` in two processes: one result, one voice, a usable folder."""

import json

import pytest

pytestmark = pytest.mark.timeout(600)


def test_two_processes_make_one_model_and_speak_once(
    cli, reviews, tmp_path, accelerated
):
    out = tmp_path / "m"
    options = ("--model", "tiny-random", "--epochs", 1, "--method", "lora", "--json")
    done = accelerated(2, "-m", "chapter2", "finetune", reviews, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)  # one object: one process prints
    assert result["records"] == {"train": 48, "validation": 6, "test": 6}
    assert done.stderr.count("48 training, 6 validation and 6 test records.") == 1
    assert done.stderr.count("To predict: chapter2 predict") == 1
    assert done.stderr.count("lora trains") == 1
    assert not (out / ".lock").exists()
    assert not (out / "checkpoints").exists()
    again = cli("finetune", reviews, "--out", out, "--resume", *options)
    assert again.json() == result
    assert cli("predict", out, reviews, "--text", "text").code == 0
