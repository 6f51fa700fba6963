"""Every bad input of the reader's table, through the doors that people use."""

import importlib
import importlib.util
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[1] / "data" / "bad_inputs.py"
spec = importlib.util.spec_from_file_location("bad_inputs", TABLE)
bad_inputs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bad_inputs)
CASES = bad_inputs.BAD_INPUTS
# choosing tells the kind of task first, and its parts are others
OTHERWISE = {
    "missing column": ("{file} has no column 'review'", "text, label"),
    "missing key": ("{file} has no column 'stars'", "text, label"),
    "measurements as labels": ("{file} holds regression", "'label'", "0.25"),
    "lists as labels": ("{file} holds multi-label", "'label' holds a list of labels"),
    "a class with two records": ("the label 'neutral' are one", "add records of it"),
}


@pytest.fixture(params=["finetune", "choose"])
def door(request, monkeypatch):
    """Do all of a command but the training, which a bad file must not reach."""
    from chapter2.cli import experiment
    from chapter2.selection.prepare import prepare

    choose = importlib.import_module("chapter2.cli.choose")  # not the command
    reached = []
    monkeypatch.setattr(experiment, "run", lambda *given: reached.append(given))
    monkeypatch.setattr(
        choose,
        "_measure",
        lambda dataset, *rest: reached.append(prepare(dataset, None, 0)),
    )
    return request.param, reached


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_bad_input(cli, case, tmp_path, door):
    command, reached = door
    path = tmp_path / case.name
    if case.content is not None:
        path.write_bytes(case.content() if callable(case.content) else case.content)
    options = [
        part for name, value in case.args.items() for part in (f"--{name}", value)
    ]
    done = cli(command, path, "--out", tmp_path / "model", "--json", *options)
    assert done.out == ""
    assert "Traceback" not in done.err
    says = OTHERWISE.get(case.id, case.says) if command == "choose" else case.says
    fragments = [part.replace("{file}", str(path)) for part in says]
    if case.records is not None:
        assert done.code == 0, done.err
        assert len(reached) == 1
        said = done.err.splitlines()
    else:
        assert reached == []
        assert done.code == (2 if case.usage else 3)
        assert not (tmp_path / "model").exists()
        *before, last = done.err.splitlines()
        assert not before or command == "choose"  # it says first what it has read
        assert last.startswith("Error: ")
        said = [last]
    if case.args.get("limit") != 0:  # refused by the command line, in its own words
        assert [s for s in said if all(part in s for part in fragments)], done.err
