"""Scores for amounts: how far off, how much explained, how well ordered.

Shape legend: N records, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.intervals import Interval, percentile_interval
from chapter2.evaluation.tables import markdown_table, text_table


def mae(true: np.ndarray, pred: np.ndarray) -> float:
    """Return the mean absolute error, in the unit of the amounts."""
    return float(np.abs(true - pred).mean())


def rmse(true: np.ndarray, pred: np.ndarray) -> float:
    """Return the root of the mean squared error: large errors weigh more."""
    return float(np.sqrt(((true - pred) ** 2).mean()))


def r2(true: np.ndarray, pred: np.ndarray) -> float:
    """Return 1 - squared error / that of the mean; below 0: worse than the mean."""
    spread = float(((true - true.mean()) ** 2).sum())
    return 1 - float(((true - pred) ** 2).sum()) / spread if spread else float("nan")


def pearson(true: np.ndarray, pred: np.ndarray) -> float:
    """Return the linear correlation; scale and offset of the predictions drop out."""
    a, b = true - true.mean(), pred - pred.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length else float("nan")


def spearman(true: np.ndarray, pred: np.ndarray) -> float:
    """Return the correlation of the ranks (equal amounts share theirs): the order."""
    from scipy.stats import rankdata

    return pearson(rankdata(true), rankdata(pred))


AMOUNTS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "mae": mae,
    "rmse": rmse,
    "r2": r2,
    "pearson": pearson,
    "spearman": spearman,
}


@dataclass(frozen=True)
class RegressionReport:
    """Each score with its interval over the records; prints as a table."""

    scores: dict[str, Interval]
    records: int

    def _table(self) -> tuple[list[str], list[list[str]]]:
        level = next(iter(self.scores.values())).level
        rows = [[name, f"{score:.3f}"] for name, score in self.scores.items()]
        return ["score", f"value [{level:.0%} interval]"], rows

    def __str__(self) -> str:
        return text_table(*self._table())

    def _repr_markdown_(self) -> str:
        return markdown_table(*self._table())

    def to_dict(self) -> dict:
        """Return the scores as plain numbers (ready for JSON)."""
        found = {name: score.to_dict() for name, score in self.scores.items()}
        return {"records": self.records, "scores": found}


def as_amounts(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float arrays (N,).

    Raises:
        DataError: fewer than two records, unequal lengths, or NaN or infinity.
    """
    true, pred = np.asarray(y_true, dtype=float), np.asarray(y_pred, dtype=float)
    if true.ndim != 1 or true.shape != pred.shape or len(true) < 2:
        raise DataError(
            f"y_true has shape {true.shape} and y_pred {pred.shape}; give one number "
            "for each of two records or more."
        )
    if not (np.isfinite(true).all() and np.isfinite(pred).all()):
        raise DataError("An amount is NaN or infinite; drop or mend that record.")
    return true, pred


def regression_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> RegressionReport:
    """Score predicted amounts, with percentile bootstrap intervals over the records.

    A score without a value (the correlation of a constant prediction) is NaN; resamples
    without one are left out of its interval.

    Raises:
        DataError: fewer than two records, unequal lengths, or NaN or infinity.
        UsageError: no resample, or a level outside (0, 1).
    """
    true, pred = as_amounts(y_true, y_pred)
    if resamples < 1:
        raise UsageError(f"resamples is {resamples}; an interval needs at least 1.")
    rng = np.random.default_rng(seed)
    drawn = np.empty((resamples, len(AMOUNTS)))  # (R, 5)
    for row in drawn:
        at = rng.integers(len(true), size=len(true))
        row[:] = [score(true[at], pred[at]) for score in AMOUNTS.values()]
    scores = {}
    for (name, score), column in zip(AMOUNTS.items(), drawn.T, strict=True):
        known = column[np.isfinite(column)]
        usable = known if len(known) else np.array([np.nan])
        scores[name] = percentile_interval(score(true, pred), usable, level)
    return RegressionReport(scores, len(true))
