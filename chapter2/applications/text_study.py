"""Models of one label a text, side by side on the same test records.

The baselines that each has to beat, the most frequent class and TF-IDF with logistic
regression, against the frozen encoder's vectors with the same. Shapes: N test texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chapter2.data import TextDataset, split, unit_numbers
from chapter2.evaluation import (
    Baseline,
    Interval,
    bootstrap_interval,
    majority,
    paired_bootstrap,
    tfidf_logistic,
)
from chapter2.evaluation.tables import markdown_table
from chapter2.models.embedding import EmbeddingLinear, load_embedder
from chapter2.selection.candidates.frozen import on_vectors

MAJORITY, TFIDF, FROZEN = "majority", "TF-IDF", "frozen encoder"
TITLES = {"accuracy": "accuracy", "macro_f1": "macro F1"}


@dataclass(frozen=True, eq=False)
class TextStudy:
    """Predictions of several models for the same texts."""

    true: np.ndarray  # (N,)
    predicted: dict[str, np.ndarray]  # model -> (N,)
    trained_on: int
    resamples: int
    metric: str = "macro_f1"
    classes: int = 2
    units: np.ndarray | None = None  # (N,): texts that are drawn together

    def score(self, name: str) -> Interval:
        """Return the score of a model with its interval."""
        guess = self.predicted[name]
        return bootstrap_interval(
            self.metric,
            self.true,
            guess,
            self.resamples,
            classes=self.classes,
            units=self.units,
        )

    def against(self, name: str, other: str) -> Interval:
        """Return score(name) - score(other) by the paired bootstrap."""
        return paired_bootstrap(
            self.metric,
            self.true,
            self.predicted[name],
            self.predicted[other],
            self.resamples,
            classes=self.classes,
            units=self.units,
        )

    def _repr_markdown_(self) -> str:
        head = ["model", f"{TITLES[self.metric]} [95 % interval]"]
        rows = [[name, f"{self.score(name):.3f}"] for name in self.predicted]
        return markdown_table(head, rows)


def text_study(
    dataset: TextDataset,
    encoder: str = "minilm",
    train: int = 1000,
    test: int = 1000,
    max_length: int = 64,
    metric: str = "macro_f1",
    resamples: int = 1000,
    seed: int = 0,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
) -> TextStudy:
    """Train on at most ``train`` texts, predict at most ``test``; all in English.

    The parts are those of :func:`chapter2.data.split` by ``fractions``: groups are not
    divided, and the source's own test part is kept. The encoder reads the first
    ``max_length`` tokens of a text, TF-IDF all of it.

    Raises:
        DataError: there are too few texts, or they are all of one class.
    """
    parts = split(dataset, fractions, seed)
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
    true, classes = np.array(asked.labels), len(dataset.label_names)
    units = unit_numbers(asked)
    return TextStudy(true, predicted, len(known), resamples, metric, classes, units)
