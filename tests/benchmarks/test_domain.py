"""The benchmark of domain-adaptive pretraining, at a tiny size; no figure is judged."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "domain.py"


def test_what_was_read_and_what_it_brought_is_stored(tmp_path):
    stored = tmp_path / "domain.json"
    sizes = {"seeds": 1, "tokens": 2048, "documents": 60, "records": 300, "labels": 32}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    options += ["--models", "bert-tiny", "--read", "nothing", "snippets"]
    command = [sys.executable, str(SCRIPT), *options, f"--json={stored}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(stored.read_text())
    plain, after = result["runs"]
    assert (plain["read"], after["read"]) == ("nothing", "snippets")
    assert "tokens" not in plain
    assert after["tokens"] == 2048
    # the same weights, and the weights that have read, are not the same model
    name = "masked_loss_snippets"
    assert plain[name] != after[name]
    assert [task["labels"] for task in after["tasks"]] == [32]
    assert str(Path.home()) not in stored.read_text()
