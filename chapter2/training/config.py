"""What a reader may choose about a training run, with a reason beside each default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chapter2.errors import UsageError
from chapter2.training.schedule import SCHEDULES

CHOICES = {
    "optimizer": ("adamw", "sgd", "adafactor"),
    "schedule": tuple(SCHEDULES),
    "precision": ("auto", "bf16", "fp32"),
}


@dataclass(frozen=True)
class TrainingConfig:
    """The settings of one run; two runs with equal settings and data are equal."""

    epochs: int = 2  # passes over the training part; the BERT paper takes 2 to 4
    batch_size: int = 32  # records in a batch at most; the paper takes 16 or 32
    token_budget: int = 4096  # tokens in a batch at most, padding included: memory
    optimizer: str = "adamw"  # the paper's; sgd and adafactor remember less, and learn
    # at other rates: 0.05 to 0.5 for sgd, 1e-3 to 1e-2 for adafactor
    learning_rate: float = 5e-5  # peak, per step; the paper takes 2e-5 to 5e-5
    schedule: str = "linear"  # the paper's; or cosine, inverse_sqrt, constant
    weight_decay: float = 0.01  # decoupled, of weight matrices only; the paper's
    warmup: float = 0.1  # share of the steps in which the rate rises from 0
    max_grad_norm: float | None = 1.0  # clip the global L2 norm; as in BERT's code
    accumulation: int = 1  # batches per optimiser step; more where memory is short
    checkpointing: bool = False  # recompute activations: less memory, more time
    validate_every: int | None = None  # steps; None: at the end of each epoch
    patience: int | None = None  # validations without a better one; None: all epochs
    # figure that picks the weights to keep; of any but loss, more is better, and so
    monitor: str = "loss"  # "step" keeps the last, where the rate has come down to 0
    precision: str = "auto"  # auto (measured here), bf16 or fp32
    seed: int = 0  # order of the batches, dropout
    checkpoint_every: int | None = None  # steps; None: at each validation, and
    checkpoint_minutes: float = 10.0  # at least this often: the most that can be lost

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "token_budget", "accumulation"):
            self._need(name, getattr(self, name) >= 1, "at least 1")
        for name in ("validate_every", "patience", "checkpoint_every"):
            value = getattr(self, name)
            self._need(name, value is None or value >= 1, "at least 1, or None")
        last = self.patience is not None and self.monitor == "step"
        self._need("patience", not last, "None where the monitor is step")
        self._need("learning_rate", 0 < self.learning_rate < 10, "between 0 and 10")
        self._need("weight_decay", 0 <= self.weight_decay < 10, "0 or a little more")
        self._need("warmup", 0 <= self.warmup < 1, "a share: from 0 to below 1")
        positive = self.max_grad_norm is None or self.max_grad_norm > 0
        self._need("max_grad_norm", positive, "above 0, or None for no clipping")
        self._need("checkpoint_minutes", self.checkpoint_minutes > 0, "above 0")
        for name, known in CHOICES.items():
            self._need(name, getattr(self, name) in known, " or ".join(known))

    def _need(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise UsageError(f"{name} is {getattr(self, name)!r}; it must be {what}.")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for JSON."""
        return asdict(self)


# settings that change when a run is stored, and nothing of what comes out
NEUTRAL = frozenset({"checkpoint_every", "checkpoint_minutes"})


def decisive(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``settings`` that a resumed run must share with its beginning."""
    return {name: value for name, value in settings.items() if name not in NEUTRAL}
