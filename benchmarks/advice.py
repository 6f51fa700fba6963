"""The advice of section 9, measured on MiniLM and film snippets, several seeds.

- ``rates``: learning rates from 1e-6 to 3e-3, the higher ones without warmup too;
- ``optimizers``: SGD and Adafactor, each over its own rates (AdamW is in ``rates``);
- ``remedies``: against overfitting on few labels, each alone and several together;
- ``adversarial``: FGM, PGD and FreeLB, on clean and on misspelt test texts.

Seed after seed, so that a run that was cut has some of every part; the journal beside
the result lets it go on. The page of questions draws the stored result.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import contest
import sweep
from journal import key_of, run_noted
from sweep import Order

STORED = contest.RESULTS / "advice.json"
VALIDATION = 256  # records of the validation part: what a choice rests on
BATCH = 16  # records; few labels need many steps
RATE = 1e-4  # of AdamW where the rate is not the question; the page checks it
RATES = (1e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
COLD = (1e-4, 3e-4, 1e-3, 3e-3)  # rates that are tried without a warmup too
OPTIMIZERS = {"sgd": (0.02, 0.1, 0.5), "adafactor": (1e-3, 3e-3, 1e-2)}
# changes to an order, by section 9's names. Copies fill the steps of whole passes, so
# that all arms but the shorter one take as many; the last joins what costs no model
REMEDIES: dict[str, dict[str, Any]] = {
    "none": {},
    "early stopping": {"settings": {"monitor": "loss"}},
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
        "settings": {"monitor": "loss", "weight_decay": 0.1},
    },
}
ADVERSARIAL = ("plain", "FGM", "PGD", "FreeLB")


def order(name: str, labels: int, seed: int, rate: float, **changes: Any) -> Order:
    """Return one fine-tuning; ``changes`` are those of an order and its settings."""
    settings = changes.pop("settings")
    common = {"learning_rate": rate, "batch_size": BATCH, "monitor": "step"}
    known = {"validation": VALIDATION, "settings": {**common, **settings}}
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


# of each: its orders, labels, passes over them, seeds
Part = tuple[Callable[[int, int, int], list[Order]], int, int, int]
PARTS: dict[str, Part] = {
    "rates": (rates, 512, 2, 3),
    "optimizers": (optimizers, 512, 2, 3),
    "remedies": (remedies, 256, 6, 5),
    "adversarial": (adversarial, 512, 2, 3),
}


def planned(options: argparse.Namespace) -> dict[str, list[Order]]:
    """Return the orders of each part that is asked for."""
    found = {}
    for name in options.parts:
        make, labels, passes, seeds = PARTS[name]
        found[name] = [
            replace(one, encoder=options.encoder)
            for seed in range(options.seeds or seeds)
            for one in make(options.labels or labels, passes, seed)
        ]
    return found


def interleaved(plan: dict[str, list[Order]]) -> list[Order]:
    """Return all orders, seed after seed, within a seed a little of every part."""
    found = []
    for seed in sorted({one.seed for part in plan.values() for one in part}):
        own = [[one for one in part if one.seed == seed] for part in plan.values()]
        placed = [(i / len(p), one) for p in own for i, one in enumerate(p)]
        found += [one for _, one in sorted(placed, key=lambda pair: pair[0])]
    return found


def main() -> None:
    """Run what the journal lacks, store the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    add("--labels", type=int, help="default: 256 for remedies, 512 for the others")
    add("--seeds", type=int, help="default: 5 for remedies, 3 for the others")
    add("--records", type=int, help="of the data set; default: all")
    add("--encoder", default="minilm")
    add("--jobs", type=int, default=1, help="processes; on a GPU several share it")
    add("--minutes", type=float, default=math.inf, help="after which none is begun")
    add("--json", type=Path, default=STORED, help="where to store")
    options = parser.parse_args()
    plan = planned(options)
    journal = options.json.with_suffix(".jsonl")
    runs = run_noted(
        interleaved(plan), options.jobs, options.records, journal, options.minutes
    )
    store(options, plan, runs)


def store(
    options: argparse.Namespace, plan: dict[str, list[Order]], runs: list[Any]
) -> None:
    """Write what there is, part by part, and how many orders are missing of each."""
    ended = {key_of(run): run for run in runs}
    found: dict[str, Any] = {"missing": {}}
    for name, orders in plan.items():
        keys = [key_of(asdict(one)) for one in orders]
        found[name] = [ended[key] for key in keys if key in ended]
        found["missing"][name] = len(keys) - len(found[name])
    chosen = {k: v for k, v in contest.chosen(options).items() if k != "minutes"}
    tested = len(sweep.parts(options.records).test)
    common = {"options": chosen, "noise": sweep.NOISE, "test_records": tested}
    contest.store(options.json, {**common, **found})


if __name__ == "__main__":
    main()
