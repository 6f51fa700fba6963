"""What all recommenders of this application have in common.

Shape legend: U users, I items, B users at once, k places of a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse import csr_matrix

NONE_LEFT = -1  # stands in a list where fewer than k items are left


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why an item has its score: ``score = rest + parts.sum()``, to rounding."""

    score: float
    parts: np.ndarray  # (I,): what each item of the past contributed; else 0
    rest: float  # what comes from no item of the past: popularity, an offset

    def top(self, k: int = 3) -> list[tuple[int, float]]:
        """Return the items of the past that contributed most, and how much."""
        order = np.argsort(-self.parts, kind="stable")[:k]
        return [(int(i), float(self.parts[i])) for i in order if self.parts[i] > 0]


class Recommender(Protocol):
    """Scores all items for a user who is given by what he or she liked.

    The user need not have been there in training: a history of a few likes is enough.
    """

    def scores(self, histories: csr_matrix) -> np.ndarray:
        """Return the scores (B, I) of the histories (B, I); higher is better."""
        ...

    def explain(self, history: csr_matrix, item: int) -> Explanation:
        """Return what the score of ``item`` for one history (1, I) is made of."""
        ...


def top(scores: np.ndarray, excluded: csr_matrix, k: int = 10) -> np.ndarray:
    """Return the k best items of each row, (B, k), best first.

    ``excluded`` (B, I): what is not to be recommended, as what a user has seen. Equal
    scores stand in the order of the items. Where fewer than k items are left, the
    list is filled with ``NONE_LEFT``.
    """
    open_ = np.where(excluded.toarray() > 0, -np.inf, scores)  # (B, I)
    order = np.argsort(-open_, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(open_, order, axis=1)
    return np.where(np.isneginf(best), NONE_LEFT, order)


def recommend(
    model: Recommender, histories: csr_matrix, seen: csr_matrix, k: int = 10
) -> np.ndarray:
    """Return the k items (B, k) that ``model`` recommends, none of them seen."""
    return top(model.scores(histories), seen, k)
