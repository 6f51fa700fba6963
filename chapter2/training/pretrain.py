"""Pretrain a language model on packed blocks: from scratch, or from where it stands.

One call for every family. ``bert`` learns hidden tokens, the others the next token;
``ngram`` counts. The token budget is what makes families comparable: the same text,
the same number of tokens seen.

Shapes: N blocks of L tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from chapter2 import runtime
from chapter2.errors import DataError
from chapter2.models.language_model import LanguageModel
from chapter2.objectives.causal import causal_lm
from chapter2.objectives.masked import RATE, masked_lm
from chapter2.training import loop
from chapter2.training.config import TrainingConfig
from chapter2.training.counting import count
from chapter2.training.distributed import Alone, check_size
from chapter2.training.ended import CHECKPOINTS, ended_run, finish
from chapter2.training.history import History
from chapter2.training.masking import Masker, masked_validation
from chapter2.training.packed import (
    PackedBatches,
    as_they_are,
    batches_for,
    with_seed,
)
from chapter2.training.step import device_of, to_device
from chapter2.training.tracking import Tracker

# peak learning rates from random weights; bert's was the best of three on 0.5 M tokens
# of the encyclopaedia passages (at 4e-3 it stays on its plateau), the others were not
# searched; weights that have learnt already take a quarter, to keep what they know
RATES = {"bert": 2e-3, "gpt": 3e-3, "lstm": 5e-3, "gru": 5e-3, "rnn": 2e-3}
CONTINUED = 0.25


def pretrain(
    subject: LanguageModel,
    train: np.ndarray,
    validation: np.ndarray | None,
    config: TrainingConfig,
    *,
    tokens: int | None = None,
    mask_rate: float = RATE,
    whole_words: bool = False,
    out: Path | str | None = None,
    resume: bool = False,
    progress: bool = True,
    trackers: Sequence[Tracker] = (),
    processes: Alone | None = None,
) -> History:
    """Train ``subject`` in place on blocks (N, L); ``validation`` picks the best.

    ``tokens`` are seen, rounded up to a whole batch; without them, ``config.epochs``
    passes. ``mask_rate`` and ``whole_words`` are for bert alone. The others are those
    of :func:`chapter2.training.fine_tune`.

    Raises:
        DataError: blocks of another tokenizer, or longer than the model reads.
        UsageError, TrainingError: what :func:`ended_run` and ``train`` raise.
    """
    processes = processes or Alone()
    for blocks in (train, validation):
        check(subject, blocks)
    if not subject.trains:
        return count(subject, train, validation, config, tokens, out, resume, processes)
    hides = None if subject.is_causal else (mask_rate, whole_words)
    batches, config = prepared(subject, train, config, tokens, hides, processes)
    identity = identity_of(subject, batches, tokens, hides)
    folder = None if out is None else Path(out)
    if folder and (ended := ended_run(folder, subject, config, identity, resume)):
        return ended
    objective = causal_lm if subject.is_causal else masked_lm
    history = loop.train(
        subject.model, with_seed(objective, processes.rank), batches, config,
        validate=make_validation(
            subject, validation, batches.batch_size, batches.corrupt),
        folder=folder and folder / CHECKPOINTS, resume=resume, identity=identity,
        progress=progress and processes.writes,
        trackers=trackers if processes.writes else (), processes=processes,
    )  # fmt: skip
    if folder and processes.writes:
        finish(folder, subject, config, identity, history)
    processes.wait()
    return history


def prepared(
    subject: LanguageModel,
    train: np.ndarray,
    config: TrainingConfig,
    tokens: int | None,
    hides: tuple[float, bool] | None,
    processes: Alone,
) -> tuple[PackedBatches, TrainingConfig]:
    """Put the model where it computes; return its batches and the settled settings."""
    nn.Module.to(subject.model, runtime.device())
    corrupt = Masker(subject.tokenizer, *hides) if hides else as_they_are
    batches, config = batches_for(train, config, tokens, corrupt)
    check_size(batches.batch_size, processes)
    precision = processes.same(settled(subject, config))
    return batches, replace(config, precision=precision)


def identity_of(
    subject: LanguageModel,
    batches: PackedBatches,
    tokens: int | None,
    hides: tuple[float, bool] | None,
) -> dict[str, str]:
    """Return what a run rests on beside its settings: a resumed one has the same."""
    return {
        "training blocks": batches.fingerprint(),
        "family": subject.family,
        "tokens": str(tokens),
        "masked": "nothing" if hides is None else f"{hides[0]:g} {hides[1]}",
    }


def recipe(family: str, continued: bool = False, **changes: Any) -> TrainingConfig:
    """Return the settings with which ``family`` is pretrained here.

    ``continued``: its weights have learnt already, and keep what they know.
    """
    rate = RATES.get(family, 1e-3) * (CONTINUED if continued else 1)
    return TrainingConfig(**{"epochs": 1, "learning_rate": rate, **changes})


def check(subject: LanguageModel, blocks: np.ndarray | None) -> None:
    """Refuse blocks that the model cannot read.

    Raises:
        DataError: ids outside its vocabulary, or more tokens than it has positions.
    """
    if blocks is None or not blocks.size:
        return
    highest, vocabulary = int(blocks.max()), len(subject.tokenizer)
    if highest >= vocabulary:
        raise DataError(
            f"The blocks hold the token {highest} and the tokenizer {vocabulary} "
            "tokens; pack the text with the tokenizer of the model."
        )
    longest = subject.positions
    if longest is not None and blocks.shape[1] > longest:
        raise DataError(
            f"A block has {blocks.shape[1]} tokens and the model reads {longest}; use "
            "shorter blocks."
        )


def settled(subject: LanguageModel, config: TrainingConfig) -> str:
    """Return what ``auto`` is here; it is measured, so the first process decides."""
    place = device_of(subject.model)
    return "fp32" if runtime.autocast_dtype(place, config.precision) is None else "bf16"


def make_validation(
    subject: LanguageModel,
    blocks: np.ndarray | None,
    batch_size: int,
    corrupt: Any = as_they_are,
) -> Callable[[nn.Module], dict[str, float]] | None:
    """Return a function that gives the figures of ``blocks``; None without any.

    ``loss`` is the mean per target in nats. Beside it stands what people read:
    perplexity, exp(loss), for a causal model; the share of hidden tokens that were
    named rightly for bert, whose loss is no perplexity of the text.
    """
    if blocks is None or not len(blocks):
        return None
    batches = PackedBatches(blocks, batch_size, corrupt=corrupt)
    if not subject.is_causal:
        return masked_validation(batches)

    def validate(model: nn.Module) -> dict[str, float]:
        total, targets = 0.0, 0
        for item in batches.in_order():
            batch = to_device(batches.collate(item), device_of(model))
            loss, number = causal_lm(model, batch)
            total, targets = total + float(loss.detach()), targets + int(number)
        mean = total / max(1, targets)
        return {"loss": mean, "perplexity": math.exp(min(mean, 700))}

    return validate
