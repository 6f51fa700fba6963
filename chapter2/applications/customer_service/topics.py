"""What a message is about: the department, or the class, of a garment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from chapter2.data import load, split
from chapter2.data.records import TextDataset
from chapter2.evaluation import tfidf_logistic

SET = "clothing-reviews"
RARE = 10  # records: a class of fewer cannot be learned, let alone measured


class Predicts(Protocol):
    """A classifier: a baseline, or a fine-tuned encoder."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the C classes."""

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities (N, C)."""


class Topic(NamedTuple):
    """The most probable topic of a message."""

    name: str
    probability: float


@dataclass(frozen=True)
class Topics:
    """Tells the topic of a message."""

    model: Predicts

    def of(self, message: str) -> Topic:
        """Return the most probable topic of ``message``."""
        chances = self.model.predict_proba([message])[0]
        place = int(chances.argmax())
        return Topic(self.model.label_names[place], float(chances[place]))


def topic_parts(
    label: str = "department", limit: int | None = None
) -> list[TextDataset]:
    """Return train, validation and test of the clothing reviews, by garment.

    The reviews of one garment stay in one part, else the garment's name would tell.
    Classes with fewer than RARE reviews are left out.

    Raises:
        UsageError: ``label`` is neither department nor class.
        FetchError: the reviews cannot be had.
    """
    dataset = load(SET, limit=limit, label=label)
    assert isinstance(dataset, TextDataset)  # so says its card
    for name, records in dataset.counts().items():
        if records < RARE:
            dataset = dataset.without(name)
    parts = split(dataset)
    return [parts.train, parts.validation, parts.test]


def fit_topics(train: TextDataset) -> Topics:
    """Return topics by TF-IDF and logistic regression: milliseconds a message."""
    return Topics(tfidf_logistic(train, language="en"))
