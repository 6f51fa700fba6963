"""Every bad input of the reader's table, through the doors that people use."""

import importlib
import importlib.util
import re
from pathlib import Path

import numpy as np
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
# too little to train on, and enough to test on
TESTABLE = {
    "one class only",
    "one record",
    "a class with one record",
    "a class with two records",
    "as many classes as records",
    "a sample without a class",
}
# nothing is wrong with their texts, so they are predicted and nothing is said
PREDICTED = """
header only; plain text; unknown ending; no ending; missing group column; missing key;
two columns of texts; no column of labels; text and label the same;
duplicated other column; a column that may be a source; semicolons; tabs;
commas in TSV; bars; CSV named JSONL; missing labels; missing key in a record;
NUL-only labels; null and NaN; missing groups; one class only; one record;
a class with one record; a class with two records; one group only;
as many classes as records;
measurements as labels; whole floats as labels; numbers and strings as labels;
true and strings as labels; labels in two cases; labels with blanks; lists as labels;
numbers as texts; limit of 0; a sample; a sample without a class
"""
# a line in gives a line out, so none is skipped; other sentences than the reader's
REFUSED = {
    "missing file": ("There is no file {file}",),
    "blank lines only": ("{file}", "holds nothing but blanks"),
    "blank JSON lines": ("{file}", "holds nothing but blanks"),
    "PDF by name": ("PDF document",),
    "Excel by name": ("ZIP or Excel file", "export the sheet"),
    "ZIP by name": ("ZIP or Excel file", "unpack it"),
    "packed Parquet": ("{file} is not a readable Parquet",),
    "gb18030": ("{file}, line 2, column 1", "not utf-8", "--encoding"),
    "cp1252": ("{file}, line 2, column 4", "not utf-8", "--encoding"),
    "encoding that cannot be told": ("{file}, line 2, column 7", "not utf-8"),
    "one byte that is not UTF-8": ("{file}, line 26, column 4", "not utf-8"),
    "wrong encoding stated": ("{file}, line 2, column 4", "not utf-8"),
    "missing column": ("{file}", "no column 'review' among text, label"),
    "column named in other case": ("{file}", "no column 'text' among Text , LABEL"),
    "columns found": ("{file}", "among review, sentiment", "--text"),
    "columns found by content": ("{file}", "among what, verdict", "--text"),
    "no header": ("{file}", "among this is text number 0, good"),
    "one record too short": ("{file}, line 26", "1 field(s) where the header"),
    "lines that end in carriage returns": ("{file}, line 26", "1 field(s) where"),
    "a header of 140,000 characters": ("{file}, line 26", "1 field(s) where"),
    "one record too long": ("{file}, line 26", "4 field(s) where the header"),
    "many records too long": ("{file}, line 26", "3 field(s) where the header"),
    "unclosed quotation mark": ("{file}, line 26", "opened and not closed"),
    "invalid JSON on one line": ("{file}, line 25, column 12", "not JSON"),
    "invalid JSON on many lines": ("{file}, line 25, column 10", "not JSON"),
    "JSON that is no object": ("{file}, line 25", "not a JSON object"),
    "JSON strings": ("{file}", "no column 'text'"),
    "JSON array": ("{file}", "no column 'text'"),
    "indented JSON": ("{file}, line 1", "one object on each line"),
    "deeply nested JSON": ("{file}, line 25", "nested too deeply"),
    "JSON numbers as texts": ("{file}, line 1: 'text' holds a int",),
    "nested JSON as texts": ("{file}, line 1: 'text' holds a dict",),
    "one list as text": ("{file}, line 25: 'text' holds a list",),
    "numbers as texts in Parquet": ("{file}, row 1: 'text' holds a int",),
}
# an empty text gets an empty label
EMPTY = {
    "empty texts": ("2 of 26 texts were empty",),
    "NUL-only texts": ("2 of 26 texts were empty",),
    "no text at all": ("2 of 2 texts were empty",),
    "nulls in Parquet": ("1 of 25 texts were empty",),
}


class Known:
    """A model that was loaded, and answers any text alike."""

    label_names = ("good", "bad")

    def __init__(self, folder):
        pass

    def predict_proba(self, texts):
        return np.full((len(texts), 2), 0.5)


@pytest.fixture(params=["finetune", "choose", "evaluate"])
def door(request, monkeypatch):
    """Do all of a command but what a bad file must not reach: its work on the texts."""
    from chapter2.cli import experiment, sources
    from chapter2.selection.prepare import prepare

    choose = importlib.import_module("chapter2.cli.choose")  # not the command
    evaluate = importlib.import_module("chapter2.cli.evaluate")
    reached = []

    def reach(*given):
        reached.append(given)

    monkeypatch.setattr(experiment, "run", reach)
    monkeypatch.setattr(
        choose,
        "_measure",
        lambda dataset, *rest: reached.append(prepare(dataset, None, 0)),
    )
    monkeypatch.setattr(sources, "load_model", Known)
    monkeypatch.setattr(evaluate, "align", lambda dataset, *rest: (dataset, []))
    monkeypatch.setattr(evaluate, "_measured", lambda *given: ("", {}))
    monkeypatch.setattr(evaluate.Console, "result", reach)
    return request.param, reached


def written(case, folder):
    path = folder / case.name
    if case.content is not None:
        path.write_bytes(case.content() if callable(case.content) else case.content)
    return path


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_bad_input(cli, case, tmp_path, door):
    command, reached = door
    path = written(case, tmp_path)
    given = dict(case.args)
    says, refused = case.says, case.records is None
    if command == "choose":
        says = OTHERWISE.get(case.id, says)
    if command == "evaluate" and (given.pop("group", None) or case.id in TESTABLE):
        says, refused = (), False  # sources matter where parts are made
    options = [part for name, value in given.items() for part in (f"--{name}", value)]
    out = tmp_path / "model"
    files = (out, path) if command == "evaluate" else (path, "--out", out)
    done = cli(command, *files, "--json", *options)
    assert done.out == ""
    assert "Traceback" not in done.err
    fragments = [part.replace("{file}", str(path)) for part in says]
    if not refused:
        assert done.code == 0, done.err
        assert len(reached) == 1
        said = done.err.splitlines()
    else:
        assert reached == []
        assert done.code == (2 if case.usage else 3)
        assert not out.exists()
        *before, last = done.err.splitlines()
        assert not before or command == "choose"  # it says first what it has read
        assert last.startswith("Error: ")
        said = [last]
    if case.args.get("limit") != 0:  # refused by the command line, in its own words
        found = [s for s in said if all(part in s for part in fragments)]
        assert found or not fragments, done.err


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_bad_input_of_predict(cli, case, tmp_path, monkeypatch):
    predict = importlib.import_module("chapter2.cli.predict")  # not the command
    monkeypatch.setattr(predict, "load_model", Known)
    path = written(case, tmp_path)
    options = [] if path.suffix == ".txt" else ["--text", case.args.get("text", "text")]
    if "encoding" in case.args:
        options += ["--encoding", case.args["encoding"]]
    done = cli("predict", "model", path, *options)
    assert not any(mark in done.out for mark in "\0\x07\ud83d")
    if case.id in re.split(r";\s", PREDICTED.strip()):
        assert (done.code, done.err) == (0, "")
        return
    refused = case.id in REFUSED or (case.records is None and case.id not in EMPTY)
    said = done.err.splitlines()
    says = {**REFUSED, **EMPTY}.get(case.id, case.says)
    fragments = [part.replace("{file}", str(path)) for part in says]
    assert [line for line in said if all(part in line for part in fragments)], done.err
    if refused:
        assert done.code == (2 if case.usage else 3)
        assert len(said) == 1
        assert said[0].startswith("Error: ")
    else:
        assert done.code == 0, done.err
        assert done.out.count("\n") >= (case.records or 0)
