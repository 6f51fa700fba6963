"""The advice of section 9, measured on MiniLM and film snippets, several seeds.

- ``rates``: learning rates from 1e-6 to 3e-3, with and without warmup;
- ``optimizers``: AdamW, SGD and Adafactor, each over its own rates;
- ``remedies``: against overfitting on 256 labels, each alone and several together;
- ``adversarial``: FGM, PGD and FreeLB, on clean and on misspelt test texts.

The page of questions draws the stored result beside its own shorter run.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import contest
import sweep
from sweep import Order, settings_for

STORED = contest.RESULTS / "advice.json"
RATE = 1e-4
RATES = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
OPTIMIZERS = {
    "adamw": (3e-5, 1e-4, 3e-4),
    "sgd": (1e-3, 1e-2, 1e-1),
    "adafactor": (1e-4, 1e-3, 1e-2),
}
# changes to an order, by section 9's names; the last takes those that cost no model
REMEDIES: dict[str, dict[str, Any]] = {
    "none": {},
    "weight decay 0.1": {"settings": {"weight_decay": 0.1}},
    "dropout 0.3": {"dropout": 0.3},
    "label smoothing": {"objective": "label smoothing"},
    "R-Drop": {"objective": "R-Drop"},
    "best by validation": {"settings": {"monitor": "loss"}},
    "3 passes": {"settings": {"epochs": 3}},
    "augmented": {"augment": True},
    "LoRA": {"method": "lora", "settings": {"learning_rate": 1e-3}},
    "together": {
        "objective": "R-Drop",
        "dropout": 0.2,
        "augment": True,
        "settings": {"monitor": "loss", "weight_decay": 0.1},
    },
}
ADVERSARIAL = ("plain", "FGM", "PGD", "FreeLB")


def rates(labels: int, seeds: int) -> list[Order]:
    """Return the sweep of learning rates, with and without warmup."""
    return [
        Order(
            f"warmup {warmup:g}",
            labels,
            seed,
            settings=settings_for(labels, rate, warmup=warmup),
        )
        for rate, warmup, seed in product(RATES, (0.0, 0.1), range(seeds))
    ]


def optimizers(labels: int, seeds: int) -> list[Order]:
    """Return the optimisers, each with its own rates."""
    return [
        Order(name, labels, seed, settings=settings_for(labels, rate, optimizer=name))
        for name, grid in OPTIMIZERS.items()
        for rate, seed in product(grid, range(seeds))
    ]


def remedies(labels: int, seeds: int) -> list[Order]:
    """Return what is said to help against overfitting, on few labels."""
    found = []
    for (name, change), seed in product(REMEDIES.items(), range(seeds)):
        changed = dict(change)
        settings = settings_for(labels, RATE) | changed.pop("settings", {})
        found.append(Order(name, labels, seed, settings=settings, **changed))
    return found


def adversarial(labels: int, seeds: int) -> list[Order]:
    """Return training on perturbed embeddings beside the plain way."""
    settings = settings_for(labels, RATE)
    return [
        Order(name, labels, seed, objective=name, settings=settings)
        for name, seed in product(ADVERSARIAL, range(seeds))
    ]


PARTS = {
    "rates": (rates, 2048, 3),
    "optimizers": (optimizers, 2048, 3),
    "remedies": (remedies, 256, 5),
    "adversarial": (adversarial, 2048, 3),
}


def main() -> None:
    """Run the parts, store the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    add("--labels", type=int, help="default: 256 for remedies, 2,048 for the others")
    add("--seeds", type=int, help="default: 5 for remedies, 3 for the others")
    add("--records", type=int, help="of the data set; default: all")
    add("--encoder", default="minilm")
    add("--jobs", type=int, default=1, help="processes; on a GPU several share it")
    add("--json", type=Path, default=STORED, help="where to store")
    options = parser.parse_args()
    found: dict[str, Any] = {"options": contest.chosen(options), "noise": sweep.NOISE}
    for name in options.parts:
        make, labels, seeds = PARTS[name]
        orders = make(options.labels or labels, options.seeds or seeds)
        orders = [replace(order, encoder=options.encoder) for order in orders]
        found[name] = sweep.run_all(orders, options.jobs, options.records)
    contest.store(options.json, found)


if __name__ == "__main__":
    main()
