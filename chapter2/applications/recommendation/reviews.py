"""Descriptions and preferences together: is a garment recommended, by its review?

The films have no descriptions, so what a text tells of a preference is measured on
clothing reviews: TF-IDF with logistic regression against the frozen encoder's vectors
with logistic regression. Shapes: N test reviews.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chapter2.data import TextDataset, split
from chapter2.evaluation import (
    Baseline,
    Interval,
    bootstrap_interval,
    majority,
    paired_bootstrap,
    tfidf_logistic,
)
from chapter2.models.embedding import EmbeddingLinear, load_embedder
from chapter2.selection.candidates.frozen import on_vectors

METRIC = "macro_f1"  # 82 % are recommended: the accuracy of "always yes" is high
MAJORITY, TFIDF, FROZEN = "majority", "TF-IDF", "frozen encoder"


@dataclass(frozen=True, eq=False)
class ReviewStudy:
    """Predictions of three models for the same reviews."""

    true: np.ndarray  # (N,)
    predicted: dict[str, np.ndarray]  # model -> (N,)
    trained_on: int
    resamples: int

    def score(self, name: str) -> Interval:
        """Return the macro F1 of a model with its interval."""
        guess = self.predicted[name]
        return bootstrap_interval(METRIC, self.true, guess, self.resamples, classes=2)

    def against(self, name: str, other: str) -> Interval:
        """Return score(name) - score(other) by the paired bootstrap."""
        a, b = self.predicted[name], self.predicted[other]
        return paired_bootstrap(METRIC, self.true, a, b, self.resamples, classes=2)


def study(
    reviews: TextDataset,
    encoder: str = "minilm",
    train: int = 1000,
    test: int = 1000,
    max_length: int = 64,
    resamples: int = 1000,
    seed: int = 0,
) -> ReviewStudy:
    """Train on at most ``train`` reviews, predict at most ``test`` of other garments.

    Raises:
        DataError: there are too few reviews, or they are all of one class.
    """
    parts = split(reviews, seed=seed)  # the reviews of one garment stay together
    known, asked = parts.train.take(train, seed), parts.test.take(test, seed)
    models: dict[str, Baseline | EmbeddingLinear] = {
        MAJORITY: majority(known),
        TFIDF: tfidf_logistic(known, "en"),
        FROZEN: on_vectors(load_embedder(encoder, max_length), known),
    }
    predicted = {
        name: model.predict_proba(asked.texts).argmax(axis=1)
        for name, model in models.items()
    }
    return ReviewStudy(np.array(asked.labels), predicted, len(known), resamples)
