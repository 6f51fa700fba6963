"""The advice of section 9, measured on MiniLM and film snippets, several seeds.

- ``rates``: learning rates from 1e-6 to 3e-3, the higher ones without warmup too;
- ``optimizers``: SGD and Adafactor, each over its own rates (AdamW is in ``rates``);
- ``remedies``: against overfitting on few labels, each alone and several together;
- ``adversarial``: FGM, PGD and FreeLB, on clean and on misspelt test texts.

All with 256 labels: on a core an order takes half a minute to two minutes, all three
seeds about an hour. Seed after seed, so that a run that was cut has some of every part;
the journal beside the result lets it go on. The page of questions draws the result.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import contest
import sweep
from journal import key_of, run_noted
from sweep import Order

STORED = contest.RESULTS / "advice.json"
ASKED = {"validation": 128, "test": 512}  # records of each part: half of the time
BATCH = 8  # records; few labels need many steps
RATE = 1e-4  # of AdamW where the rate is not the question; the page checks it
RATES = (1e-6, 1e-5, 3e-5, 1e-4, 5e-4, 3e-3)
COLD = (5e-4, 3e-3)  # rates that are tried without a warmup too
OPTIMIZERS = {"sgd": (0.05, 0.5), "adafactor": (1e-3, 1e-2)}
# the weights of the best of many validations
STOPPED = {"monitor": "loss", "validate_every": 16}
# changes to an order, by section 9's names. Copies fill the steps of whole passes, so
# that all arms but the shorter one take as many; the last joins what costs no model
REMEDIES: dict[str, dict[str, Any]] = {
    "none": {},
    "early stopping": {"settings": STOPPED},
    "a third of the passes": {"passes": 1 / 3},
    "weight decay 0.1": {"settings": {"weight_decay": 0.1}},
    "dropout 0.3": {"dropout": 0.3},
    "label smoothing": {"objective": "label smoothing"},
    "R-Drop": {"objective": "R-Drop"},
    "augmented": {"augment": True, "passes": 1 / 3},
    "LoRA": {"method": "lora", "settings": {"learning_rate": 1e-3}},
    "together": {
        "objective": "R-Drop",
        "dropout": 0.2,
        "augment": True,
        "passes": 1 / 3,
        "settings": {**STOPPED, "weight_decay": 0.1},
    },
}
# a name's number is the radius; in the larger one the first of them learns nothing
ADVERSARIAL = ("plain", "FGM 0.1", "PGD 0.1", "FreeLB 0.1", "FGM 1")


def order(name: str, labels: int, seed: int, rate: float, **changes: Any) -> Order:
    """Return one fine-tuning; ``changes`` are those of an order and its settings."""
    settings = changes.pop("settings")
    common = {"learning_rate": rate, "batch_size": BATCH, "monitor": "step"}
    known = {**ASKED, "settings": {**common, **settings}}
    return Order(name, labels, seed, **known, **changes)


def rates(labels: int, passes: int, seed: int) -> list[Order]:
    """Return the sweep of learning rates, with and without warmup."""
    tried = [(rate, 0.1) for rate in RATES] + [(rate, 0.0) for rate in COLD]
    return [
        order(
            f"warmup {warmup:g}",
            labels,
            seed,
            rate,
            settings={"epochs": passes, "warmup": warmup},
        )
        for rate, warmup in tried
    ]


def optimizers(labels: int, passes: int, seed: int) -> list[Order]:
    """Return the other optimisers, each with its own rates."""
    return [
        order(name, labels, seed, rate, settings={"epochs": passes, "optimizer": name})
        for name, grid in OPTIMIZERS.items()
        for rate in grid
    ]


def remedies(labels: int, passes: int, seed: int) -> list[Order]:
    """Return what is said to help against overfitting, on few labels."""
    found = []
    for name, change in REMEDIES.items():
        rest = dict(change)
        epochs = round(passes * rest.pop("passes", 1))
        settings = {"epochs": epochs, **rest.pop("settings", {})}
        found.append(order(name, labels, seed, RATE, settings=settings, **rest))
    return found


def adversarial(labels: int, passes: int, seed: int) -> list[Order]:
    """Return training on perturbed embeddings beside the plain way."""
    return [
        order(
            name,
            labels,
            seed,
            RATE,
            objective=name,
            misspelt=True,
            settings={"epochs": passes},
        )
        for name in ADVERSARIAL
    ]


# of each: its orders, and how often they pass over the records
Part = tuple[Callable[[int, int, int], list[Order]], int]
PARTS: dict[str, Part] = {
    "remedies": (remedies, 3),
    "adversarial": (adversarial, 3),
    "rates": (rates, 1),
    "optimizers": (optimizers, 1),
}


def planned(options: argparse.Namespace) -> dict[str, list[Order]]:
    """Return the orders of each part that is asked for."""
    found = {}
    for name in options.parts:
        make, passes = PARTS[name]
        found[name] = [
            replace(one, encoder=options.encoder)
            for seed in range(options.seeds)
            for one in make(options.labels, passes, seed)
        ]
    return found


def seed_by_seed(plan: dict[str, list[Order]]) -> list[Order]:
    """Return all orders, seed after seed, and of each seed a little of every part."""
    placed = []
    for part in plan.values():
        for seed in sorted({one.seed for one in part}):
            own = [one for one in part if one.seed == seed]
            placed += [(seed, i / len(own), one) for i, one in enumerate(own)]
    return [one for *_, one in sorted(placed, key=lambda place: place[:2])]


def main() -> None:
    """Run what the journal lacks, store the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    add("--labels", type=int, default=256)
    add("--seeds", type=int, default=3, help="0 to SEEDS - 1")
    add("--records", type=int, help="of the data set; default: all")
    add("--encoder", default="minilm")
    add("--jobs", type=int, default=1, help="processes; on a GPU several share it")
    add("--minutes", type=float, default=math.inf, help="after which none is begun")
    add("--json", type=Path, default=STORED, help="where to store")
    options = parser.parse_args()
    plan = planned(options)
    journal = options.json.with_suffix(".jsonl")
    measure = partial(sweep.run, records=options.records)
    made_with = {"records": options.records}
    runs = run_noted(
        *(measure, seed_by_seed(plan), options.jobs, journal, made_with),
        options.minutes,
    )
    store(options, plan, runs)


def store(
    options: argparse.Namespace, plan: dict[str, list[Order]], runs: list[Any]
) -> None:
    """Write what there is, part by part, and how many orders are missing of each."""
    ended = {key_of(run, Order): run for run in runs}
    found: dict[str, Any] = {"missing": {}}
    for name, orders in plan.items():
        keys = [key_of(asdict(one), Order) for one in orders]
        found[name] = [ended[key] for key in keys if key in ended]
        found["missing"][name] = len(keys) - len(found[name])
    chosen = {k: v for k, v in contest.chosen(options).items() if k != "minutes"}
    tested = len(sweep.parts(options.records).test.take(ASKED["test"]))
    common = {"options": chosen, "noise": sweep.NOISE, "test_records": tested}
    contest.store(options.json, {**common, **found})


if __name__ == "__main__":
    main()
