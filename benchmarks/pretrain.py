"""Pretraining speed: this library beside transformers.Trainer and a plain loop.

Run ``python benchmarks/pretrain.py`` on an otherwise idle machine. Every contestant
trains the same architecture from random weights on the same packed blocks of the
encyclopaedia passages, with the same batch, in a process of its own, and in turn,
``--repeats`` times. The library's time is that of its own model; the others train
transformers' model of the same sizes. Printed are:

- tokens per second of the training steps, masking included, the median over repeats
  and its range; reading and tokenising are not timed;
- the ratio of our speed to each, as the median of the ratios within a repeat;
- peak memory of the process;
- the share of this machine's matrix-multiplication peak, measured in the run, that
  the arithmetic which the objective needs attains.
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
    "ours": "this library",
    "trainer": "Trainer, default arguments",
    "trainer_best": "Trainer, fused AdamW",
    "loop": "plain loop, as in nanoGPT",
}


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--family", default="bert", choices=("bert", "gpt"))
    add("--size", default="small", help="tiny, mini, small or base")
    add("--vocabulary", type=int, default=8192, help="pieces of the tokenizer")
    add("--documents", type=int, help="of the corpus; default: all")
    add("--length", type=int, default=128, help="tokens in a block")
    add("--batch", type=int, default=32, help="blocks in a batch")
    add("--steps", type=int, default=10, help="of each timing")
    add("--dropout", type=float, default=0.0, help="of all contestants")
    add("--repeats", type=int, default=3, help="timings of each contestant")
    add("--arms", nargs="+", choices=ARMS, default=list(ARMS), help="contestants")
    add("--json", type=Path, help="also store all figures in this file")
    return parser.parse_args()


def prepare(options: argparse.Namespace, folder: Path) -> None:
    """Write blocks and tokenizer to ``folder``, once for all contestants."""
    import numpy as np

    from chapter2 import data
    from chapter2.data.tokenization import train_wordpiece
    from chapter2.training.scoring import blocks_of

    texts = data.load("encyclopaedia").take(options.documents).texts()
    tokenizer = train_wordpiece(texts, options.vocabulary)
    np.save(folder / "blocks.npy", blocks_of(texts, tokenizer, options.length))
    tokenizer.save_pretrained(folder)


def run_arm(arm: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run one contestant in a fresh process; return what it measured.

    Raises:
        SystemExit: it failed; its own message has been printed.
    """
    report = folder / "report.json"
    order = {"arm": arm, "seed": 0, "folder": str(folder), "report": str(report)}
    chosen = ("family", "size", "steps", "batch", "dropout")
    order |= {name: getattr(options, name) for name in chosen}
    command = [sys.executable, str(HERE / "pretrain_arms.py"), json.dumps(order)]
    done = subprocess.run(command, cwd=folder)
    if done.returncode:
        raise SystemExit(f"{arm} failed with exit code {done.returncode}.")
    found = json.loads(report.read_text())
    speed = f"{found['tokens_per_second']:7,.0f} tokens/s"
    print(f"  {arm:13} {speed}, {found['seconds']:.1f} s", file=sys.stderr)
    return {"arm": arm, **found}


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run all contestants in turn, so that a slow minute hits none of them alone."""
    runs = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepare(options, folder)
        for repeat in range(options.repeats):
            print(f"repeat {repeat + 1}", file=sys.stderr)
            runs += [
                {"repeat": repeat, **run_arm(arm, options, folder)}
                for arm in options.arms
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
    return {
        "arm": arm,
        "what": ARMS[arm],
        "precision": mine[0]["precision"],
        "steps": mine[0]["steps"],
        "tokens_per_second": statistics.median(speeds),
        "slowest": min(speeds),
        "fastest": max(speeds),
        "ours_is_faster_by": statistics.median(ratios) if ratios else None,
        "peak_memory_gib": max(run["peak_memory_gib"] for run in mine),
        "share_of_peak": statistics.median(run["share_of_peak"] for run in mine),
        "peak_gflops": max(run["peak_gflops"] for run in mine),
        "executed_share": mine[0]["executed_share"],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return the summary as a Markdown table."""
    lines = [
        "| contestant | steps | tokens/s | range | ours is faster by | peak memory "
        "| share of matmul peak |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        ratio = row["ours_is_faster_by"]
        cells = [
            f"{row['what']} ({row['precision']})",
            f"{row['steps']}",
            f"{row['tokens_per_second']:,.0f}",
            f"{row['slowest']:,.0f}-{row['fastest']:,.0f}",
            "-" if ratio is None else f"{ratio:.2f} x",
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
        "\nThe share of the peak counts what the objective needs: 6 operations per "
        "weight of the layers and token, 12 L D a layer for attention, and the head at "
        "the positions that are asked. Others compute more than that (the head "
        "everywhere). Our BERT computes less, the last layer at the asked positions "
        f"alone: {rows[0]['executed_share']:.0%} of it."
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
