"""Fine-tuning speed: our loop beside transformers.Trainer and the naive loop.

Run ``python benchmarks/finetune.py`` on an otherwise idle machine. Every contestant
trains the same model from the same weights on the same movie snippets, 32 records a
batch, in a process of its own, and in turn, ``--repeats`` times. Printed are:

- real tokens (padding not counted) per second of the training steps, the median over
  repeats and its range; loading, validation and testing are not timed;
- the ratio of our speed to each, as the median of the ratios within a repeat;
- test accuracy, mean over ``--seeds`` seeds;
- peak memory of the process;
- the share of this machine's fp32 (or bf16, where that is used) matrix-multiplication
  peak, measured in the run, that the model's nominal arithmetic attains.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import contest

ARMS = {
    "ours": "our loop",
    "trainer": "Trainer, default arguments",
    "trainer_best": "Trainer, grouped by length",
    "naive_128": "naive loop, padded to 128",
    "naive_512": "naive loop, padded to 512",
}


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--records", type=int, help="of the data set; default: all 10,568")
    add("--encoder", default="minilm", help="minilm, tiny-random, a folder, a Hub id")
    add("--repeats", type=int, default=3, help="timings of each contestant")
    add("--seeds", type=int, default=1, help="seeds of which accuracy is the mean")
    add("--steps", type=int, help="stop after so many steps: speed only")
    add("--naive-steps", type=int, default=20, help="the naive loops run no more")
    add("--arms", nargs="+", choices=ARMS, default=list(ARMS), help="contestants")
    add("--json", type=Path, help="also store all figures in this file")
    return parser.parse_args()


def run_arm(arm: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Run one contestant in a fresh process; return what it measured."""
    steps = options.naive_steps if arm.startswith("naive") else options.steps
    order = {"arm": arm, "seed": seed, "records": options.records, "steps": steps}
    order |= {"encoder": options.encoder}
    with tempfile.TemporaryDirectory() as scratch:
        found = contest.run_process("arms.py", order, Path(scratch))
    print(
        f"  {arm:13} seed {seed}: {found['tokens_per_second']:7,.0f} tokens/s, "
        f"{found['seconds']:.0f} s",
        file=sys.stderr,
    )
    return {"arm": arm, "seed": seed, **found}


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run all contestants in turn, so that a slow minute hits none of them alone."""
    runs = []
    for repeat in range(max(options.repeats, options.seeds)):
        seed = min(repeat, options.seeds - 1)
        print(f"repeat {repeat + 1}", file=sys.stderr)
        runs += [
            {"repeat": repeat, **run_arm(arm, seed, options)} for arm in options.arms
        ]
    return runs


def summarise(runs: list[dict[str, Any]], arm: str) -> dict[str, Any]:
    """Return one contestant's medians, ranges, ratios and accuracy."""
    mine = [run for run in runs if run["arm"] == arm]
    scores = {r["seed"]: r["accuracy"] for r in mine if r["accuracy"] is not None}
    return {
        **contest.speeds(runs, arm),
        "what": ARMS[arm],
        "accuracy": statistics.mean(scores.values()) if scores else None,
        "accuracies": scores,
        "padding": statistics.median(run["padding"] for run in mine),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return the summary as a Markdown table."""
    heads = (*contest.SPEED, "padding", "test accuracy", *contest.MEMORY)
    lines = []
    for row in rows:
        score = row["accuracy"]
        shown = [f"{row['padding']:.0%}", "-" if score is None else f"{score:.2%}"]
        lines.append([*contest.speed_cells(row), *shown, *contest.memory_cells(row)])
    return contest.markdown(heads, lines)


def main() -> None:
    """Measure, print the table, store the figures where asked."""
    options = arguments()
    runs = measure(options)
    rows = [summarise(runs, arm) for arm in options.arms]
    print(table(rows))
    print(
        "\nThe share of the peak counts the model's nominal arithmetic: 6 operations "
        "per weight of its layers and real token. Our loop leaves part of it out, as "
        "chapter2/models/fast_bert.py explains; it executes "
        f"{runs[0]['executed_share']:.0%} of it."
    )
    if options.json:
        found = {"options": contest.chosen(options), "summary": rows, "runs": runs}
        contest.store(options.json, found)


if __name__ == "__main__":
    main()
