"""Descriptions and preferences together: is a garment recommended, by its review?

The films have no descriptions, so what a text tells of a preference is measured on
clothing reviews: TF-IDF with logistic regression against the frozen encoder's vectors
with logistic regression. 82 % are recommended, so the accuracy of "always yes" is high,
and the score is the macro F1.
"""

from __future__ import annotations

from chapter2.applications.text_study import (
    FROZEN,
    MAJORITY,
    TFIDF,
    TextStudy,
    text_study,
)
from chapter2.data import TextDataset

__all__ = ["FROZEN", "MAJORITY", "TFIDF", "study"]


def study(
    reviews: TextDataset,
    encoder: str = "minilm",
    train: int = 1000,
    test: int = 1000,
    max_length: int = 64,
    resamples: int = 1000,
    seed: int = 0,
) -> TextStudy:
    """Train on at most ``train`` reviews, predict at most ``test`` of other garments.

    Raises:
        DataError: there are too few reviews, or they are all of one class.
    """
    return text_study(
        reviews, encoder, train, test, max_length, "macro_f1", resamples, seed
    )
