"""The benchmark of next sentence prediction, at a tiny size; no figure is judged."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "nsp.py"


def test_arms_read_the_same_number_of_pairs_and_are_stored(tmp_path):
    stored = tmp_path / "nsp.json"
    arms = ["MLM", "MLM + next"]
    sizes = {"seeds": 1, "steps": 2, "documents": 60, "test-pairs": 20, "records": 60}
    options = [f"--{name}={value}" for name, value in sizes.items()]
    command = [sys.executable, str(SCRIPT), *options, f"--json={stored}", "--arms"]
    done = subprocess.run([*command, *arms], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(stored.read_text())
    assert [run["arm"] for run in result["runs"]] == arms
    assert {run["steps"] for run in result["runs"]} == {2}
    for name in arms:
        for mean, low, high in result["summary"][name].values():
            assert 0 <= low <= mean <= high <= 1
    assert result["machine"]["versions"]["torch"]
    assert str(Path.home()) not in stored.read_text()
