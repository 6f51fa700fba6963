"""A run killed with SIGKILL at any moment, and resumed, ends as if never killed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed_run.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize(
    ("what", "kills", "stride"),
    [
        ("toy", 4, 11),
        ("bert", 2, 35),
        ("pretrain", 3, 23),
        ("bf16", 2, 35),
        ("threads", 2, 35),
    ],
)
def test_resumed_after_kill_is_bit_identical(tmp_path, what, kills, stride):
    arguments = [what, str(tmp_path), str(kills), str(stride)]
    command = [sys.executable, str(SCRIPT), *arguments]
    tests = str(SCRIPT.parents[1])  # where forking stands
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": tests}
    environment["OMP_WAIT_POLICY"] = "PASSIVE"  # threads that spin take others' cores
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["threads"] == (2 if what == "threads" else 1)
    assert told["killed"] >= 1
    assert told["points"] >= 2
    assert told["clock"], "killed by the clock: weights or history differ"
    assert told["touch"], "killed while files were written: weights or history differ"
