"""What happened in a run: every step, every validation, and why it ended."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chapter2.files import write_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Measured:
    """What one optimiser step showed."""

    loss: float  # mean per target, in nats
    count: int  # targets: records, or tokens
    tokens: int  # real ones, without padding
    norm: float  # of the mean gradient, before clipping
    rate: float  # learning rate
    seconds: float

    @property
    def is_finite(self) -> bool:
        """Whether loss and gradient are numbers: only then are weights changed."""
        return math.isfinite(self.loss) and math.isfinite(self.norm)


@dataclass
class History:
    """One entry per optimiser step in each list; the steps are counted from 1."""

    steps: list[int] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)  # from 1
    losses: list[float] = field(default_factory=list)  # mean per target, in nats
    counts: list[int] = field(default_factory=list)  # targets: records, or tokens
    rates: list[float] = field(default_factory=list)  # learning rate of the step
    norms: list[float] = field(default_factory=list)  # of the gradient, before clipping
    tokens: list[int] = field(default_factory=list)  # without padding
    durations: list[float] = field(default_factory=list)  # seconds
    validations: list[dict[str, float]] = field(default_factory=list)
    best_step: int | None = None  # whose weights were kept; None without validation
    stopped: str | None = None  # why it ended; None while it runs
    precision: str = "fp32"  # what was computed in: fp32, or bf16 by autocast
    seconds: float = 0.0  # of all steps and validations
    notices: list[str] = field(default_factory=list)  # one sentence each

    def add(self, step: int, epoch: int, measured: Measured) -> None:
        """Note what the optimiser step ``step`` of ``epoch`` showed."""
        self.steps.append(step)
        self.epochs.append(epoch)
        self.losses.append(measured.loss)
        self.counts.append(measured.count)
        self.rates.append(measured.rate)
        self.norms.append(measured.norm)
        self.tokens.append(measured.tokens)
        self.durations.append(measured.seconds)
        self.seconds += measured.seconds

    def mean_loss(self, epoch: int | None = None) -> float:
        """Return the mean training loss per target, of one epoch or of all.

        Weighted by the number of targets: a short last batch weighs as little as it is.
        """
        chosen = np.asarray(self.epochs) == epoch if epoch else slice(None)
        losses = np.asarray(self.losses, dtype=float)[chosen]
        counts = np.asarray(self.counts, dtype=float)[chosen]
        return float((losses * counts).sum() / max(1, counts.sum()))

    @property
    def tokens_per_second(self) -> float:
        """Real tokens (no padding) per second of the steps, without validation."""
        return sum(self.tokens) / max(1e-9, sum(self.durations))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> History:
        """Return the history that :meth:`to_dict` gave."""
        copied: dict[str, Any] = {
            k: list(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**copied)

    def save(self, path: Path | str) -> None:
        """Write the history as JSON; the file is whole or not there."""
        write_json(Path(path), self.to_dict())

    @classmethod
    def load(cls, path: Path | str) -> History:
        """Read the history that :meth:`save` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))

    def plot(self) -> Figure:
        """Return a figure: the losses on the left, the learning rate on the right."""
        from chapter2.training.curves import plot_history

        return plot_history(self)
