"""Running a benchmark as its reader does, at a tiny size."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="session")
def run():
    """Return a function of a script and its options that gives the ended process."""

    def process(script, *options):
        command = [sys.executable, str(FOLDER / script), *map(str, options)]
        return subprocess.run(command, capture_output=True, text=True)

    return process


@pytest.fixture
def stored(run, tmp_path):
    """Return a function that runs a script and gives what it printed and stored.

    What is stored must name the versions, and no folder of whoever measured.
    """

    def result(script, *options):
        path = tmp_path / "result.json"
        done = run(script, *options, "--json", path)
        assert done.returncode == 0, done.stderr
        found = json.loads(path.read_text())
        assert found["machine"]["versions"]["torch"]
        assert str(Path.home()) not in path.read_text()
        return done.stdout, found

    return result


@pytest.fixture
def script(monkeypatch):
    """Return a function that imports a benchmark by its name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module
