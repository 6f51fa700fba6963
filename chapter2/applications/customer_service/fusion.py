r"""Reciprocal rank fusion: several rankings of the same things made into one.

.. math:: f(d) = \sum_i \frac{w_i}{k + r_i(d)}, \qquad k = 60

with r_i(d) the place of d in ranking i, from 1 (Cormack, Clarke and Buettcher,
"Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods",
2009). Only places count, so scores of different scales need not be made alike.
Departures: the paper has no weights (all w_i are 1), and ranks everything; here what
is not among the first ``depth`` of a ranking gets nothing from it.

Shapes: N things, R rankings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

K = 60  # the paper's: the first place counts little more than the second


def fuse(
    scores: Sequence[np.ndarray], weights: Sequence[float], depth: int, k: int = K
) -> np.ndarray:
    """Return f(d) of each thing, (N,), from R scores (N,) and their weights.

    What has no score above 0 in a ranking is not in it.
    """
    fused = np.zeros(len(scores[0]))
    for score, weight in zip(scores, weights, strict=True):
        found = best(score, depth)
        fused[found] += weight / (k + 1 + np.arange(len(found)))
    return fused


def best(scores: np.ndarray, depth: int) -> np.ndarray:
    """Return the places of the ``depth`` highest scores above 0, highest first.

    Of equal scores the one that stands first comes first: what is cut off does not
    depend on how a partition happens to fall.
    """
    found = np.flatnonzero(scores > 0)
    if depth < len(found):
        edge = np.partition(scores[found], -depth)[-depth]
        found = found[scores[found] >= edge]  # depth of them, or more where tied
    return found[np.argsort(-scores[found], kind="stable")][:depth]
