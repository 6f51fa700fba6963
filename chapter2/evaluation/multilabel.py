"""Scores where a record may carry several labels, or none.

Shape legend: N records, C labels; a 1 in row i and column c says that record i carries
label c. A ratio whose denominator is zero counts as 0.0, as with one label per record;
two empty sets agree, so a record without labels, to which none is given, counts 1.0 in
the samples average (scikit-learn counts it 0 unless told otherwise).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError


@dataclass(frozen=True)
class MultiLabelScores:
    """The scores of one set of predictions, each a share of 1."""

    micro_f1: float  # of all N C decisions together: frequent labels decide
    macro_f1: float  # mean over labels: each counts the same
    samples_f1: float  # mean over records: each counts the same
    subset_accuracy: float  # records whose whole set of labels is right
    hamming_loss: float  # decisions that are wrong; lower is better

    def to_dict(self) -> dict[str, float]:
        """Return the scores by name."""
        return dict(vars(self))


def multilabel_scores(y_true: ArrayLike, y_pred: ArrayLike) -> MultiLabelScores:
    """Score predictions (N, C) against truth (N, C), both of 0 and 1.

    Raises:
        DataError: no record, unequal shapes, or another number than 0 and 1.
    """
    true, pred = _pair(y_true, y_pred)
    hits, sizes = true & pred, true.astype(int) + pred
    # F1 = 2 |hits| / (|true| + |pred|): over all, per label, per record
    per_record = _f1(hits.sum(axis=1), sizes.sum(axis=1), empty=1.0)
    return MultiLabelScores(
        micro_f1=float(_f1(hits.sum(), sizes.sum())),
        macro_f1=float(_f1(hits.sum(axis=0), sizes.sum(axis=0)).mean()),
        samples_f1=float(per_record.mean()),
        subset_accuracy=float((true == pred).all(axis=1).mean()),
        hamming_loss=float((true != pred).mean()),
    )


def _f1(hits: np.ndarray, sizes: np.ndarray, empty: float = 0.0) -> np.ndarray:
    found = np.full(np.shape(hits), empty)
    return np.divide(2 * hits, sizes, out=found, where=np.asarray(sizes) > 0)


def _pair(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays of bool (N, C)."""
    found = []
    for name, values in (("y_true", y_true), ("y_pred", y_pred)):
        array = np.asarray(values)
        if array.ndim != 2 or not array.size or not np.isin(array, (0, 1)).all():
            raise DataError(
                f"{name} has shape {array.shape}; give one row per record and one "
                "column per label, each 0 or 1."
            )
        found.append(array.astype(bool))
    if found[0].shape != found[1].shape:
        raise DataError(
            f"y_true has shape {found[0].shape} and y_pred {found[1].shape}; predict "
            "each label of each record."
        )
    return found[0], found[1]
