"""The benchmark of section 9: plan, journal and a tiny run; no figure is judged."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from chapter2.errors import InterruptedTraining, TrainingError

FOLDER = Path(__file__).parents[2] / "benchmarks"
TINY = ("--encoder", "tiny-random", "--records", 300, "--seeds", 1, "--labels", 32)


@pytest.fixture
def plan(script):
    """Return what a whole run orders, by part."""
    advice = script("advice")
    options = {"parts": list(advice.PARTS), "labels": 256, "seeds": 3}
    return advice.planned(argparse.Namespace(**options, encoder="minilm"))


def test_no_order_is_given_twice_and_none_is_lost_on_the_way(script, plan) -> None:
    key_of = partial(script("journal").key_of, kind=script("sweep").Order)
    every = [key_of(asdict(one)) for part in plan.values() for one in part]
    assert len(set(every)) == len(every)
    mixed = script("advice").seed_by_seed(plan)
    assert Counter(key_of(asdict(one)) for one in mixed) == Counter(every)
    seeds = [one.seed for one in mixed]
    assert seeds == sorted(seeds)


def test_every_part_has_its_first_seed_before_a_second_begins(script, plan) -> None:
    first = [one for one in script("advice").seed_by_seed(plan) if one.seed == 0]
    assert all(any(one in part for one in first) for part in plan.values())
    assert 3 * len(first) == sum(len(part) for part in plan.values())


def test_the_arms_against_overfitting_take_equal_numbers_of_steps(plan) -> None:
    copies = {True: 3, False: 1}
    seen = {
        one.name: one.labels * copies[one.augment] * one.settings["epochs"]
        for one in plan["remedies"]
    }
    shorter = seen.pop("a third of the passes")
    assert len(set(seen.values())) == 1
    assert 3 * shorter == seen["none"]


HOW = {"records": 40}


def test_a_run_that_was_cut_goes_on(script, plan, tmp_path) -> None:
    journal = script("journal")
    orders, path, began = plan["optimizers"][:5], tmp_path / "runs.jsonl", []

    def cut(order):
        began.append(order)
        if len(began) == 3:
            raise KeyboardInterrupt
        return {**asdict(order), "test_accuracy": 0.5}

    with pytest.raises(KeyboardInterrupt):
        journal.run_noted(cut, orders, 1, path, HOW)
    with path.open("a") as file:
        file.write('{"name": "sg')  # a line that was cut off in the middle
    found = journal.run_noted(cut, orders, 1, path, HOW)
    assert began == [*orders[:3], *orders[2:]]
    names = [(run["name"], run["settings"]) for run in found]
    assert names == [(one.name, one.settings) for one in orders]
    assert journal.run_noted(cut, orders, 1, path, HOW) == found
    assert len(began) == 6
    before = path.read_text()
    with pytest.raises(SystemExit, match=r"made with .*40.*, not with .*50"):
        journal.run_noted(cut, orders, 1, path, {"records": 50})
    assert path.read_text() == before


def test_after_its_minutes_no_order_is_begun(script, plan, tmp_path) -> None:
    def begin(order):
        pytest.fail(f"{order} was begun")

    run_noted, path = script("journal").run_noted, tmp_path / "none.jsonl"
    assert run_noted(begin, plan["rates"], 1, path, HOW, minutes=-1) == []


def failing(error):
    def fine_tune(*_, **__):
        raise error

    return fine_tune


def test_a_rate_that_diverges_is_a_result(script, monkeypatch) -> None:
    sweep = script("sweep")
    settings = {"learning_rate": 1e-3, "monitor": "step", "epochs": 1}
    order = sweep.Order("high", 16, 0, settings=settings, encoder="tiny-random")
    error = TrainingError("It diverges.")
    monkeypatch.setattr(sweep.training, "fine_tune", failing(error))
    found = sweep.run(order, 120)
    assert found["diverged"] == "It diverges."
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    monkeypatch.setattr(sweep.training, "fine_tune", failing(InterruptedTraining("x")))
    with pytest.raises(InterruptedTraining):
        sweep.run(order, 120)


def test_what_is_stored_says_which_test_records_are_right(stored) -> None:
    _, found = stored("advice.py", *TINY, "--parts", "adversarial")
    assert found["missing"] == {"adversarial": 0}
    runs = found["adversarial"]
    assert [run["name"] for run in runs] == [
        *("plain", "FGM 0.1", "PGD 0.1", "FreeLB 0.1", "FGM 1")
    ]
    assert {run["steps"] for run in runs} == {12}
    for run in runs:
        for part in ("test", "noisy"):  # clean, and misspelt
            packed = np.frombuffer(bytes.fromhex(run[f"{part}_right"]), np.uint8)
            right = np.unpackbits(packed)[: found["test_records"]]
            assert right.mean() == pytest.approx(run[f"{part}_accuracy"])
    assert len({run["validation_loss"] for run in runs}) == 5  # so many models
