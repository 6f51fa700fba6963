"""A small recurrent network, trained from nothing on the task's own records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chapter2.selection.candidates.base import Entry, checked_effort
from chapter2.selection.candidates.regression import check_classes
from chapter2.selection.candidates.schedule import Schedule

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.models.recurrent_classifier import RecurrentClassifier
    from chapter2.training import TextBatches

RECURRENT = Entry(
    name="recurrent",
    title="Small recurrent network (bidirectional GRU)",
    simplicity=4,
    licence="MIT",
    window=256,
    trains_by_epochs=True,
    least_records=20,
    sources=(
        "Cho et al. (2014): GRU",
        "Conneau et al. (2017): the maximum over time of a bidirectional network",
    ),
)

# its steps are cheap, and its weights know nothing at first
SCHEDULE = Schedule(epochs=8, least_steps=300, most_epochs=30)


@dataclass(frozen=True)
class Recurrent:
    """GRU over words, or Chinese characters, of the training records."""

    entry: Entry = RECURRENT
    schedule: Schedule = SCHEDULE
    learning_rate: float = 3e-3  # peak; weights start from nothing

    def work(self, records: int) -> float:
        """Return how many records training on so many reads, repeats counted."""
        return self.schedule.passes(records)

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> RecurrentClassifier:
        """Train on ``effort`` of the epochs; see :class:`Candidate`."""
        from torch.nn import Module

        from chapter2 import runtime
        from chapter2.models.recurrent_classifier import (
            GRUConfig,
            RecurrentClassifier,
            build_vocabulary,
        )
        from chapter2.objectives import classification
        from chapter2.training import TrainingConfig, make_validation
        from chapter2.training import train as run

        check_classes(train)
        part, epochs = self.schedule.share(train, checked_effort(effort), seed)
        words = build_vocabulary(part.texts, GRUConfig())
        made = RecurrentClassifier.new(train.label_names, words, seed=seed)
        Module.to(made.model, runtime.device())
        validate = (
            make_validation(batches(made, validation, seed)) if validation else None
        )
        config = TrainingConfig(
            epochs=epochs,
            learning_rate=self.learning_rate,
            precision="fp32",  # torch's recurrent kernels gain nothing from bf16
            monitor="loss" if validation else "step",
            seed=seed,
        )
        data = batches(made, part, seed)
        run(made.model, classification, data, config, validate=validate, progress=False)
        made.model.eval()
        return made


def batches(made: RecurrentClassifier, records: TextDataset, seed: int) -> TextBatches:
    """Return the records as ids, in batches of nearly equal lengths."""
    from chapter2.models.recurrent_classifier import PAD
    from chapter2.training import TextBatches

    return TextBatches(made.encode(records.texts), records.labels, PAD, seed=seed)
