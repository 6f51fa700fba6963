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
import json
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
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
    """Run one contestant in a fresh process; return what it measured.

    Raises:
        SystemExit: it failed; its own message has been printed.
    """
    steps = options.naive_steps if arm.startswith("naive") else options.steps
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        order = {"arm": arm, "seed": seed, "records": options.records, "steps": steps}
        order |= {"encoder": options.encoder, "report": str(report)}
        command = [sys.executable, str(HERE / "arms.py"), json.dumps(order)]
        done = subprocess.run(command, cwd=scratch)
        if done.returncode:
            raise SystemExit(f"{arm} failed with exit code {done.returncode}.")
        found = json.loads(report.read_text())
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
    """Return one contestant's medians, ranges and ratios."""
    mine = [run for run in runs if run["arm"] == arm]
    ours = {run["repeat"]: run for run in runs if run["arm"] == "ours"}
    speeds = [run["tokens_per_second"] for run in mine]
    ratios = [
        ours[run["repeat"]]["tokens_per_second"] / run["tokens_per_second"]
        for run in mine
        if run["repeat"] in ours
    ]
    scores = {r["seed"]: r["accuracy"] for r in mine if r["accuracy"] is not None}
    return {
        "arm": arm,
        "what": ARMS[arm],
        "precision": mine[0]["precision"],
        "steps": mine[0]["steps"],
        "tokens_per_second": statistics.median(speeds),
        "slowest": min(speeds),
        "fastest": max(speeds),
        "ours_is_faster_by": statistics.median(ratios) if ratios else None,
        "accuracy": statistics.mean(scores.values()) if scores else None,
        "accuracies": scores,
        "padding": statistics.median(run["padding"] for run in mine),
        "peak_memory_gib": max(run["peak_memory_gib"] for run in mine),
        "share_of_peak": statistics.median(run["share_of_peak"] for run in mine),
        "peak_gflops": max(run["peak_gflops"] for run in mine),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return the summary as a Markdown table."""
    lines = [
        "| contestant | steps | tokens/s | range | ours is faster by | padding "
        "| test accuracy | peak memory | share of matmul peak |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        ratio, score = row["ours_is_faster_by"], row["accuracy"]
        cells = [
            f"{row['what']} ({row['precision']})",
            f"{row['steps']}",
            f"{row['tokens_per_second']:,.0f}",
            f"{row['slowest']:,.0f}-{row['fastest']:,.0f}",
            "-" if ratio is None else f"{ratio:.2f} x",
            f"{row['padding']:.0%}",
            "-" if score is None else f"{score:.2%}",
            f"{row['peak_memory_gib']:.2f} GiB",
            f"{row['share_of_peak']:.0%} of {row['peak_gflops']:.0f} GFLOP/s",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


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
        from machine import describe

        stored = {
            "date": date.today().isoformat(),
            "machine": describe(),
            "options": {k: v for k, v in vars(options).items() if k != "json"},
            "summary": rows,
            "runs": runs,
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
