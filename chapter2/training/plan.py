"""The plan of a run: which batches make up which optimiser step, known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor

from chapter2.training.config import TrainingConfig
from chapter2.training.schedule import SCHEDULES

if TYPE_CHECKING:
    from chapter2.training.state import State

Batch = Mapping[str, Tensor]


class Batches(Protocol):
    """Where batches come from: what an epoch holds, and how an item becomes tensors.

    Both are pure functions: whatever is random in a batch follows from the item (which
    may carry a seed). So a resumed run sees the batches that the killed one would have.
    """

    def epoch(self, k: int) -> Sequence[Any]:
        """Return the items of epoch ``k`` in order; each becomes one batch."""

    def collate(self, item: Any) -> Batch:
        """Return the tensors of one item, on the CPU."""


@dataclass(frozen=True)
class Step:
    """One optimiser step to be taken."""

    number: int  # from 0, over the whole run
    epoch: int  # from 0
    position: int  # of its first item among those of the epoch
    items: Sequence[Any]  # one per micro-batch; fewer in the last step of an epoch
    rate: float  # learning rate
    validates: bool  # whether a validation follows it


class Plan:
    """All optimiser steps of a run; the place in it is the number of a step."""

    def __init__(self, batches: Batches, config: TrainingConfig) -> None:
        self.batches, self.config = batches, config
        # -(-a // b) is a / b rounded up
        self.per_epoch = [
            -(-len(batches.epoch(k)) // config.accumulation)
            for k in range(config.epochs)
        ]

    def __len__(self) -> int:
        return sum(self.per_epoch)

    def steps(self, state: State) -> Iterator[Step]:
        """Yield the steps that ``state`` has not taken, until it says to stop."""
        for step in self._from(state.step):
            if state.history.stopped:
                return
            yield step

    def _from(self, start: int) -> Iterator[Step]:
        number = 0
        for k, count in enumerate(self.per_epoch):
            if number + count > start:
                items = self.batches.epoch(k)
                for i in range(max(0, start - number), count):
                    yield self._step(number + i, k, i, items)
            number += count

    def load(self, step: Step) -> Iterator[Batch]:
        """Yield the micro-batches of ``step``, each made when it is asked for."""
        return map(self.batches.collate, step.items)

    def _step(self, number: int, epoch: int, i: int, items: Sequence[Any]) -> Step:
        config, total = self.config, len(self)
        first, after = i * config.accumulation, (i + 1) * config.accumulation
        every = config.validate_every
        at_end = after >= len(items) if every is None else number + 1 == total
        validates = at_end or (every is not None and (number + 1) % every == 0)
        factor = SCHEDULES[config.schedule](number, total, config.warmup)
        rate = config.learning_rate * factor
        return Step(number, epoch, first, items[first:after], rate, validates)
