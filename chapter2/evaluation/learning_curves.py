"""How a score grows with the number of labelled records, and where it may lead.

Scores of many tasks follow a power law in the number n of training records (Hestness et
al., 2017; Rosenfeld et al., 2020):

    s(n) = a - b n^-c,    b >= 0

with a the score that no amount of data of this kind would pass. Three or four measured
sizes do not determine three numbers, so no single curve is fitted here: all curves on a
grid are weighed by how well they fit, and the band holds the middle of that weight.

Shape legend: K sizes, M seeds, N test records, G curves on the grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from chapter2.data.dealing import unit_numbers
from chapter2.data.records import TextDataset
from chapter2.errors import DataError, UsageError
from chapter2.evaluation.intervals import Interval, percentile_interval
from chapter2.evaluation.resampling import Resample

EXPONENTS = (0.1, 1.5)  # c; published ones lie between 0.07 and 0.5, simple tasks above
FEWEST = 3  # sizes: one for each of a, b and c
NOISE = 0.01  # least standard error of a score: 1,300 records at an accuracy of 85 %
GRID = 31  # values of each of the three numbers
# each round makes the grid finer, around the curves that fit; the first ones take the
# noise for this many times larger, so that a coarse grid does not miss where they are
ROUNDS = (16, 4, 1, 1)


class Fitted(Protocol):
    """What training gives back."""

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (N, C)."""
        ...


Fit = Callable[[TextDataset, int], Fitted]  # (training records, seed)


@dataclass(frozen=True)
class CurvePoint:
    """The score after training on ``records`` records."""

    records: int
    score: Interval  # mean over the seeds; the interval is over the test records
    seeds: tuple[float, ...]  # the score of each seed: another source of chance


@dataclass(frozen=True)
class LearningCurve:
    """Scores at rising sizes."""

    metric: str
    points: tuple[CurvePoint, ...]

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[CurvePoint]:
        return iter(self.points)

    def extrapolate(self, at: int) -> Interval:
        """Return the score to be expected at ``at`` records; see :func:`extrapolate`.

        Raises:
            DataError: fewer than three sizes.
        """
        scores = [point.score.value for point in self]
        return extrapolate([point.records for point in self], scores, at)


def learning_curve(
    fit: Fit,
    train: TextDataset,
    test: TextDataset,
    sizes: Sequence[int],
    seeds: Sequence[int] = (0,),
    metric: str = "accuracy",
    resamples: int = 1000,
    level: float = 0.95,
) -> LearningCurve:
    """Train on growing parts of ``train`` and score each model on ``test``.

    The parts of one seed are nested, each holding the smaller ones, with the balance of
    the whole. So what grows is the amount, and not another sample.

    Raises:
        UsageError: no seed, sizes that do not rise, or a size beyond the records.
    """
    _check_sizes(sizes, len(train))
    if not seeds:
        raise UsageError("seeds is empty; a learning curve needs at least one.")
    points, units = [], unit_numbers(test)
    for size in sizes:
        models = [fit(train.take(size, seed), seed) for seed in seeds]
        found = [model.predict_proba(test.texts).argmax(axis=1) for model in models]
        labels, classes = np.asarray(test.labels), len(test.label_names)
        resample = Resample(metric, labels, np.stack(found), classes, units)  # (M, N)
        scores = resample.observed()
        drawn = resample.draw_mean(resamples, seed=0)  # (R,)
        mean = percentile_interval(float(scores.mean()), drawn, level)
        points.append(CurvePoint(size, mean, tuple(scores.tolist())))
    return LearningCurve(metric, tuple(points))


def _check_sizes(sizes: Sequence[int], records: int) -> None:
    rising = all(a < b for a, b in pairwise(sizes))
    if not sizes or sizes[0] < 1 or not rising or sizes[-1] > records:
        raise UsageError(
            f"sizes are {list(sizes)}; give rising numbers from 1 to the {records:,} "
            "training records."
        )


def extrapolate(
    sizes: Sequence[float],
    scores: Sequence[float],
    at: float,
    noise: float | None = None,
    ceiling: float = 1.0,
    level: float = 0.95,
) -> Interval:
    """Return the score to be expected with ``at`` records, and the band around it.

    A flat prior over a up to ``ceiling``, over the score at the smallest size, and over
    c between 0.1 and 1.5; the likelihood of K scores with normal ``noise`` (a standard
    error, the same for all); the median and the middle ``level`` of what follows. The
    band is that of the curve: a measured score varies about it by ``noise`` more. None
    takes the scatter about the best curve, and 0.01 at least. What the band cannot
    know: that more records of this kind remain to be had, and that the law holds there.

    Raises:
        DataError: fewer than three different sizes, or a score that is no number.
        UsageError: ``at``, ``noise`` or ``level`` out of range.
    """
    n, s = _points(sizes, scores)
    if not (at > 0 and 0 < level < 1 and (noise is None or noise > 0)):
        raise UsageError(
            f"at is {at}, noise {noise} and level {level}; give records above 0, a "
            "noise above 0 or None, and a level between 0 and 1."
        )
    first = _Grid(n, s, NOISE, max(ceiling, float(s.max())))
    sigma = noise or max(NOISE, first.scatter())
    grid = first if sigma == NOISE else _Grid(n, s, sigma, max(ceiling, float(s.max())))
    values, weights = grid.at(at)
    tail = (1 - level) / 2
    low, middle, high = _quantiles(values, weights, (tail, 0.5, 1 - tail))
    return Interval(middle, low, high, level, resamples=0)


def _points(
    sizes: Sequence[float], scores: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays (K,), by rising size."""
    n, s = np.asarray(sizes, dtype=float), np.asarray(scores, dtype=float)
    if n.shape != s.shape or n.ndim != 1 or len(np.unique(n)) < FEWEST:
        raise DataError(
            f"A curve of {len(np.unique(n))} size(s) and {s.size} score(s) cannot be "
            f"extended; measure one score at each of {FEWEST} sizes or more."
        )
    if not (np.isfinite(s).all() and (n > 0).all() and np.isfinite(n).all()):
        raise DataError(
            "A learning curve needs sizes above 0 and scores that are finite."
        )
    order = np.argsort(n, kind="stable")
    return n[order], s[order]


class _Grid:
    """Curves a - (a - f) (n / n_1)^-c, with f the value at the smallest size n_1."""

    def __init__(
        self, n: np.ndarray, s: np.ndarray, noise: float, ceiling: float
    ) -> None:
        self.n, self.s = n, s
        reach = (
            4 * noise
        )  # beyond 4 standard errors a first value is as good as ruled out
        box = [(s[0] - reach, s[0] + reach), (s[0] - reach, ceiling), EXPONENTS]
        for wider in ROUNDS:
            self.f, self.a, self.c = self._axes(box)
            self.weights = self._weights(wider * noise)
            box = self._narrowed()

    def _axes(self, box: Sequence[tuple[float, float]]) -> list[np.ndarray]:
        """Return f, a and c of all G curves, (G,) each, at the middles of the cells."""
        middles = (np.arange(GRID) + 0.5) / GRID
        lines = [low + (high - low) * middles for low, high in box]
        self.steps = [(high - low) / GRID for low, high in box]
        f, a, c = (axis.ravel() for axis in np.meshgrid(*lines, indexing="ij"))
        rising = a >= f  # b >= 0: more records do not harm
        return [f[rising], a[rising], c[rising]]

    def curve(self, n: float) -> np.ndarray:
        """Return s(n) of all curves, (G,)."""
        return self.a - (self.a - self.f) * (n / self.n[0]) ** -self.c

    def _squares(self) -> np.ndarray:
        """Return the sum of squared errors of each curve, (G,)."""
        pairs = zip(self.n, self.s, strict=True)
        return sum((self.curve(n) - s) ** 2 for n, s in pairs)

    def _weights(self, noise: float) -> np.ndarray:
        # w = exp(-RSS / 2 sigma^2), up to a factor
        squares = self._squares()
        weights = np.exp(-(squares - squares.min()) / (2 * noise**2))
        return weights / weights.sum()

    def _narrowed(self) -> list[tuple[float, float]]:
        """Return the box of the curves that have any weight, one cell wider."""
        alive = self.weights > 1e-5 * self.weights.max()
        axes = zip((self.f, self.a, self.c), self.steps, strict=True)
        return [
            (float(x[alive].min() - step / 2), float(x[alive].max() + step / 2))
            for x, step in axes
        ]

    def scatter(self) -> float:
        """Return the standard error of a score, from the best curve's residuals."""
        spare = len(self.n) - FEWEST  # degrees of freedom that the curve leaves
        return math.sqrt(float(self._squares().min()) / spare) if spare else 0.0

    def at(self, n: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the values at ``n`` and their weights, (G,) each."""
        return self.curve(n), self.weights


def _quantiles(
    values: np.ndarray, weights: np.ndarray, shares: Sequence[float]
) -> list[float]:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    last = len(values) - 1
    places = [min(last, int(np.searchsorted(reached, share))) for share in shares]
    return [float(values[order[place]]) for place in places]
