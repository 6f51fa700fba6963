"""Every bad input of the reader's table, through the door that people use."""

import importlib.util
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[1] / "data" / "bad_inputs.py"
spec = importlib.util.spec_from_file_location("bad_inputs", TABLE)
bad_inputs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bad_inputs)
CASES = bad_inputs.BAD_INPUTS


@pytest.fixture
def put_down(monkeypatch):
    """Do all of finetune but the training, which a bad file must not reach."""
    from chapter2.cli import experiment

    reached = []
    monkeypatch.setattr(experiment, "run", lambda *given: reached.append(given))
    return reached


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_bad_input(cli, case, tmp_path, put_down):
    path = tmp_path / case.name
    if case.content is not None:
        path.write_bytes(case.content() if callable(case.content) else case.content)
    options = [
        part for name, value in case.args.items() for part in (f"--{name}", value)
    ]
    done = cli("finetune", path, "--out", tmp_path / "model", "--json", *options)
    assert done.out == ""
    assert "Traceback" not in done.err
    assert not (tmp_path / "model").exists()
    fragments = [part.replace("{file}", str(path)) for part in case.says]
    if case.records is not None:
        assert done.code == 0
        assert len(put_down) == 1
        said = done.err.splitlines()
    else:
        assert put_down == []
        assert done.code == (2 if case.usage else 3)
        assert done.err.count("\n") == 1
        said = [done.err]
        assert done.err.startswith("Error: ")
    if case.args.get("limit") != 0:  # refused by the command line, in its own words
        assert [s for s in said if all(part in s for part in fragments)], done.err
