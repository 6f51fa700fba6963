"""Memory and time that the estimator foresees, beside what a training step takes.

Run ``python benchmarks/resources.py`` (on a GPU with ``--device cuda``). Each case
trains a BERT of random weights, by default of MiniLM's shape, for ``--steps`` steps:

- on a CPU in a process of its own; measured is the peak of its resident memory above
  what it held before the model was made, and the process's own time;
- on a GPU in one process; measured is torch's count of the memory in use at the peak.

Printed are estimate, measurement and their ratio, and the ratio farthest from 1.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

import contest

HEADS = (
    *("size", "method", "batch", "length", "recomputed", "optimiser", "precision"),
    *("estimate, MiB", "peak, MiB", "ratio", "estimate, s", "step, s", "ratio"),
)


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--device", default="cpu", choices=("cpu", "cuda"))
    add("--sizes", nargs="+", default=["minilm"], help="minilm, small, tiny")
    add("--methods", nargs="+", default=["full", "head", "lora"])
    add("--batches", nargs="+", type=int, default=[8, 32])
    add("--lengths", nargs="+", type=int, default=[32, 128])
    add("--precisions", nargs="+", default=["fp32"], help="fp32, bf16")
    add("--checkpointing", nargs="+", type=int, default=[0, 1], help="0, 1")
    add("--optimizers", nargs="+", default=["adamw"], help="adamw, sgd, adafactor")
    add("--steps", type=int, default=3, help="training steps of each case")
    add("--json", type=Path, help="where to store; default: in chapter2/results")
    return parser.parse_args()


def cases(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return every combination of the options; methods change fastest."""
    names = ("checkpointing", "optimizer", "precision")
    outer = (options.checkpointing, options.optimizers, options.precisions)
    inner = (options.sizes, options.batches, options.lengths, options.methods)
    return [
        {
            **dict(zip(("size", "batch", "length", "method"), shape, strict=True)),
            "config": {
                **dict(zip(names, how, strict=True)),
                "checkpointing": bool(how[0]),
            },
        }
        for how in itertools.product(*outer)
        for shape in itertools.product(*inner)
    ]


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run all cases: each in a fresh process, or all in one on a GPU."""
    wanted = cases(options)
    groups = [[case] for case in wanted] if options.device == "cpu" else [wanted]
    order = {"arm": "resources", "device": options.device, "steps": options.steps}
    runs: list[dict[str, Any]] = []
    for group in groups:
        with tempfile.TemporaryDirectory() as scratch:
            found: Any = contest.run_process(
                "resources_arm.py", {**order, "cases": group}, Path(scratch)
            )
        runs += found
        print("  ".join(cells(runs[-1])), file=sys.stderr, flush=True)
    return runs


def cells(run: dict[str, Any]) -> list[str]:
    """Return the cells under ``HEADS``."""
    config, expected = run["config"], run["estimate"]
    return [
        *(str(run[name]) for name in ("size", "method", "batch", "length")),
        "yes" if config["checkpointing"] else "no",
        config["optimizer"],
        config["precision"],
        f"{expected['total'] / 2**20:,.0f}",
        f"{run['peak'] / 2**20:,.0f}",
        f"{run['memory_ratio']:.2f}",
        f"{expected['seconds_per_step']:.4f}",
        f"{run['seconds_per_step']:.4f}",
        f"{run['time_ratio']:.2f}",
    ]


def worst(runs: list[dict[str, Any]], ratio: str) -> float:
    """Return the ratio of estimate and measurement that is farthest from 1."""
    return max((run[ratio] for run in runs), key=lambda found: abs(found - 1))


def main() -> None:
    """Measure, print the table, store the figures."""
    options = arguments()
    runs = measure(options)
    print(contest.markdown(HEADS, map(cells, runs)))
    summary = {name: worst(runs, name) for name in ("memory_ratio", "time_ratio")}
    print(
        f"\nFarthest from 1: memory {summary['memory_ratio']:.3f}, "
        f"time {summary['time_ratio']:.2f}."
    )
    found = {"options": contest.chosen(options), "worst": summary, "runs": runs}
    path = options.json or contest.RESULTS / f"resources_{options.device}.json"
    contest.store(path, found)


if __name__ == "__main__":
    main()
