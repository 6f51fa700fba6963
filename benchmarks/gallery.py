"""What page 3e has no time for, by number of records and seed, beside its baselines.

The encoder with a head for each word on CoNLL-2003, the character LSTM with its CRF on
the People's Daily, the encoder that reads question and paragraph together on BoolQ, the
encoder-decoder on the interface messages; on XSum the choice of a sentence, learned on
frozen vectors and by fine-tuning; a decoder's summaries and replies. Each baseline
learnt from the same records, if it learns. Numbers of passes are fixed before; no part
is chosen on the test part. Intervals are over the test records. A journal beside the
result lets a run that was cut go on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import contest
from gallery_arms import (
    EPOCHS,
    LEAST_STEPS,
    RATES,
    Order,
    answer,
    tag,
    translate,
)
from gallery_texts import choose, fine_tune, write_replies, write_summaries
from journal import run_noted

STORED = contest.RESULTS / "gallery.json"

Arm = Callable[[Order, argparse.Namespace], dict[str, Any]]
# what is trained, and on how many records; the longest first
ARMS: dict[str, tuple[Arm, tuple[int, ...]]] = {
    "english": (tag, (3_000, 1_000, 250)),
    "yes-no": (answer, (1_000,)),
    "fine-tuned": (fine_tune, (600,)),
    "written-summaries": (write_summaries, (50,)),
    "written-replies": (write_replies, (50,)),
    "chinese": (tag, (3_200, 800)),
    "translation": (translate, (8_804, 2_274, 600)),  # 8,804: of four programs
    "summaries": (choose, (600, 150, 50)),
}
# greedy writing by a decoder as it is: nothing is trained, nothing drawn
WRITTEN = ("written-summaries", "written-replies")
ALL_ARTICLES = ("summaries", 600)  # the same for each seed, and so is the regression

MADE_WITH = ("test", "encoder", "causal")  # options that a run depends on


def run(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Carry out an order; return it with what was measured."""
    told = {**asdict(order), **ARMS[order.arm][0](order, options)}
    print(told, flush=True)
    return told


def seeds_of(arm: str, size: int, seeds: int) -> int:
    """Return how many seeds are worth a run: 1 where a seed changes nothing."""
    return 1 if arm in WRITTEN or (arm, size) == ALL_ARTICLES else seeds


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    add(
        "--sizes",
        nargs="+",
        type=int,
        help="of all arms; default: of each its own; of what is written, how much",
    )
    add("--seeds", type=int, default=2, help="0 to SEEDS - 1, of what is trained")
    add("--test", type=int, default=1_000, help="test records at most")
    add("--encoder", default="minilm")
    add("--causal", default="smollm2", help="the decoder that writes")
    add("--jobs", type=int, default=1, help="processes")
    add("--json", type=Path, default=STORED, help="where to store")
    return parser.parse_args()


def main() -> None:
    """Train what the journal lacks, measure, store the whole."""
    options = arguments()
    orders = [
        Order(arm, size, seed)
        for arm in options.arms
        for size in options.sizes or ARMS[arm][1]
        for seed in range(seeds_of(arm, size, options.seeds))
    ]
    journal = options.json.with_suffix(".jsonl")
    told = {"epochs": EPOCHS, "least_steps": LEAST_STEPS, "rates": RATES}
    made_with = {**told, **{name: getattr(options, name) for name in MADE_WITH}}
    measure = partial(run, options=options)
    runs = run_noted(measure, orders, options.jobs, journal, made_with)
    found = {**told, "options": contest.chosen(options), "runs": runs}
    contest.store(options.json, found)


if __name__ == "__main__":
    main()
