"""How good is the advice of ``chapter2 choose``? Its regret over eight data sets.

For each data set and seed, a sample is split once. ``choose`` gets the development part
and a budget. An exhaustive run fits every eligible candidate to the same part, all
folds, and picks the best by its out-of-fold score. Both picks are scored on the test
part:

- regret: test score of the exhaustive pick less that of the recommended model, points;
- share: the time of ``choose`` over that of the exhaustive run.

Each half of each cell is a line of a journal, so a run that was cut goes on. Both use
the same processes, and trials that one has measured are not lent to the other.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import contest
import numpy as np
from journal import add_line, lines_of

from chapter2 import data
from chapter2.evaluation.metrics import score_by
from chapter2.selection.budget import Budget
from chapter2.selection.choose import Options, choose, race_of
from chapter2.selection.entrants import entrants
from chapter2.selection.plan import Plan
from chapter2.selection.prepare import Prepared, prepare
from chapter2.selection.recommend import contenders, leader
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
    Task("movie-snippets", 200),
    Task("chinese-reviews", 200),
    Task("editorial-snippets", 500),
    Task("tweets", 1000),
    Task("product-snippets", 1000),
    Task("clothing-reviews", 500, "recommended"),
    Task("chinese-reviews", 1000),
    Task("clothing-reviews", 1000, "rating"),
    Task("movie-snippets", 2000),
    Task("clothing-reviews", 2000, "department"),
)  # the short ones first: a run that is cut has some
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
        self, outcomes: Sequence[Outcome], running: Sequence[Trial]
    ) -> Iterable[Trial]:
        for rung in self.rungs:
            for runner in self.runners if rung.whole else ():
                yield Trial(runner.name, rung.fold, rung.records, 1.0, self.seed)


def prepared_for(task: Task, seed: int) -> tuple[data.TextDataset, Prepared]:
    """Return the sample of a task, and how it is split."""
    more = {} if task.label is None else {"label": task.label}
    sample = data.load(task.data, **more).take(task.records, seed=seed)
    return sample, prepare(sample, None, seed)


def options_for(seed: int, jobs: int) -> Options:
    """Return what both halves are told."""
    return Options(candidates=CANDIDATES, seed=seed, jobs=jobs)


def chosen(task: Task, seed: int, budget: float, jobs: int) -> dict[str, Any]:
    """Run ``choose``; return its pick, its test score and its time."""
    sample, _ = prepared_for(task, seed)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        choice = choose(
            sample,
            Requirements(budget_seconds=budget),
            out=folder,
            options=options_for(seed, jobs),
            say=lambda line: None,
        )
    return {
        "pick": choice.shipped.name,
        "refit": choice.shipped.refit,
        "test": choice.test["f1_macro"].value,
        "seconds": time.perf_counter() - began,
        "budget": budget,
    }


def exhaustive(task: Task, seed: int, jobs: int) -> dict[str, Any]:
    """Fit every candidate on every fold; return the best, its test score, the time."""
    sample, prepared = prepared_for(task, seed)
    options = options_for(seed, jobs)
    limits = Requirements(budget_seconds=1e6)
    names, _ = entrants(prepared, limits, options)
    began = time.perf_counter()
    budget = Budget(limits.budget_seconds)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        race = race_of(prepared, names, limits, options, place, budget, lambda _: None)
        race.plan = Everything(**vars(race.plan))
        with race:
            outcomes = race.run()
            found = contenders(outcomes, prepared.whole, dict.fromkeys(names, 0))
            best = leader(found, prepared.labels, METRIC)
            model = ship(race, best.name, 1.0, prepared.test, place / "model")
    predicted = model.probabilities.argmax(1)
    classes = len(sample.label_names)
    return {
        "pick": best.name,
        "test": score_by(METRIC, prepared.test.labels, predicted, classes),
        "seconds": time.perf_counter() - began,
        "scores": {e.name: score_of(e, prepared, classes) for e in found},
    }


def score_of(contender: Any, prepared: Prepared, classes: int) -> float:
    """Return the out-of-fold score of a contender."""
    true = prepared.labels[contender.rows]
    return score_by(METRIC, true, contender.predicted, classes)


def cells(journal: Path, jobs: int, seeds: int, share: float) -> list[dict[str, Any]]:
    """Run what the journal lacks; return all cells. The budget is a share of the time
    that the exhaustive run took, which therefore comes first."""
    done = {cell["key"]: cell for cell in lines_of(journal)}
    for seed in range(seeds):
        for task in TASKS:
            whole = run(done, journal, task, seed, "exhaustive", jobs=jobs)
            budget = share * whole["seconds"]
            run(done, journal, task, seed, "chosen", budget=budget, jobs=jobs)
    return list(done.values())


def run(
    done: dict[str, dict[str, Any]],
    journal: Path,
    task: Task,
    seed: int,
    half: str,
    **more: Any,
) -> dict[str, Any]:
    """Return one half of a cell, from the journal or run and noted there."""
    key = f"{task.name} {task.records} {seed} {half}"
    if key not in done:
        found = {"chosen": chosen, "exhaustive": exhaustive}[half](task, seed, **more)
        done[key] = {"key": key, **asdict(task), "seed": seed, "half": half, **found}
        add_line(journal, done[key])
    return done[key]


def regrets(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each data set and seed of which both halves are there."""
    by_key = {cell["key"]: cell for cell in found}
    rows = []
    for cell in found:
        other = by_key.get(cell["key"].replace(" exhaustive", " chosen"))
        if cell["half"] == "exhaustive" and other:
            rows.append(
                {
                    "task": f"{cell['data']} {cell['label'] or ''}".strip(),
                    "records": cell["records"],
                    "seed": cell["seed"],
                    "best": cell["pick"],
                    "recommended": other["pick"],
                    "regret": 100 * (cell["test"] - other["test"]),
                    "share": other["seconds"] / cell["seconds"],
                }
            )
    return rows


def main() -> None:
    """Run the cells, print the table, store the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--seeds", type=int, default=2)
    add("--jobs", type=int, default=2, help="trials at a time")
    add("--share", type=float, default=1 / 3, help="of the exhaustive run's time")
    add("--journal", type=Path, default=Path("choose.jsonl"))
    add("--json", type=Path, default=STORED, help="where to store")
    options = parser.parse_args()
    found = cells(options.journal, options.jobs, options.seeds, options.share)
    rows = regrets(found)
    for row in rows:
        print(
            f"{row['task']:<32}{row['records']:>6}{row['seed']:>3}  {row['best']:<16}"
            f"{row['recommended']:<16}{row['regret']:>6.1f}{row['share']:>6.2f}"
        )
    mean = statistics.mean(row["regret"] for row in rows)
    spread = np.std([row["regret"] for row in rows])
    share = statistics.mean(row["share"] for row in rows)
    print(f"mean regret {mean:.2f} points, standard deviation {spread:.2f}")
    print(f"mean share of the exhaustive run's time {share:.2f}")
    told = {"options": contest.chosen(options), "rows": rows, "cells": found}
    contest.store(options.json, told)


if __name__ == "__main__":
    main()
