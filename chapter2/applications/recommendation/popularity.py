r"""Popularity: the baseline that knows nobody.

.. math:: s_i = \sum_{(u, i, t)} 2^{-(T - t) / h}

over the likes of item i at the times t before now, T. Without a half-life h each like
counts 1; with one, a like of h days ago counts half. Shapes: B users, I items.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from chapter2.applications.recommendation.base import Explanation
from chapter2.applications.recommendation.likes import Likes
from chapter2.errors import UsageError

DAY = 86_400  # seconds


@dataclass(frozen=True, eq=False)
class Popularity:
    """The same scores for everybody."""

    counts: np.ndarray  # (I,)

    @classmethod
    def fit(cls, past: Likes, half_life: float | None = None) -> Popularity:
        """Count the likes; ``half_life`` in days, None: old likes count in full.

        Now is the time of the last like.

        Raises:
            UsageError: the half-life is not positive.
        """
        weights = np.ones(len(past))
        if half_life is not None:
            if half_life <= 0:
                raise UsageError(f"half_life is {half_life}; give days above 0.")
            ages = (past.times.max(initial=0) - past.times) / DAY
            weights = 0.5 ** (ages / half_life)
        return cls(np.bincount(past.items, weights, minlength=past.shape[1]))

    def scores(self, histories: csr_matrix) -> np.ndarray:
        """Return the counts once for each history, (B, I)."""
        return np.tile(self.counts, (histories.shape[0], 1))

    def explain(self, history: csr_matrix, item: int) -> Explanation:
        """Return the count of ``item``: nothing of it comes from the history."""
        count = float(self.counts[item])
        return Explanation(count, np.zeros(len(self.counts)), count)
