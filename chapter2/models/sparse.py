"""The two baselines as models that can be shipped: saved without pickle, loaded again.

:mod:`chapter2.evaluation.baselines` fits them; here they become arrays and JSON, and
the reloaded one gives the same numbers. Shapes: N texts, V features, C classes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chapter2.errors import ModelError
from chapter2.evaluation.baselines import Baseline
from chapter2.models.linear_head import LinearHead
from chapter2.models.settings_file import read_settings, write_settings

# what of a TfidfVectorizer decides its features, beside vocabulary and idf
FEATURES = ("analyzer", "lowercase", "ngram_range", "sublinear_tf", "token_pattern")


@dataclass(frozen=True)
class Majority:
    """The shares of the classes, whatever the text."""

    label_names: tuple[str, ...]  # (C,)
    shares: tuple[float, ...]  # (C,), their sum is 1

    @classmethod
    def of(cls, baseline: Baseline) -> Majority:
        """Return a fitted :func:`chapter2.evaluation.majority` to be shipped."""
        shares = baseline.predict_proba([""])[0].tolist()
        return cls(baseline.label_names, tuple(shares))

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the same probabilities for each text, (N, C)."""
        return np.tile(np.asarray(self.shares, dtype=float), (len(texts), 1))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the shares to ``folder``.

        Raises:
            ModelError: the folder cannot be written.
        """
        return write_settings(
            folder, label_names=self.label_names, shares=list(self.shares)
        )

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Majority:
        """Return what :meth:`save` wrote.

        Raises:
            ModelError: the folder does not hold it whole.
        """
        stored = read_settings(folder, "shares")
        return cls(stored["label_names"], tuple(stored["shares"]))


@dataclass(frozen=True)
class SparseLinear:
    """TF-IDF of words or of runs of characters, and a linear layer on it."""

    label_names: tuple[str, ...]  # (C,)
    vectorizer: Any  # a fitted TfidfVectorizer
    head: LinearHead  # on V features

    @classmethod
    def of(cls, baseline: Baseline) -> SparseLinear:
        """Return a fitted :func:`chapter2.evaluation.tfidf_logistic` to be shipped."""
        vectorizer, regression = (step for _, step in baseline.model.steps)
        head = LinearHead.of(regression, len(baseline.label_names))
        return cls(baseline.label_names, vectorizer, head)

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities of the classes, float64 (N, C)."""
        if not len(texts):
            return np.empty((0, len(self.label_names)))
        return self.head.predict_proba(self.vectorizer.transform(list(texts)))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write features and vocabulary as JSON, idf and weights as arrays.

        Raises:
            ModelError: the folder cannot be written.
        """
        given = self.vectorizer.get_params()
        vocabulary = self.vectorizer.get_feature_names_out().tolist()  # (V,)
        target = write_settings(
            folder,
            label_names=self.label_names,
            features={name: given[name] for name in FEATURES},
            vocabulary=vocabulary,
        )
        self.head.save(target, idf=self.vectorizer.idf_)
        return target

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> SparseLinear:
        """Return what :meth:`save` wrote; predictions are the same.

        Raises:
            ModelError: the folder does not hold it whole.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        stored = read_settings(folder, "features", "vocabulary")
        head, beside = LinearHead.load(Path(folder))
        features = {k: _plain(v) for k, v in stored["features"].items()}
        try:
            vectorizer = TfidfVectorizer(vocabulary=stored["vocabulary"], **features)
            vectorizer.idf_ = beside["idf"]
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{folder} holds a vocabulary and weights that do not fit ({error}); "
                "copy or save the model again."
            ) from error
        return cls(stored["label_names"], vectorizer, head)


def _plain(value: Any) -> Any:
    """Return a list of JSON as the tuple that it was."""
    return tuple(value) if isinstance(value, list) else value
