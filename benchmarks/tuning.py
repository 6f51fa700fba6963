"""Nine ways to fine-tune MiniLM, at five numbers of labels, several seeds.

First the learning rate of each way is chosen on the validation part, with one seed.
Then each runs with every number of labels and every seed: test accuracy, numbers
trained, seconds, peak memory (on a GPU), bytes on disk. The page on fine-tuning methods
draws the stored result beside its own short run.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

import contest
import sweep
from sweep import Order

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
    return parser.parse_args()


def main() -> None:
    """Choose the rates, run everything, store the whole."""
    options = arguments()

    def order(method: str, rate: float, labels: int, seed: int) -> Order:
        settings = sweep.settings_for(labels, rate)
        known = {"method": method, "settings": settings, "encoder": options.encoder}
        return Order(method, labels, seed, **known)

    asked = [
        order(method, rate, options.choose_with, 0)
        for method in options.methods
        for rate in GRID[method]
    ]
    choosing = sweep.run_all(asked, options.jobs, options.records)
    rates = {name: sweep.best_rate(choosing, name) for name in options.methods}
    print(rates)
    every = product(options.methods, options.labels, range(options.seeds))
    orders = [order(name, rates[name], labels, seed) for name, labels, seed in every]
    runs = sweep.run_all(orders, options.jobs, options.records)
    found = {"options": contest.chosen(options), "rates": rates}
    contest.store(options.json, {**found, "choosing": choosing, "runs": runs})


if __name__ == "__main__":
    main()
