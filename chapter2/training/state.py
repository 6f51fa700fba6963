"""What changes while a run goes on, beside weights, moments and random states."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from chapter2.errors import UsageError
from chapter2.training.config import TrainingConfig
from chapter2.training.history import History, Measured
from chapter2.training.plan import Step


@dataclass
class State:
    """Where a run stands."""

    step: int = 0  # optimiser steps taken
    epoch: int = 0  # of the sampler, from 0
    position: int = 0  # batches of this epoch that have been used
    loss_sum: float = 0.0  # of this epoch
    count_sum: int = 0  # of this epoch: loss_sum / count_sum is its mean so far
    best: float | None = None  # the best validation figure
    best_step: int | None = None  # and the step after which it was measured
    waited: int = 0  # validations since
    split: int = 1  # pieces of each micro-batch; more where memory did not suffice
    history: History = field(default_factory=History)

    @property
    def validated_at(self) -> int | None:
        """The step after which the last validation was."""
        validations = self.history.validations
        return int(validations[-1]["step"]) if validations else None

    def record(self, step: Step, measured: Measured) -> None:
        """Note that ``step`` has been taken."""
        if step.position == 0:
            self.loss_sum, self.count_sum = 0.0, 0
        self.step = step.number + 1
        self.epoch, self.position = step.epoch, step.position + len(step.items)
        self.loss_sum += measured.loss * measured.count
        self.count_sum += measured.count
        self.history.add(self.step, self.epoch + 1, measured)

    def judge(self, figures: Mapping[str, float], config: TrainingConfig) -> None:
        """Compare a validation with the best so far; end the run where patience ends.

        Raises:
            UsageError: there is no figure of the name ``config.monitor``.
        """
        place = {"step": self.step, "epoch": self.epoch + 1}
        known = {**place, **figures}  # "step" grows: the last weights are the best
        if config.monitor not in known:
            raise UsageError(
                f"monitor is {config.monitor!r}; the validation has "
                f"{', '.join(figures)} and step."
            )
        self.history.validations.append(known)
        self.history.seconds += figures.get("seconds", 0.0)
        figure = known[config.monitor]
        sign = -1 if config.monitor == "loss" else 1
        beaten = self.best is None or sign * figure > sign * self.best
        if beaten and math.isfinite(figure):
            self.best, self.best_step, self.waited = figure, self.step, 0
        else:
            self.waited += 1
        self.history.best_step = self.best_step
        if config.patience is not None and self.waited >= config.patience:
            self.history.stopped = (
                f"early: {self.waited} validations without a better {config.monitor}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> State:
        """Return the state that :meth:`to_dict` gave; other keys are passed over."""
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        return cls(**{**known, "history": History.from_dict(values["history"])})
