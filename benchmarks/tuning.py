"""Nine ways to fine-tune MiniLM, at five numbers of labels, several seeds.

First the learning rate of each way is chosen on the validation part, with one seed.
Then each runs with every number of labels and every seed: test accuracy, numbers
trained, bytes on disk. With ``--add`` the result that is there keeps its rates, and
only what it lacks is run; each run is stored as soon as it has ended. The page on
fine-tuning methods draws the stored result beside its own short run. What a step costs
in time and memory is measured by ``methods.py``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import contest
import numpy as np
import sweep
from machine import describe
from sweep import Order

from chapter2.evaluation.baselines import majority, tfidf_logistic

STORED = contest.RESULTS / "tuning.json"
# rates tried of each: what trains few numbers, or new ones, takes larger steps
GRID: dict[str, list[float]] = {
    "full": [3e-5, 1e-4, 3e-4],
    "head": [1e-3, 3e-3, 1e-2],
    "gradual": [3e-5, 1e-4, 3e-4],
    "bitfit": [3e-4, 1e-3, 3e-3],
    "adapters": [3e-4, 1e-3, 3e-3],
    "prefix": [1e-3, 3e-3, 1e-2],
    "prompt": [1e-3, 3e-3, 1e-2],
    "lora": [3e-4, 1e-3, 3e-3],
    "adalora": [1e-3, 3e-3, 1e-2],
}
# of an added run; its time is not kept, since other work may run beside it
KEPT = (
    *("method", "labels", "seed", "validation_accuracy", "test_accuracy"),
    *("trainable", "bytes_on_disk", "settings", "steps", "precision"),
)


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--methods", nargs="+", choices=GRID, default=list(GRID))
    add("--labels", nargs="+", type=int, default=[32, 128, 512, 2048, 8454])
    add("--choose-with", type=int, default=2048, help="labels the rate is chosen with")
    add("--seeds", type=int, default=3, help="0 to SEEDS - 1")
    add("--records", type=int, help="of the data set; default: all")
    add("--encoder", default="minilm")
    add("--jobs", type=int, default=1, help="processes; on a GPU several share it")
    add("--json", type=Path, default=STORED, help="where to store")
    add("--add", action="store_true", help="run and add what the stored result lacks")
    return parser.parse_args()


def ordered(options: Any, method: str, rate: float, labels: int, seed: int) -> Order:
    """Return the fine-tuning of one method, all of it."""
    settings = sweep.settings_for(labels, rate)
    known = {"method": method, "settings": settings, "encoder": options.encoder}
    return Order(method, labels, seed, **known)


def orders(options: Any, rates: dict[str, float]) -> list[Order]:
    """Return all that is asked for, at the chosen rates; a cut run lacks seeds."""
    every = product(range(options.seeds), options.labels, options.methods)
    return [
        ordered(options, name, rates[name], labels, seed)
        for seed, labels, name in every
    ]


def baselines(options: Any, sizes: Iterable[int]) -> list[dict[str, Any]]:
    """Return what must be beaten, fitted to the same records."""
    split = sweep.parts(options.records)
    found = []
    for labels, seed in product(sizes, range(options.seeds)):
        some = split.train.take(labels, seed=seed)
        for fitted in (majority(some), tfidf_logistic(some)):
            right = fitted.predict(split.test.texts) == np.array(split.test.labels)
            score = {"test_accuracy": float(right.mean())}
            found.append({"name": fitted.name, "labels": labels, "seed": seed, **score})
    return found


def measure(options: Any) -> None:
    """Choose the rates, run everything, store the whole."""
    asked = [
        ordered(options, method, rate, options.choose_with, 0)
        for method in options.methods
        for rate in GRID[method]
    ]
    choosing = sweep.run_all(asked, options.jobs, options.records)
    rates = {name: sweep.best_rate(choosing, name) for name in options.methods}
    print(rates)
    runs = sweep.run_all(orders(options, rates), options.jobs, options.records)
    chosen = {k: v for k, v in contest.chosen(options).items() if k != "add"}
    found = {"options": chosen, "rates": rates, "choosing": choosing}
    found["test_records"] = len(sweep.parts(options.records).test)
    found["baselines"] = baselines(options, options.labels)
    contest.store(options.json, {**found, "runs": runs})


def add_missing(options: Any) -> None:
    """Run what the stored result lacks, at its rates; store after each run.

    What is added is listed under ``added``, with its own date and machine.

    Raises:
        SystemExit: the stored result is of another encoder or of other records.
    """
    stored = json.loads(options.json.read_text())
    for name in ("encoder", "records"):
        if stored["options"][name] != getattr(options, name):
            raise SystemExit(
                f"The stored result has {name} {stored['options'][name]}, not "
                f"{getattr(options, name)}; give the same, or store elsewhere."
            )
    stored["test_records"] = len(sweep.parts(options.records).test)
    sizes = {run["labels"] for run in stored["runs"]} | set(options.labels)
    stored["baselines"] = baselines(options, sorted(sizes))
    there = {(run["method"], run["labels"], run["seed"]) for run in stored["runs"]}
    asked = [
        (o, (o.method, o.labels, o.seed)) for o in orders(options, stored["rates"])
    ]
    missing = [(order, what) for order, what in asked if what not in there]
    part = {"date": date.today().isoformat(), "machine": describe()}
    added = stored.setdefault("added", [])
    if missing and not (added and added[-1] == {**added[-1], **part}):
        added.append({**part, "runs": []})  # not of this day and machine
    contest.store(options.json, stored)
    for order, what in missing:
        (run,) = sweep.run_all([order], 1, options.records)
        stored["runs"].append({name: run[name] for name in KEPT})
        added[-1]["runs"].append(what)
        contest.store(options.json, stored)


def main() -> None:
    """Measure anew, or add to what is stored."""
    options = arguments()
    if options.add:
        add_missing(options)
    else:
        measure(options)


if __name__ == "__main__":
    main()
