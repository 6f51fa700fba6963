"""How good is the advice of ``chapter2 choose``? Its regret over eight data sets.

For each data set and seed, some records are drawn once, and 500 others of it for the
test. ``choose`` gets the records and a budget. An exhaustive run fits every eligible
candidate to the same records, all folds, and picks the best by its out-of-fold score.
Both picks are scored on the test records:

- regret: test score of the exhaustive pick less that of the recommended model, points;
- share: the time of ``choose`` over that of the exhaustive run.

Two peers get the same records and the budget of ``choose``: the library SetFit, and
AutoGluon's tabular predictor with its text features (``--peers``; README.md says how
their environments are made).

Each part of each cell is a line of a journal, so a run that was cut goes on, and whole
cells of a stored result are not measured again. All use the same processors, and trials
that one has measured are not lent to another.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import choose_peers
import contest
import numpy as np
from choose_notes import Notes, kept
from choose_rows import rows_of, summary

from chapter2 import data
from chapter2.evaluation.metrics import score_by
from chapter2.selection.budget import Budget
from chapter2.selection.choose import Options, choose, race_of
from chapter2.selection.contenders import contenders
from chapter2.selection.entrants import entrants
from chapter2.selection.plan import Plan
from chapter2.selection.prepare import Prepared, prepare
from chapter2.selection.recommend import Yardstick, leader
from chapter2.selection.requirements import Requirements
from chapter2.selection.ship import ship
from chapter2.selection.trial import Outcome, Trial

STORED = contest.RESULTS / "choose.json"
METRIC = "macro_f1"


@dataclass(frozen=True)
class Task:
    """A data set of the catalogue, a label of it, and how many records are used."""

    data: str
    records: int
    label: str | None = None

    @property
    def name(self) -> str:
        """How the tables call it."""
        return self.data if self.label is None else f"{self.data}:{self.label}"


TASKS = (
    Task("editorial-snippets", 240),
    Task("company-texts", 240),
    Task("product-snippets", 240),
    Task("chinese-reviews", 2000),
    Task("tweets", 240),
    Task("movie-snippets", 500),
    Task("clothing-reviews", 200, "recommended"),
    Task("reuters-r8", 240),
)  # the short ones first: a run that is cut has some
ASKED = 500  # test records: a share is known to 4 points
# the slow ones are left out of both halves: an exhaustive run of them takes hours. So
# are the ways of tuning that train less of the same encoder, which page 3c compares
CANDIDATES = (
    "majority",
    "lexicon",
    "tfidf",
    "char-ngrams",
    "recurrent",
    "bert-tiny-full",
    "minilm-frozen",
    "minilm-setfit",
    "minilm-full",
)


class Everything(Plan):
    """Every candidate on all records of every fold, whatever it costs."""

    def _wanted(
        self, outcomes: Sequence[Outcome], running: Sequence[Trial], left: float
    ) -> Iterable[Trial]:
        for rung in self.rungs:
            for runner in self.runners if rung.whole else ():
                yield Trial(runner.name, rung.fold, rung.records, 1.0, self.seed)


def prepared_for(task: Task, seed: int) -> Prepared:
    """Return the records of a task with their folds, and the test records.

    The two share no text and no source. Where the data set has a test part of its own,
    it is drawn from.
    """
    more = {} if task.label is None else {"label": task.label}
    parts = data.split(data.load(task.data, **more), (0.6, 0.0, 0.4), seed)
    records, asked = parts.train.take(task.records, seed), parts.test.take(ASKED, seed)
    return prepare(records, asked, seed)


def options_for(seed: int, given: argparse.Namespace) -> Options:
    """Return what both halves are told."""
    return Options(candidates=tuple(given.candidates), seed=seed, jobs=given.jobs)


def chosen(
    task: Task, seed: int, given: argparse.Namespace, budget: float
) -> dict[str, Any]:
    """Run ``choose``; return its pick, its test score and its time."""
    prepared = prepared_for(task, seed)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        choice = choose(
            prepared.development,
            Requirements(budget_seconds=budget),
            test=prepared.test,
            out=folder,
            options=options_for(seed, given),
            say=lambda line: None,
        )
    return {
        "pick": choice.shipped.name,
        "refit": choice.shipped.refit,
        "test": choice.test["f1_macro"].value,
        "seconds": time.perf_counter() - began,
        "budget": budget,
    }


def exhaustive(task: Task, seed: int, given: argparse.Namespace) -> dict[str, Any]:
    """Fit every candidate on every fold; return the best, its test score, the time.

    It is done in the quickest way: one trial for each core.
    """
    prepared = prepared_for(task, seed)
    options = options_for(seed, given)
    limits = Requirements(budget_seconds=1e6)
    names, _ = entrants(prepared, limits, options)
    began = time.perf_counter()
    budget = Budget(limits.budget_seconds)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        race = race_of(prepared, names, limits, options, place, budget, lambda _: None)
        race.plan = Everything(**vars(race.plan))
        race.threads = 1
        with race:
            outcomes = race.run()
            found = contenders(outcomes, prepared.whole, dict.fromkeys(names, 0))
            yard = Yardstick(prepared.labels, METRIC, len(prepared.test.label_names))
            best = leader(found, yard)
            model = ship(race, best.name, 1.0, prepared.test, place / "model")
    predicted = model.probabilities.argmax(1)
    classes = len(prepared.test.label_names)
    return {
        "pick": best.name,
        "test": score_by(METRIC, prepared.test.labels, predicted, classes),
        "seconds": time.perf_counter() - began,
        "scores": {e.name: score_of(e, prepared, classes) for e in found},
    }


def peer(
    task: Task, seed: int, name: str, python: Path, budget: float
) -> dict[str, Any]:
    """Run a peer for ``budget`` seconds; return its test score and its time."""
    prepared = prepared_for(task, seed)
    records, asked = prepared.development, prepared.test
    told = choose_peers.predicted(name, python, records, asked.texts, budget, seed)
    classes = len(asked.label_names)
    test = score_by(METRIC, asked.labels, np.array(told["predicted"]), classes)
    return {"pick": name, "test": test, "seconds": told["seconds"], "budget": budget}


def score_of(contender: Any, prepared: Prepared, classes: int) -> float:
    """Return the out-of-fold score of a contender."""
    true = prepared.labels[contender.rows]
    return score_by(METRIC, true, contender.predicted, classes)


def cells(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run what was not measured before, for so many minutes; return all whole cells.

    The budget is a share of the time that the exhaustive run took, which therefore
    comes first; ``most`` seconds are enough.
    """
    notes, found = Notes(options), []
    until = time.time() + 60 * options.minutes
    for seed in range(options.seeds):
        for task in TASKS[: options.tasks]:
            suited = [
                (name, python)
                for name, python in options.peers
                if choose_peers.suits(name, data.card(task.data).language)
            ]
            parts = ("exhaustive", "chosen", *(name for name, _ in suited))
            if not notes.of(task, seed, parts) and time.time() < until:
                measure_all(notes, task, seed, suited, options)
            found += notes.of(task, seed, parts)
    return [*found, *notes.besides(found)]


def measure_all(
    notes: Notes,
    task: Task,
    seed: int,
    suited: Sequence[tuple[str, Path]],
    options: argparse.Namespace,
) -> None:
    """Measure the parts of a cell that are missing."""
    whole = notes(task, seed, "exhaustive", exhaustive, given=options)
    budget = min(options.most, options.share * whole["seconds"])
    notes(task, seed, "chosen", chosen, given=options, budget=budget)
    for name, python in suited:
        more = {"name": name, "python": python, "budget": budget}
        notes(task, seed, name, peer, **more)


def peer_of(text: str) -> tuple[str, Path]:
    """Read NAME=PYTHON."""
    name, _, python = text.partition("=")
    if name not in choose_peers.NAMES or not Path(python).is_file():
        raise argparse.ArgumentTypeError(
            f"{text!r} is not NAME=PYTHON with NAME one of {choose_peers.NAMES} and "
            "the Python of its environment."
        )
    return name, Path(python).absolute()


def main() -> None:
    """Run the cells, print the table, store the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--seeds", type=int, default=2)
    add("--tasks", type=int, default=len(TASKS), help="the first so many")
    add("--candidates", nargs="+", default=list(CANDIDATES))
    add("--jobs", type=int, default=2, help="trials at a time")
    add("--share", type=float, default=1 / 3, help="of the exhaustive run's time")
    add("--most", type=float, default=300, help="seconds of a budget")
    add("--peers", nargs="*", type=peer_of, default=[], metavar="NAME=PYTHON")
    add("--minutes", type=float, default=math.inf, help="then no cell is begun")
    add("--journal", type=Path, default=Path("choose.jsonl"))
    add("--json", type=Path, default=STORED, help="where to store")
    options = parser.parse_args()
    found = cells(options)
    rows = rows_of(found)
    for row in rows:
        ahead = "".join(
            f"{name:>11} {row[name]:+.1f}" for name in choose_peers.NAMES if name in row
        )
        print(
            f"{row['task']:<32}{row['records']:>6}{row['seed']:>3}  {row['best']:<16}"
            f"{row['recommended']:<16}{row['regret']:>6.1f}{row['share']:>6.2f}{ahead}"
        )
    told = summary(rows)
    for name, all_of in told.items():
        print(
            "{}: mean {value:.2f}, 95 % interval over {sets} data sets {low:.2f} to "
            "{high:.2f}, {cells} cells".format(name, **all_of)
        )
    contest.store(
        options.json,
        {"options": kept(options), "summary": told, "rows": rows, "cells": found},
    )


if __name__ == "__main__":
    main()
