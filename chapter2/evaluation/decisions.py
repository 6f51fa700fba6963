"""From probabilities to decisions: by what errors cost, or with the right to decline.

Calling everything the most probable class is right only where all errors cost the same.

Shape legend: N records, C classes, A decisions (the C classes, and whatever else one
may do with a record: hand it to a person, say).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.calibration import as_probabilities
from chapter2.evaluation.metrics import as_labels


def _as_costs(costs: ArrayLike, classes: int) -> np.ndarray:
    matrix = np.asarray(costs, dtype=float)
    if matrix.ndim != 2 or len(matrix) != classes or not np.isfinite(matrix).all():
        raise UsageError(
            f"costs has shape {matrix.shape}; give finite numbers, one row for each of "
            f"the {classes} true classes and one column for each decision."
        )
    return matrix


def decide(probabilities: ArrayLike, costs: ArrayLike) -> np.ndarray:
    """Return the decision of least expected cost for each record, (N,).

    ``costs`` (C, A) are what decision a costs where the truth is class y. For
    calibrated probabilities no other rule costs less (Elkan, 2001). A column of equal
    costs is the right to decline at that price (Chow, 1970).

    Raises:
        UsageError: costs of another shape, or not finite.
    """
    p = np.asarray(probabilities, dtype=float)
    # a* = argmin_a sum_y p(y | x) cost(y, a)
    return (p @ _as_costs(costs, p.shape[-1])).argmin(axis=-1)


def mean_cost(y_true: ArrayLike, decisions: ArrayLike, costs: ArrayLike) -> float:
    """Return what the decisions (N,) cost per record.

    Raises:
        DataError: bad labels or decisions.
        UsageError: costs of another shape.
    """
    matrix = _as_costs(costs, len(np.asarray(costs)))
    true = as_labels(y_true, "y_true", matrix.shape[0])
    made = as_labels(decisions, "decisions", matrix.shape[1])
    if len(true) != len(made):
        raise DataError(
            f"{len(true)} labels cannot be paired with {len(made)} decisions."
        )
    return float(matrix[true, made].mean())


def cost_threshold(costs: ArrayLike) -> float:
    """Return the probability of class 1 from which calling it costs less (Elkan, 2001).

    With cost(y, a) = c_ya, p* = (c_01 - c_00) / (c_01 - c_00 + c_10 - c_11).

    Raises:
        UsageError: costs are not (2, 2), or a right call costs as much as a wrong one.
    """
    matrix = _as_costs(costs, 2)
    if matrix.shape != (2, 2):
        raise UsageError(f"costs has shape {matrix.shape}; a threshold needs (2, 2).")
    false_alarm = float(matrix[0, 1] - matrix[0, 0])
    miss = float(matrix[1, 0] - matrix[1, 1])
    if false_alarm <= 0 or miss <= 0:
        raise UsageError(
            f"costs are {matrix.tolist()}; in each row the wrong call must cost more "
            "than the right one."
        )
    return false_alarm / (false_alarm + miss)


@dataclass(frozen=True)
class Threshold:
    """Class 1 is called where its probability is ``value`` or more."""

    value: float
    cost: float  # per record, on the records that it was chosen by

    def __call__(self, probability: ArrayLike) -> np.ndarray:
        """Return 1 where class 1 is called, else 0, (N,)."""
        return (np.asarray(probability, dtype=float) >= self.value).astype(np.int64)


def choose_threshold(
    y_true: ArrayLike, probability: ArrayLike, costs: ArrayLike
) -> Threshold:
    """Return the threshold of least cost on these records: *validation* records.

    ``probability`` (N,) is that of class 1; it need not be calibrated. Thresholds lie
    midway between neighbouring probabilities, and at the ends where one class is always
    called. Of several that cost the same the one nearest to 1/2 is taken.

    Raises:
        DataError: bad labels, or a probability that is no number.
        UsageError: costs are not (2, 2).
    """
    matrix, p = _as_costs(costs, 2), np.asarray(probability, dtype=float)
    true = as_labels(y_true, "y_true", 2)
    if p.shape != true.shape or not np.isfinite(p).all():
        raise DataError(f"probability has shape {p.shape}; give {len(true)} numbers.")
    values, counts = np.unique(p, return_inverse=True)
    # K distinct probabilities; below the k-th one class 0 is called, from it on class 1
    ones = np.bincount(counts, weights=true, minlength=len(values))
    zeros = np.bincount(counts, weights=1 - true, minlength=len(values))
    below = [np.concatenate([[0], np.cumsum(group)]) for group in (zeros, ones)]
    totals = [group[-1] - group for group in below]
    cost = below[0] * matrix[0, 0] + totals[0] * matrix[0, 1]
    cost = cost + below[1] * matrix[1, 0] + totals[1] * matrix[1, 1]
    edges = np.concatenate([[0], (values[:-1] + values[1:]) / 2, [np.inf]])
    least = np.flatnonzero(cost <= cost.min() + 1e-9)
    best = least[np.abs(edges[least] - 0.5).argmin()]
    return Threshold(float(edges[best]), float(cost[best] / len(true)))


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Coverage:
    """How accurate the answers are if only the more confident ones are given."""

    threshold: np.ndarray  # (K,), falling: answered are confidences from here on
    coverage: np.ndarray  # (K,), rising: share of the records that are answered
    accuracy: np.ndarray  # (K,), of those answered

    def threshold_for(self, accuracy: float) -> float:
        """Return the lowest confidence to answer from, to be this accurate.

        Raises:
            DataError: no coverage is that accurate.
        """
        enough = np.flatnonzero(self.accuracy >= accuracy)
        if not len(enough):
            raise DataError(
                f"No share of the answers reaches {accuracy:.1%}; the most that "
                f"declining gives is {self.accuracy.max():.1%}."
            )
        return float(self.threshold[enough[-1]])


def coverage_curve(y_true: ArrayLike, probabilities: ArrayLike) -> Coverage:
    """Return accuracy against coverage (Geifman and El-Yaniv, 2017).

    Records are answered from the highest confidence down; equal confidences together.

    Raises:
        DataError: bad labels or probabilities.
    """
    true, p = as_probabilities(y_true, probabilities)
    return answered_curve(p.argmax(axis=1) == true, p.max(axis=1))


def answered_curve(right: ArrayLike, confidence: ArrayLike) -> Coverage:
    """Return what :func:`coverage_curve` does, for any answers and any confidence.

    ``right`` (N,) says whether the answer would be right, ``confidence`` (N,) how sure
    its giver is: any number that is higher where it is surer.

    Raises:
        DataError: no record, unequal lengths, or a confidence that is no number.
    """
    right, confidence = np.asarray(right, dtype=bool), np.asarray(confidence, float)
    fits = right.ndim == 1 and right.shape == confidence.shape and len(right)
    if not fits or not np.isfinite(confidence).all():
        raise DataError(
            f"right has shape {right.shape} and confidence {confidence.shape}; give "
            "one truth value and one finite number for each record."
        )
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))  # of its equals
    answered = last + 1
    accuracy = np.cumsum(right[order])[last] / answered
    return Coverage(ranked[last], answered / len(right), accuracy)
