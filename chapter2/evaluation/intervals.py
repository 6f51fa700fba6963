"""How far a score may be trusted: bootstrap intervals over the test records.

The percentile bootstrap (Efron, 1979): draw N records with replacement from the N that
there are, score them, repeat, and take the middle ``level`` of the scores. It answers
"what if the test set had been another sample?", not "what if training had been run with
another seed?": state the spread over seeds apart.

Shape legend: N records, R resamples, C classes.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.metrics import as_label_pair
from chapter2.evaluation.resampling import (
    Metric,
    Resample,
    check_resamples,
    design_effect,
)


@dataclass(frozen=True)
class Interval:
    """A score, and the interval that covers its true value in ``level`` of samples."""

    value: float
    low: float
    high: float
    level: float
    resamples: int  # 0: a closed form

    def __format__(self, spec: str) -> str:
        """``f"{interval:.1%}"`` gives ``85.5% [84.0%, 87.1%]``."""
        value, low, high = (
            format(x, spec or ".3f") for x in (self.value, self.low, self.high)
        )
        return f"{value} [{low}, {high}]"

    def __str__(self) -> str:
        return format(self, "")

    def excludes(self, value: float) -> bool:
        """Whether ``value`` (0 for a difference) lies outside the interval."""
        return not self.low <= value <= self.high

    def verdict(self, a: str, b: str) -> str:
        """Say in one sentence what an interval of score(a) - score(b) shows."""
        size, low, high = (f"{100 * x:+.1f}" for x in (self.value, self.low, self.high))
        found = f"{size} points, {self.level:.0%} interval {low} to {high}"
        if self.low > 0:
            return f"{a} is better than {b} ({found})."
        if self.high < 0:
            return f"{a} is worse than {b} ({found})."
        return f"no difference between {a} and {b} could be shown ({found})."

    def to_dict(self) -> dict[str, float | int]:
        """Return the fields by name (ready for JSON)."""
        return asdict(self)


def bootstrap_interval(
    metric: Metric,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    classes: int | None = None,
    units: ArrayLike | None = None,
) -> Interval:
    """Return the score of y_pred (N,) against y_true (N,) with its interval.

    ``metric`` is a name in ``METRICS``, or a function of (y_true, y_pred). ``classes``
    is C; None: the largest label seen, plus one. ``units`` (N,) are integers: records
    with the same one are drawn together (cluster bootstrap; Field and Welsh, 2007);
    None: each record alone. Where every prediction is right, every resample is too and
    the interval has no width: use :func:`wilson_interval` there.

    Raises:
        DataError: empty, unequal lengths or bad labels.
        UsageError: unknown metric, level outside (0, 1), or no resample.
    """
    true, pred = as_label_pair(y_true, y_pred, classes)
    resample = Resample(metric, true, pred[None], classes, units)
    drawn = resample.draw(resamples, seed)[:, 0]
    return percentile_interval(resample.observed()[0], drawn, level)


def paired_bootstrap(
    metric: Metric,
    y_true: ArrayLike,
    pred_a: ArrayLike,
    pred_b: ArrayLike,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    classes: int | None = None,
    units: ArrayLike | None = None,
) -> Interval:
    """Return score(a) - score(b) on the same N records, with its interval.

    Both models are scored on the same resample, so what makes a record hard for both
    cancels: the interval is narrower than the two models' own intervals suggest. The
    arguments are those of :func:`bootstrap_interval`.

    Raises:
        DataError: empty, unequal lengths or bad labels.
        UsageError: unknown metric, level outside (0, 1), or no resample.
    """
    true, a = as_label_pair(y_true, pred_a, classes)
    _, b = as_label_pair(y_true, pred_b, classes)
    resample = Resample(metric, true, np.stack([a, b]), classes, units)
    drawn = resample.draw(resamples, seed)
    value_a, value_b = resample.observed()
    return percentile_interval(value_a - value_b, drawn[:, 0] - drawn[:, 1], level)


def mean_interval(
    values: np.ndarray, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the mean of ``values`` (N,), one for each record, with its interval.

    Of the differences of two models, record by record, it is the paired bootstrap.

    Raises:
        DataError: no value.
        UsageError: a level outside (0, 1), or no resample.
    """
    if not len(values):
        raise DataError("There is nothing to measure on; hold some records out.")
    check_resamples(resamples)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(values), size=(resamples, len(values)))  # (R, N)
    return percentile_interval(float(values.mean()), values[drawn].mean(axis=1), level)


def wilson_interval(
    right: int, total: int, level: float = 0.95, effect: float = 1.0
) -> Interval:
    """Return the accuracy right / total with Wilson's (1927) interval, a closed form.

    It keeps its width where ``right`` is 0 or ``total``, and needs no resampling. Where
    records come in units, ``effect`` is the :func:`design_effect`, by which their
    number is divided (Rao and Scott, 1992).

    Raises:
        DataError: not 0 <= right <= total with at least one record.
        UsageError: a level outside (0, 1).
    """
    if not 0 <= right <= total or total == 0:
        raise DataError(f"{right} right out of {total} is not an accuracy.")
    z = NormalDist().inv_cdf(0.5 + _checked_level(level) / 2)
    p, n = right / total, total / effect
    # (p + z²/2N ± z sqrt(p(1 - p)/N + z²/4N²)) / (1 + z²/N)
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
    # p lies inside by algebra; min and max keep rounding from pushing it out
    return Interval(p, min(low, p), max(high, p), level, resamples=0)


def accuracy_interval(right: np.ndarray, units: ArrayLike | None = None) -> Interval:
    """Return the share of ``right`` (N,) with Wilson's interval.

    Records with the same number in ``units`` (N,) count as the independent ones that
    they are worth (:func:`design_effect`); None: each alone.

    Raises:
        DataError: no record, or not one integer for each.
    """
    effect = design_effect(right, units)
    return wilson_interval(int(right.sum()), len(right), effect=effect)


def percentile_interval(value: float, drawn: np.ndarray, level: float) -> Interval:
    """Return ``value`` with the middle ``level`` of the scores ``drawn`` (R,)."""
    # the middle `level` of the drawn scores: (1 - level) / 2 is cut off at each end
    tail = (1 - _checked_level(level)) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(float(value), float(low), float(high), level, len(drawn))


def _checked_level(level: float) -> float:
    if not 0 < level < 1:
        raise UsageError(f"level is {level}; give a share between 0 and 1, as 0.95.")
    return level
