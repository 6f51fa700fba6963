"""The regret benchmark: a tiny run, its journal, its rows, and how peers are asked."""

import argparse
import json
import sys
from pathlib import Path

import pytest

from chapter2.data import TextDataset

FOLDER = Path(__file__).parents[2] / "benchmarks"
PEER = """
import json, sys
order = json.load(open(sys.argv[1]))
told = {"predicted": [order["labels"][0]] * len(order["asked"]), "seconds": 2.5}
json.dump(told, open(order["out"], "w"))
"""


def test_a_tiny_run_compares_both_parts_and_goes_on_from_its_journal(stored, tmp_path):
    journal = tmp_path / "cells.jsonl"
    how = ("--seeds", 1, "--tasks", 1, "--candidates", "majority", "tfidf")
    how += ("--share", 1000, "--jobs", 1, "--journal", journal)
    printed, found = stored("choose.py", *how)
    (row,) = found["rows"]
    assert row["best"] in ("majority", "tfidf")
    assert row["task"] == "editorial-snippets"
    whole, mine = found["cells"]
    assert row["regret"] == pytest.approx(100 * (whole["test"] - mine["test"]))
    told = found["summary"]["regret"]
    assert {told[end] for end in ("value", "low", "high")} == {row["regret"]}
    assert (told["cells"], told["sets"]) == (1, 1)
    assert "regret: mean" in printed
    lines = journal.read_text()
    again = stored("choose.py", *how)[1]
    assert journal.read_text() == lines  # nothing was measured twice
    assert again["rows"] == found["rows"]


def test_a_stored_cell_is_not_measured_again_and_other_options_are_refused(
    stored, run, tmp_path
):
    how = ("--seeds", 1, "--tasks", 1, "--candidates", "majority", "--jobs", 1)
    how += ("--share", 1000, "--journal", tmp_path / "cells.jsonl")
    place = tmp_path / "kept.json"
    none = run("choose.py", *how, "--minutes", 0, "--json", place)
    assert none.returncode == 0, none.stderr
    assert json.loads(place.read_text())["cells"] == []
    assert run("choose.py", *how, "--json", place).returncode == 0
    kept = json.loads(place.read_text())["cells"]
    assert [cell["part"] for cell in kept] == ["exhaustive", "chosen"]
    (tmp_path / "cells.jsonl").unlink()
    assert run("choose.py", *how, "--json", place, "--minutes", 0).returncode == 0
    assert json.loads(place.read_text())["cells"] == kept
    other = run("choose.py", *how, "--json", place, "--most", 7)
    assert other.returncode != 0
    assert "measured with the options" in other.stderr
    assert json.loads(place.read_text())["cells"] == kept


def test_a_cell_that_was_cut_is_not_stored(script, tmp_path):
    notes_of = script("choose_notes")
    task = script("choose").Task("editorial-snippets", 240)
    places = {"journal": tmp_path / "j.jsonl", "json": tmp_path / "x"}
    options = argparse.Namespace(**places, most=9)
    notes = notes_of.Notes(options)
    notes(task, 0, "exhaustive", lambda task, seed: {"test": 0.5})
    parts = ("exhaustive", "chosen")
    assert notes.of(task, 0, parts) == []
    notes(task, 0, "chosen", lambda task, seed: {"test": 0.4})
    assert [cell["test"] for cell in notes.of(task, 0, parts)] == [0.5, 0.4]
    again = notes_of.Notes(options)  # from the journal
    assert again.of(task, 0, parts) == notes.of(task, 0, parts)
    with pytest.raises(SystemExit, match="made with"):
        notes_of.Notes(argparse.Namespace(**places, most=10))


def test_a_stored_cell_is_whole_or_measured_anew_and_none_is_lost(script, tmp_path):
    notes_of, task = script("choose_notes"), script("choose").Task("d", 9)
    parts = [cell(part, 0.8, 60) for part in ("exhaustive", "chosen")]
    other = [
        {**part, "seed": 1, "key": part["key"].replace("0", "1")} for part in parts
    ]
    place = tmp_path / "stored.json"
    place.write_text(json.dumps({"options": {}, "cells": [*parts, *other]}))
    options = argparse.Namespace(journal=tmp_path / "j.jsonl", json=place)
    notes = notes_of.Notes(options)
    assert notes.of(task, 0, ("exhaustive", "chosen")) == parts
    # a peer's time here says nothing of the others', which another machine took
    with_peer = ("exhaustive", "chosen", "setfit")
    assert notes.of(task, 0, with_peer) == []
    for part in with_peer:
        notes(task, 0, part, lambda task, seed: {"test": 0.7})
    new = notes.of(task, 0, with_peer)
    assert [part["test"] for part in new] == [0.7] * 3
    # what was not asked for stays
    assert notes.besides(new) == other
    assert notes.besides([]) == [*parts, *other]


def cell(part, test, seconds, **more):
    start = {"data": "d", "label": None, "records": 9, "seed": 0, "pick": part}
    told = {"part": part, "test": test, "seconds": seconds, "key": f"d 9 0 {part}"}
    return {**start, **told, **more}


def test_rows_hold_regret_share_and_the_lead_over_each_peer(script):
    found = [cell("exhaustive", 0.8, 60), cell("chosen", 0.79, 15)]
    found += [cell("setfit", 0.75, 15)]
    rows = script("choose_rows").rows_of(found)
    (row,) = rows
    assert (row["regret"], row["share"]) == (pytest.approx(1), 0.25)
    assert row["setfit"] == pytest.approx(4)
    assert "autogluon" not in row
    rows = [row, {**row, "regret": 3.0}, {**row, "task": "another", "regret": 5.0}]
    told = script("choose_rows").summary(rows)
    # of the data sets' means, 2 and 5: two seeds of one set are not two sets
    assert told["regret"]["value"] == pytest.approx(3.5)
    ends = told["regret"]["low"], told["regret"]["high"]
    assert ends == (pytest.approx(2), pytest.approx(5))
    assert (told["regret"]["cells"], told["regret"]["sets"]) == (3, 2)
    assert "autogluon" not in told
    # what is half done makes no row
    assert script("choose_rows").rows_of(found[:1]) == []


def test_a_peer_gets_texts_and_gives_predictions(script, monkeypatch, tmp_path):
    peers = script("choose_peers")
    (tmp_path / "peer_setfit.py").write_text(PEER)
    monkeypatch.setattr(peers, "HERE", tmp_path)
    train = TextDataset("d", ("a", "b"), (1, 0), ("x", "y"))
    told = peers.predicted("setfit", Path(sys.executable), train, ("c",), 9.0, 0)
    assert told == {"predicted": [1], "seconds": 2.5}
    (tmp_path / "peer_setfit.py").write_text("raise SystemExit(3)")
    with pytest.raises(SystemExit, match="setfit failed with exit code 3"):
        peers.predicted("setfit", Path(sys.executable), train, ("c",), 9.0, 0)


def test_setfit_is_not_asked_in_a_language_that_its_encoder_has_not_read(script):
    suits = script("choose_peers").suits
    assert [suits(n, "zh") for n in ("setfit", "autogluon")] == [False, True]
    assert suits("setfit", "en")


def test_a_peer_without_an_environment_is_refused_in_a_sentence(script):
    peer_of = script("choose").peer_of
    assert peer_of(f"setfit={sys.executable}")[0] == "setfit"
    for wrong in ("setfit", "other=" + sys.executable, "setfit=/nowhere/python"):
        with pytest.raises(argparse.ArgumentTypeError, match="NAME=PYTHON"):
            peer_of(wrong)


def test_both_parts_are_told_the_same_and_all_tasks_are_in_the_catalogue(script):
    from chapter2 import data

    choose = script("choose")
    assert len(choose.TASKS) >= 8
    assert {data.card(task.data).language for task in choose.TASKS} == {"en", "zh"}
    for task in choose.TASKS:
        assert 200 <= task.records <= 2000
        assert task.label is None or task.label in data.card(task.data).balances
    assert len({task.data for task in choose.TASKS}) >= 8


def test_no_text_and_no_source_is_both_given_and_asked(script):
    choose = script("choose")
    task = choose.Task("editorial-snippets", 240)
    prepared = choose.prepared_for(task, seed=0)
    given, asked = prepared.development, prepared.test
    assert (len(given), len(asked)) == (240, choose.ASKED)
    assert not set(given.groups) & set(asked.groups)
    assert not set(given.texts) & set(asked.texts)
