"""The n-gram model's "training": it counts, once, and there is nothing to iterate."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

from chapter2.models.language_model import ORDERS, LanguageModel
from chapter2.models.ngram import KneserNey, fit
from chapter2.training.config import TrainingConfig
from chapter2.training.distributed import Alone
from chapter2.training.ended import ended_run, finish
from chapter2.training.history import History, Measured
from chapter2.training.packed import PackedBatches

SHOWN = 200  # training blocks on which the figure of the only "step" is measured


def count(
    subject: LanguageModel,
    train: np.ndarray,
    validation: np.ndarray | None,
    config: TrainingConfig,
    tokens: int | None,
    out: Path | str | None,
    resume: bool,
    processes: Alone,
) -> History:
    """Fit ``subject`` to the first ``tokens`` of a random order of the blocks (N, L).

    A second pass would change no ratio of counts, so no block is counted twice. The
    history has a single step. Raises what :func:`ended_run` raises.
    """
    batches = PackedBatches(train, 1, seed=config.seed)
    identity = {"training blocks": batches.fingerprint(), "family": "ngram"}
    identity |= {"tokens": str(tokens)}
    folder = None if out is None else Path(out)
    if folder and (ended := ended_run(folder, subject, config, identity, resume)):
        return ended
    wanted = len(train) if tokens is None else -(-tokens // train.shape[1])
    chosen = np.concatenate([item.blocks for item in batches.epoch(0)])[:wanted]
    began = time.perf_counter()
    order = subject.order or ORDERS["tiny"]
    subject.model = fit(list(train[chosen]), len(subject.tokenizer), order)
    history = _history(subject.model, train[chosen], validation, began)
    if folder and processes.writes:
        finish(folder, subject, config, identity, history)
    processes.wait()
    return history


def _history(
    model: KneserNey, seen: np.ndarray, validation: np.ndarray | None, began: float
) -> History:
    seconds = time.perf_counter() - began
    history = History(stopped="counted", seconds=seconds)
    loss, targets = mean_loss(model, seen[:SHOWN])
    history.add(1, 1, Measured(loss, targets, seen.size, 0.0, 0.0, seconds))
    if validation is not None and len(validation):
        loss, _ = mean_loss(model, validation)
        figures = {"loss": loss, "perplexity": math.exp(loss)}
        history.validations.append({"step": 1, "epoch": 1, **figures})
        history.best_step = 1
    return history


def mean_loss(model: KneserNey, blocks: np.ndarray) -> tuple[float, int]:
    """Return the mean loss per predicted token in nats, and their number.

    The first token of a block has no left context and is no target, as in
    :func:`chapter2.objectives.causal.causal_loss`.
    """
    total = sum(model.log_probabilities(block)[1:].sum() for block in blocks)
    targets = max(1, blocks.shape[0] * (blocks.shape[1] - 1))
    return float(-total / targets), targets
