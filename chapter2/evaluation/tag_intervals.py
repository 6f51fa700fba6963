r"""How far the F1 of entities may be trusted: a bootstrap over the sentences.

The entities of a sentence stand and fall together, so sentences are drawn, not
entities. Of each sentence three counts are all that F1 needs:

.. math:: F_1 = \frac{2 \sum_n r_n}{\sum_n p_n + \sum_n w_n}

with r_n the entities that are right, p_n those predicted and w_n those wanted. The
sentences of one article still share names, which is not allowed for: with that the
intervals would be wider.

Shapes: N sentences, R resamples.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.intervals import Interval, percentile_interval
from chapter2.evaluation.tagging import Tags, entities


def sentence_counts(y_true: Tags, y_pred: Tags, strict: bool = False) -> np.ndarray:
    """Return the right, the predicted and the wanted entities of each, (N, 3).

    ``strict`` as for :func:`chapter2.evaluation.tagging_report`.

    Raises:
        DataError: not as many sentences.
    """
    if len(y_true) != len(y_pred):
        raise DataError(
            f"y_true has {len(y_true)} sentences and y_pred {len(y_pred)}; give as "
            "many."
        )
    wanted, named = entities(y_true, strict), entities(y_pred, strict)
    columns = (
        Counter(place for _, place, _, _ in some)
        for some in (wanted & named, named, wanted)
    )
    rows = range(len(y_true))
    return np.array([[column[n] for n in rows] for column in columns], dtype=float).T


def f1_of(counts: np.ndarray) -> np.ndarray:
    """Return F1 of summed counts (..., 3); 0 where there is no entity at all."""
    right, named, wanted = counts[..., 0], counts[..., 1], counts[..., 2]
    return 2 * right / np.maximum(named + wanted, 1)


def f1_interval(
    counts: np.ndarray, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the micro F1 of counts (N, 3) with its interval.

    Raises:
        DataError: no sentence.
        UsageError: a level outside (0, 1), or no resample.
    """
    drawn = f1_of(_sums(counts[None], resamples, seed))  # (R, 1)
    return percentile_interval(float(f1_of(counts.sum(0))), drawn[:, 0], level)


def f1_difference(
    a: np.ndarray,
    b: np.ndarray,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return F1(a) - F1(b) of the same N sentences with its paired interval.

    Raises:
        DataError: no sentence, or not the same number.
        UsageError: a level outside (0, 1), or no resample.
    """
    if a.shape != b.shape:
        raise DataError(f"Counts of {len(a)} and {len(b)} sentences cannot be paired.")
    drawn = f1_of(_sums(np.stack([a, b]), resamples, seed))  # (R, 2)
    value = float(f1_of(a.sum(0)) - f1_of(b.sum(0)))
    return percentile_interval(value, drawn[:, 0] - drawn[:, 1], level)


def _sums(counts: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Return the sums (R, M, 3) of counts (M, N, 3) over resampled sentences."""
    n = counts.shape[1]
    if not n:
        raise DataError("There are no sentences to measure on; hold some out.")
    if resamples < 1:
        raise UsageError(f"resamples is {resamples}; an interval needs at least 1.")
    rng = np.random.default_rng(seed)
    sums = np.empty((resamples, len(counts), 3))
    for row in sums:
        times = np.bincount(rng.integers(n, size=n), minlength=n)  # (N,)
        row[:] = np.einsum("n,mnk->mk", times.astype(float), counts)
    return sums
