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
import sys
import tempfile
from pathlib import Path
from typing import Any

import contest

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
    """Run one contestant in a fresh process; return what it measured."""
    order = {"arm": arm, "seed": 0, "folder": str(folder)}
    chosen = ("family", "size", "steps", "batch", "dropout")
    order |= {name: getattr(options, name) for name in chosen}
    found = contest.run_process("pretrain_arms.py", order, folder)
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
    first = next(run for run in runs if run["arm"] == arm)
    executed = {"executed_share": first["executed_share"]}
    return {**contest.speeds(runs, arm), "what": ARMS[arm], **executed}


def table(rows: list[dict[str, Any]]) -> str:
    """Return the summary as a Markdown table."""
    lines = [[*contest.speed_cells(row), *contest.memory_cells(row)] for row in rows]
    return contest.markdown((*contest.SPEED, *contest.MEMORY), lines)


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
        found = {"options": contest.chosen(options), "summary": rows, "runs": runs}
        contest.store(options.json, found)


if __name__ == "__main__":
    main()
