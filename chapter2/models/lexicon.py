"""A lexicon of sentiment: words with ratings, a few rules, and a small regression.

VADER (Hutto and Gilbert, 2014) gives a text the shares of its negative, neutral and
positive words and a sum of all, ``compound`` in [-1, 1]. It knows English only, and
nothing of the task's classes: a logistic regression on these four numbers maps them.
Where the classes are no matter of sentiment it learns little more than their shares.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from chapter2.errors import ModelError
from chapter2.models.linear_head import LinearHead
from chapter2.models.settings_file import read_settings, write_settings

SCORES = ("neg", "neu", "pos", "compound")


@dataclass(frozen=True)
class Lexicon:
    """VADER's four scores, and a linear layer on them."""

    label_names: tuple[str, ...]  # (C,)
    head: LinearHead  # on 4 features

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities of the classes, float64 (N, C)."""
        return self.head.predict_proba(sentiment_scores(texts))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write label names and weights to ``folder``.

        Raises:
            ModelError: the folder cannot be written.
        """
        target = write_settings(folder, label_names=self.label_names)
        self.head.save(target)
        return target

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Lexicon:
        """Return what :meth:`save` wrote.

        Raises:
            ModelError: the folder does not hold it whole, or VADER is not installed.
        """
        stored = read_settings(folder)
        analyser()  # missing: better said now than at the first text
        return cls(stored["label_names"], LinearHead.load(Path(folder))[0])


def sentiment_scores(texts: Sequence[str]) -> np.ndarray:
    """Return VADER's scores of each text, float64 (N, 4), in the order of ``SCORES``.

    Raises:
        ModelError: VADER is not installed.
    """
    found = [analyser().polarity_scores(text) for text in texts]
    rows = [[scores[name] for name in SCORES] for scores in found]
    return np.asarray(rows, dtype=float).reshape(len(texts), len(SCORES))


@cache
def analyser() -> Any:
    """Return VADER, its lexicon read.

    Raises:
        ModelError: it is not installed.
    """
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError as error:
        raise ModelError(
            "The lexicon needs the package vaderSentiment, which is not installed: "
            "run `pip install vaderSentiment`."
        ) from error
    return SentimentIntensityAnalyzer()
