"""How long a model trains: epochs by the number of records, and shares of that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chapter2.data import TextDataset


@dataclass(frozen=True)
class Schedule:
    """Epochs for N records: few records are read more often.

    A fixed number of epochs gives a few hundred records too few steps to learn anything
    (Mosbach et al., 2021, "On the Stability of Fine-tuning BERT").
    """

    epochs: int  # at least
    least_steps: int  # optimiser steps at least, as far as most_epochs allows
    most_epochs: int
    batch_size: int = 32  # records

    def full(self, records: int) -> int:
        """Return the epochs of the full schedule over ``records``."""
        per_epoch = math.ceil(records / self.batch_size)
        wanted = math.ceil(self.least_steps / max(1, per_epoch))
        return min(self.most_epochs, max(self.epochs, wanted))

    def passes(self, records: int) -> int:
        """Return how many records the full schedule reads, repeats counted."""
        return records * self.full(records)

    def share(
        self, train: TextDataset, effort: float, seed: int
    ) -> tuple[TextDataset, int]:
        """Return the records and the epochs over them that are ``effort`` of the whole.

        Whole epochs, rounded; below one epoch a part of the records, balanced alike,
        once.
        """
        total = effort * self.full(len(train))
        if total >= 1:
            return train, round(total)
        some = max(len(train.label_names), round(total * len(train)))
        return train.take(some, seed), 1
