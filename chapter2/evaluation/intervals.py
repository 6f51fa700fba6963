"""How far a score may be trusted: bootstrap intervals over the test records.

The percentile bootstrap (Efron, 1979): draw N records with replacement from the N that
there are, score them, repeat, and take the middle ``level`` of the scores. It answers
"what if the test set had been another sample?", not "what if training had been run with
another seed?": state the spread over seeds apart.

Shape legend: N records, M models (1 or 2), R resamples, K kinds of record, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.metrics import METRICS, accuracy, as_label_pair

Metric = str | Callable[[np.ndarray, np.ndarray], float]

CHUNK = 2_000_000  # numbers drawn at once: 16 MB


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
) -> Interval:
    """Return the score of y_pred (N,) against y_true (N,) with its interval.

    ``metric`` is a name in ``METRICS``, or a function of (y_true, y_pred). ``classes``
    is C; None: the largest label seen, plus one. Where every prediction is right, every
    resample is too and the interval has no width: use :func:`wilson_interval` there.

    Raises:
        DataError: empty, unequal lengths or bad labels.
        UsageError: unknown metric, level outside (0, 1), or no resample.
    """
    true, pred = as_label_pair(y_true, y_pred, classes)
    resample = Resample(metric, true, pred[None], classes)
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
) -> Interval:
    """Return score(a) - score(b) on the same N records, with its interval.

    Both models are scored on the same resample, so what makes a record hard for both
    cancels: the interval is narrower than the two models' own intervals suggest.

    Raises:
        DataError: empty, unequal lengths or bad labels.
        UsageError: unknown metric, level outside (0, 1), or no resample.
    """
    true, a = as_label_pair(y_true, pred_a, classes)
    _, b = as_label_pair(y_true, pred_b, classes)
    resample = Resample(metric, true, np.stack([a, b]), classes)
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
    _check_resamples(resamples)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(values), size=(resamples, len(values)))  # (R, N)
    return percentile_interval(float(values.mean()), values[drawn].mean(axis=1), level)


def wilson_interval(right: int, total: int, level: float = 0.95) -> Interval:
    """Return the accuracy right / total with Wilson's (1927) interval, a closed form.

    It keeps its width where ``right`` is 0 or ``total``, and needs no resampling.

    Raises:
        DataError: not 0 <= right <= total with at least one record.
        UsageError: a level outside (0, 1).
    """
    if not 0 <= right <= total or total == 0:
        raise DataError(f"{right} right out of {total} is not an accuracy.")
    z = NormalDist().inv_cdf(0.5 + _checked_level(level) / 2)
    p = right / total
    # (p + z²/2N ± z sqrt(p(1 - p)/N + z²/4N²)) / (1 + z²/N)
    centre = p + z * z / (2 * total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low, high = max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
    # p lies inside by algebra; min and max keep rounding from pushing it out
    return Interval(p, min(low, p), max(high, p), level, resamples=0)


class Resample:
    """Scores M models on bootstrap resamples of the same N records."""

    def __init__(
        self,
        metric: Metric,
        true: np.ndarray,  # (N,)
        preds: np.ndarray,  # (M, N)
        classes: int | None,
    ) -> None:
        if isinstance(metric, str) and metric not in METRICS:
            raise UsageError(f"metric is {metric!r}; use one of {', '.join(METRICS)}.")
        self.metric = "accuracy" if metric is accuracy else metric
        self.true, self.preds = true, preds
        self.classes = classes or int(max(true.max(), preds.max())) + 1

    def observed(self) -> np.ndarray:
        """Return the scores (M,) on the records as they are."""
        if isinstance(self.metric, str):
            kinds, counts = self._kinds()
            return self._by_counts(kinds, counts[None])[0]
        return np.array([self.metric(self.true, pred) for pred in self.preds])

    def draw(self, resamples: int, seed: int) -> np.ndarray:
        """Return the scores (R, M) on ``resamples`` resamples."""
        _check_resamples(resamples)
        rng = np.random.default_rng(seed)
        if isinstance(self.metric, str):
            return self._draw_counts(resamples, rng)
        return self._draw_records(self.metric, resamples, rng)

    def _kinds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the K kinds of record, (1 + M, K), and the number of each, (K,).

        A kind is (true label, prediction of each model); metrics see nothing else.
        """
        records = np.stack([self.true, *self.preds])  # (1 + M, N)
        return np.unique(records, axis=1, return_counts=True)

    def _by_counts(self, kinds: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Score counts (R, K) of the kinds: (R, M)."""
        assert isinstance(self.metric, str)
        scores = []
        for pred in kinds[1:]:
            cell = kinds[0] * self.classes + pred  # (K,), row-major (true, predicted)
            confusion = np.zeros((self.classes**2, len(counts)))  # (C * C, R)
            np.add.at(confusion, cell, counts.T)
            # (C * C, R) -> (R, C, C)
            square = confusion.T.reshape(-1, self.classes, self.classes)
            scores.append(METRICS[self.metric](square))
        return np.stack(scores, axis=1)

    def _draw_counts(self, resamples: int, rng: np.random.Generator) -> np.ndarray:
        """Draw counts of kinds, not records: the same distribution, far less work."""
        kinds, counts = self._kinds()
        size = max(1, CHUNK // max(len(counts), self.classes**2))
        scores = []
        for start in range(0, resamples, size):
            rows = min(size, resamples - start)
            # N draws with replacement ~ Multinomial(N, counts / N)
            drawn = rng.multinomial(len(self.true), counts / len(self.true), rows)
            scores.append(self._by_counts(kinds, drawn))
        return np.concatenate(scores)

    def _draw_records(
        self,
        metric: Callable[[np.ndarray, np.ndarray], float],
        resamples: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        n = len(self.true)
        scores = np.empty((resamples, len(self.preds)))
        for row in scores:
            chosen = rng.integers(n, size=n)
            row[:] = [metric(self.true[chosen], pred[chosen]) for pred in self.preds]
        return scores


def percentile_interval(value: float, drawn: np.ndarray, level: float) -> Interval:
    """Return ``value`` with the middle ``level`` of the scores ``drawn`` (R,)."""
    # the middle `level` of the drawn scores: (1 - level) / 2 is cut off at each end
    tail = (1 - _checked_level(level)) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(float(value), float(low), float(high), level, len(drawn))


def _check_resamples(resamples: int) -> None:
    if resamples < 1:
        raise UsageError(f"resamples is {resamples}; an interval needs at least 1.")


def _checked_level(level: float) -> float:
    if not 0 < level < 1:
        raise UsageError(f"level is {level}; give a share between 0 and 1, as 0.95.")
    return level
