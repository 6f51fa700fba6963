"""A learning rate to begin with, where none is given: each method has its own."""

from __future__ import annotations

from chapter2.results import stored
from chapter2.training.config import TrainingConfig

# for any method; the middle one of three that serve (TrainingConfig says why others)
OTHER_OPTIMIZERS = {"sgd": 0.1, "adafactor": 3e-3}


def usual_rate(method: str, optimizer: str) -> tuple[float, str | None]:
    """Return a peak of the learning rate, and a sentence on where it comes from.

    Without a sentence it is the default of :class:`TrainingConfig`, the BERT paper's.
    For AdamW, what trains little or new numbers takes larger steps: the rates are those
    that ``benchmarks/tuning.py`` chose on validation data, with MiniLM.
    """
    if optimizer in OTHER_OPTIMIZERS:
        rate = OTHER_OPTIMIZERS[optimizer]
        return rate, (
            f"No learning rate was given: it is {rate:g}, a usual one for {optimizer}."
        )
    if method == "full":
        return TrainingConfig().learning_rate, None
    rate = float(stored("tuning")["rates"][method])
    return rate, (
        f"No learning rate was given: it is {rate:g}, which was the best of those tried"
        f" for {method} in the stored comparison of methods."
    )
