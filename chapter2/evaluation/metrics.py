"""Accuracy, precision, recall and F1, all read off one confusion matrix.

Shape legend: N records, C classes. Labels are integers 0 .. C-1, one per record.
A ratio whose denominator is zero counts as 0.0: the precision of a class that is never
predicted, the recall of a class without records, the F1 of a class with neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError

Average = Literal["macro", "micro", "weighted"]


class Margins(NamedTuple):
    """What every score here is read off: three counts of each class, (..., C) each."""

    hits: np.ndarray  # predicted rightly
    predicted: np.ndarray  # column sums of the confusion matrix
    support: np.ndarray  # row sums


class Scores(NamedTuple):
    """Precision, recall and F1: an array of shape (..., C) each, or one number each."""

    precision: np.ndarray | float
    recall: np.ndarray | float
    f1: np.ndarray | float


def as_labels(values: ArrayLike, name: str, classes: int | None = None) -> np.ndarray:
    """Return ``values`` as an integer array of shape (N,).

    Raises:
        DataError: no records, not one integer per record, or a label outside 0 .. C-1.
    """
    labels = np.asarray(values)
    if labels.ndim == 2:
        raise DataError(
            f"{name} has shape {labels.shape}; give one label per record "
            "(probabilities.argmax(axis=1))."
        )
    if labels.size == 0:
        raise DataError(f"{name} has no records; there is nothing to evaluate.")
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise DataError(
            f"{name} must hold one integer label per record, "
            f"not shape {labels.shape} of {labels.dtype}."
        )
    _check_range(labels, name, classes)
    return labels.astype(np.int64)


def _check_range(labels: np.ndarray, name: str, classes: int | None) -> None:
    wrong = labels < 0
    if classes is not None:
        wrong = wrong | (labels >= classes)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        top = "" if classes is None else f" to {classes - 1}"
        raise DataError(
            f"{name}[{at}] is {labels[at]}, but labels go from 0{top}; "
            "map the labels to 0 .. C-1 first."
        )


def as_label_pair(
    y_true: ArrayLike, y_pred: ArrayLike, classes: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return both as integer arrays (N,); DataError where they cannot be compared."""
    true = as_labels(y_true, "y_true", classes)
    pred = as_labels(y_pred, "y_pred", classes)
    if len(true) != len(pred):
        raise DataError(
            f"y_true has {len(true)} records and y_pred {len(pred)}; "
            "predict each record exactly once, in the same order."
        )
    return true, pred


def confusion_matrix(y_true: ArrayLike, y_pred: ArrayLike, classes: int) -> np.ndarray:
    """Return counts of shape (C, C): rows are true classes, columns predicted ones.

    Raises:
        DataError: empty, unequal lengths, or a label outside 0 .. C-1.
    """
    true, pred = as_label_pair(y_true, y_pred, classes)
    # cell (t, p) has the flat index t * C + p
    flat = np.bincount(true * classes + pred, minlength=classes * classes)
    return flat.reshape(classes, classes)


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Return the share of records whose predicted label is the true one.

    Raises:
        DataError: empty or unequal lengths.
    """
    true, pred = as_label_pair(y_true, y_pred)
    return float(np.mean(true == pred))


def precision_recall_f1(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    classes: int,
    average: Average | None = None,
) -> Scores:
    """Return precision, recall and F1 per class, shape (C,), or averaged to numbers.

    ``average``: ``"macro"`` is the plain mean over all C classes, ``"weighted"`` the
    mean weighted by each class's number of true records, ``"micro"`` pools the counts
    of all classes (with one label per record all three then equal the accuracy).

    Raises:
        DataError: empty, unequal lengths, or a label outside 0 .. C-1.
    """
    scores = scores_of(confusion_matrix(y_true, y_pred, classes), average)
    return scores if average is None else Scores(*(float(s) for s in scores))


def margins_of(confusion: np.ndarray) -> Margins:
    """Return the margins of confusion matrices (..., C, C)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return Margins(hits, confusion.sum(axis=-2), confusion.sum(axis=-1))


def scores_of(confusion: np.ndarray, average: Average | None = None) -> Scores:
    """Read the scores off confusion matrices (..., C, C): (..., C), averaged (...)."""
    return _scores(margins_of(confusion), average)


def _scores(margins: Margins, average: Average | None) -> Scores:
    hits, predicted, support = margins
    if average == "micro":
        hits, predicted, support = (
            counts.sum(axis=-1) for counts in (hits, predicted, support)
        )
    per_class = _ratios(hits, predicted, support)
    if average in (None, "micro"):
        return per_class
    if average == "macro":
        return Scores(*(np.mean(s, axis=-1) for s in per_class))
    if average != "weighted":
        raise ValueError(f"average is {average!r}; use macro, micro, weighted or None.")
    weights = support / support.sum(axis=-1, keepdims=True)
    return Scores(*(np.sum(weights * s, axis=-1) for s in per_class))


def _ratios(hits: np.ndarray, predicted: np.ndarray, support: np.ndarray) -> Scores:
    # precision = hits / predicted
    precision = _divide(hits, predicted)
    # recall = hits / support
    recall = _divide(hits, support)
    # F1 = 2 precision recall / (precision + recall) = 2 hits / (predicted + support):
    # the harmonic mean of precision and recall, never of accuracy and recall
    f1 = _divide(2 * hits, predicted + support)
    return Scores(precision, recall, f1)


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide, with 0.0 where the denominator is zero."""
    zero = np.zeros(np.shape(above))
    return np.divide(above, below, out=zero, where=np.asarray(below) != 0)


def accuracy_of(confusion: np.ndarray) -> np.ndarray:
    """Read the accuracy off confusion matrices (..., C, C): shape (...)."""
    return BY_MARGINS["accuracy"](margins_of(confusion))


# the metrics that are known by name: each maps margins (..., C) to (...)
BY_MARGINS: dict[str, Callable[[Margins], np.ndarray]] = {
    # accuracy = trace / sum
    "accuracy": lambda m: np.asarray(m.hits.sum(axis=-1) / m.support.sum(axis=-1)),
    "macro_precision": lambda m: np.asarray(_scores(m, "macro").precision),
    "macro_recall": lambda m: np.asarray(_scores(m, "macro").recall),
    "macro_f1": lambda m: np.asarray(_scores(m, "macro").f1),
    "weighted_f1": lambda m: np.asarray(_scores(m, "weighted").f1),
}


def _by_confusion(name: str) -> Callable[[np.ndarray], np.ndarray]:
    return lambda confusion: BY_MARGINS[name](margins_of(confusion))


# the same, of confusion matrices (..., C, C)
METRICS = {name: _by_confusion(name) for name in BY_MARGINS}


def score_by(metric: str, y_true: ArrayLike, y_pred: ArrayLike, classes: int) -> float:
    """Return the score of the name ``metric`` in ``METRICS``.

    Raises:
        DataError: see :func:`confusion_matrix`.
    """
    return float(METRICS[metric](confusion_matrix(y_true, y_pred, classes)))
