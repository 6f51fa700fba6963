"""The estimator's benchmark runs at a tiny size and stores both sides."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "resources.py"


def test_estimates_are_stored_beside_the_measured_peaks(tmp_path):
    stored = tmp_path / "result.json"
    options = ["--sizes", "tiny", "--methods", "full", "--batches", "16", "--lengths"]
    options += ["64", "--checkpointing", "0", "--steps", "1", "--json", str(stored)]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(stored.read_text())
    (run,) = result["runs"]
    assert run["memory_ratio"] == run["estimate"]["total"] / run["peak"]
    assert result["worst"]["memory_ratio"] == run["memory_ratio"]
    assert run["seconds_per_step"] > 0
    assert result["machine"]["versions"]["torch"]
    assert "| tiny | full |" in done.stdout
