"""Language models of five families on the same text, with more tokens and seeds.

The page on pretraining shows one short live run; this script runs several budgets and
seeds, and stores the result for the page to plot beside it. A seed decides the weights,
the order of the blocks and the masks; split, tokenizer and blocks stay the same.
Measured on passages of unseen articles: perplexity of the causal models; of bert masked
accuracy, with masks that are the same for all. The two are not comparable.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import contest
import numpy as np

from chapter2 import data
from chapter2.data.tokenization import train_wordpiece
from chapter2.evaluation import unigram
from chapter2.models.language_model import FAMILIES, new_language_model
from chapter2.training.pretrain import pretrain, recipe
from chapter2.training.scoring import baseline_score, blocks_of, score

STORED = contest.RESULTS / "families.json"
Blocks = dict[str, np.ndarray]


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    add("--tokens", nargs="+", type=int, default=[250_000, 1_000_000, 4_000_000])
    add("--seeds", type=int, default=3, help="0 to SEEDS - 1")
    add("--vocabulary", type=int, default=4096, help="pieces of the tokenizer")
    add("--length", type=int, default=32, help="tokens in a block")
    add("--batch", type=int, default=32, help="blocks in a batch")
    add("--size", default="tiny", help="tiny, mini, small or base")
    add("--documents", type=int, help="of the corpus; default: all")
    add("--jobs", type=int, default=1, help="processes; on a GPU several share it")
    add("--json", type=Path, default=STORED, help="where to store")
    return parser.parse_args()


@cache
def prepare(documents: int | None, vocabulary: int, length: int) -> tuple[Any, Blocks]:
    """Return the tokenizer and the blocks of the three parts, once per process."""
    corpus = data.load("encyclopaedia").take(documents)
    parts = data.split_corpus(corpus, seed=0)
    tokenizer = train_wordpiece(parts.train.texts(), vocabulary)
    names = ("train", "validation", "test")
    texts = {name: getattr(parts, name).texts() for name in names}
    blocks = {n: blocks_of(t, tokenizer, length) for n, t in texts.items()}
    return tokenizer, blocks


def figure(measured: Any) -> dict[str, float]:
    """Return the perplexity or the masked accuracy by its name."""
    if hasattr(measured, "accuracy"):
        return {"masked_accuracy": measured.accuracy, "loss": measured.loss}
    return {"perplexity": measured.value, "loss": measured.cross_entropy}


def prepared(options: argparse.Namespace) -> tuple[Any, Blocks]:
    """Return tokenizer and blocks as the options ask for them."""
    return prepare(options.documents, options.vocabulary, options.length)


def one_run(order: tuple[str, int, int], options: argparse.Namespace) -> dict[str, Any]:
    """Pretrain one model of a family, tokens and seed; return what was measured."""
    family, tokens, seed = order
    tokenizer, blocks = prepared(options)
    subject = new_language_model(family, tokenizer, options.size, seed)
    config = recipe(family, batch_size=options.batch, seed=seed, precision="fp32")
    history = pretrain(
        subject, blocks["train"], None, config, tokens=tokens, progress=False
    )
    found = {
        "family": family,
        "tokens": sum(history.tokens),
        "seed": seed,
        "parameters": subject.parameters(),
        "seconds": history.seconds,
        "tokens_per_second": history.tokens_per_second,
        **figure(score(subject, blocks["test"])),
    }
    print(found, flush=True)
    return found


def plan(options: argparse.Namespace) -> Sequence[tuple[str, int, int]]:
    """Return family, tokens and seed of each run; counting has no seed to speak of."""
    return [
        (family, tokens, seed)
        for tokens in sorted(options.tokens, reverse=True)  # the longest first
        for family in options.families
        for seed in range(1 if family == "ngram" else options.seeds)
    ]


def main() -> None:
    """Run everything, store the whole."""
    options = arguments()
    tokenizer, blocks = prepared(options)
    each = partial(one_run, options=options)
    runs = contest.run_all(each, plan(options), options.jobs)
    counts = unigram(blocks["train"], len(tokenizer))
    kinds = {name: new_language_model(name, tokenizer) for name in ("gpt", "bert")}
    baselines = {
        name: figure(baseline_score(counts, subject, blocks["test"]))
        for name, subject in kinds.items()
    }
    stored = {
        "options": contest.chosen(options),
        "tokens": {name: some.size for name, some in blocks.items()},
        "unigram": {"causal": baselines["gpt"], "masked": baselines["bert"]},
        "runs": runs,
    }
    contest.store(options.json, stored)


if __name__ == "__main__":
    main()
