"""What a difference between two models shows: McNemar, Holm, margins, and the power.

Two models answer the same N records. Only the records on which exactly one of them is
right tell them apart: b for the first alone, c for the second alone. "No difference was
shown" is not "there is none": for that the interval must lie inside a margin, and
:func:`minimal_detectable_difference` says what N records could have shown at all.

All of this is about other test records. How a score moves with the seed is another
source of chance, stated apart by :func:`seed_spread`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.intervals import Interval, percentile_interval
from chapter2.evaluation.metrics import as_label_pair
from chapter2.evaluation.resampling import Metric, Resample


@dataclass(frozen=True)
class McNemar:
    """McNemar's (1947) test of equal accuracy."""

    only_a: int  # b: records that a alone has right
    only_b: int  # c
    records: int
    exact: float  # two-sided p-value of the binomial test
    mid_p: float  # less conservative, and holds its level in practice

    @property
    def disagreement(self) -> float:
        """The share of records that one of the two has right, (b + c) / N."""
        return (self.only_a + self.only_b) / self.records


def mcnemar(y_true: ArrayLike, pred_a: ArrayLike, pred_b: ArrayLike) -> McNemar:
    """Test whether two models are equally accurate on the same N records.

    Under equal accuracy b is a fair coin's heads in b + c throws. The exact test is
    conservative; the mid-p value counts what was observed by half, and is the one that
    Fagerland et al. (2013) recommend.

    Raises:
        DataError: empty, unequal lengths or bad labels.
    """
    true, a = as_label_pair(y_true, pred_a)
    _, b = as_label_pair(y_true, pred_b)
    only_a = int(((a == true) & (b != true)).sum())
    only_b = int(((b == true) & (a != true)).sum())
    exact, mid_p = binomial_p_values(only_a, only_b)
    return McNemar(only_a, only_b, len(true), exact, mid_p)


def binomial_p_values(b: int, c: int) -> tuple[float, float]:
    """Return the exact and the mid-p value, two-sided, of b heads and c tails."""
    from scipy.stats import binom

    n, least = b + c, min(b, c)
    # exact: 2 P(X <= min(b, c)), at most 1; X ~ Binomial(b + c, 1/2)
    both_tails = 2 * float(binom.cdf(least, n, 0.5))
    # mid-p: 2 (P(X <= m) - P(X = m) / 2)
    middle = both_tails - float(binom.pmf(least, n, 0.5))
    return min(1.0, both_tails), min(1.0, middle)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for their number, by Holm's (1979) step-down.

    With p_(1) <= ... <= p_(m): corrected p_(i) = max over j <= i of
    min(1, (m - j + 1) p_(j)). Calling those at most alpha significant errs even once
    with probability at most alpha, whatever depends on what.

    Raises:
        DataError: a value outside 0 to 1.
    """
    p = np.asarray(p_values, dtype=float)
    if not ((p >= 0) & (p <= 1)).all():
        raise DataError(f"p-values are {list(p_values)}; each lies between 0 and 1.")
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1, p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(steps)
    return corrected.tolist()


@dataclass(frozen=True)
class MarginTest:
    """Whether a loss of ``margin`` or more is excluded."""

    difference: Interval  # score(new) - score(reference), two-sided
    margin: float
    p_value: float  # one-sided, of "the loss is the margin or more"

    @property
    def not_worse(self) -> bool:
        """Whether the interval excludes a loss of more than the margin."""
        return self.difference.low > -self.margin

    @property
    def equivalent(self) -> bool:
        """Whether the whole interval lies within the margin, on either side.

        With a 90 % interval this is the pair of one-sided tests at 5 % (TOST,
        Schuirmann, 1987).
        """
        return self.not_worse and self.difference.high < self.margin

    def verdict(self, new: str, reference: str) -> str:
        """Say in one sentence what the interval shows about the margin."""
        points = f"{100 * self.margin:g} point{'' if self.margin == 0.01 else 's'}"
        span = f"{self.difference.low:+.1%} to {self.difference.high:+.1%}"
        found = f"{self.difference.level:.0%} interval {span}"
        if self.equivalent:
            return f"{new} and {reference} agree to within {points} ({found})."
        if self.not_worse:
            return f"{new} does not lose {points} against {reference} ({found})."
        if self.difference.high < -self.margin:
            return f"{new} loses more than {points} against {reference} ({found})."
        return (
            f"a loss of {points} against {reference} is not excluded for {new} "
            f"({found})."
        )


def margin_test(
    y_true: ArrayLike,
    pred_new: ArrayLike,
    pred_reference: ArrayLike,
    margin: float = 0.01,
    metric: Metric = "accuracy",
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
    classes: int | None = None,
    units: ArrayLike | None = None,
) -> MarginTest:
    """Test whether ``new`` loses ``margin`` (a share of 1) or more.

    By paired bootstrap over the records, those with the same number in ``units`` (N,)
    drawn together,
    p = (1 + number of resamples with a difference of -margin or less) / (R + 1).

    Raises:
        DataError: empty, unequal lengths or bad labels.
        UsageError: a negative margin, an unknown metric, or a level outside (0, 1).
    """
    if margin < 0:
        raise UsageError(f"margin is {margin}; give the loss you accept, 0 or more.")
    true, new = as_label_pair(y_true, pred_new, classes)
    _, reference = as_label_pair(y_true, pred_reference, classes)
    resample = Resample(metric, true, np.stack([new, reference]), classes, units)
    ours, theirs = resample.observed()
    drawn = np.subtract(*resample.draw(resamples, seed).T)  # (R, 2) -> (R,)
    difference = percentile_interval(ours - theirs, drawn, level)
    p = (1 + int((drawn <= -margin).sum())) / (resamples + 1)
    return MarginTest(difference, margin, p)


def minimal_detectable_difference(
    records: int, disagreement: float, level: float = 0.95, power: float = 0.8
) -> float:
    """Return the least difference in accuracy that ``records`` paired records show.

    ``disagreement`` is psi = (b + c) / N. McNemar's test reaches its ``power`` at

        N d^2 = (z_alpha sqrt(psi) + z_beta sqrt(psi - d^2))^2     (Connor, 1987)

    which is solved for d. A result above psi says that no difference can be shown: it
    cannot exceed the share of records on which the models differ.

    Raises:
        UsageError: no record, or a share out of range.
    """
    shares = 0 <= disagreement <= 1 and 0 < level < 1 and 0.5 <= power < 1
    if records < 1 or not shares:
        raise UsageError(
            f"records is {records}, disagreement {disagreement}, level {level} and "
            f"power {power}; give records above 0 and shares, the power from 0.5."
        )
    a = NormalDist().inv_cdf(0.5 + level / 2)
    b = NormalDist().inv_cdf(power)
    # d = sqrt(psi) (a sqrt(N) + b sqrt(N + b^2 - a^2)) / (N + b^2)
    root = math.sqrt(max(0.0, records + b * b - a * a))
    top = a * math.sqrt(records) + b * root
    return math.sqrt(disagreement) * top / (records + b * b)


@dataclass(frozen=True)
class SeedSpread:
    """How a score moves with the seed, the test records being the same."""

    mean: float
    deviation: float  # standard deviation, divided by M - 1
    low: float
    high: float
    seeds: int

    def __str__(self) -> str:
        return (
            f"{self.mean:.1%} over {self.seeds} seeds, {self.low:.1%} to "
            f"{self.high:.1%} (standard deviation {100 * self.deviation:.1f} points)"
        )


def seed_spread(scores: Sequence[float]) -> SeedSpread:
    """Return the spread of the scores of M seeds.

    Raises:
        DataError: fewer than two scores.
    """
    s = np.asarray(scores, dtype=float)
    if s.ndim != 1 or len(s) < 2:
        raise DataError(f"{s.size} score(s) have no spread; run two seeds or more.")
    deviation = float(s.std(ddof=1))
    return SeedSpread(
        float(s.mean()), deviation, float(s.min()), float(s.max()), len(s)
    )
