r"""Item-kNN: who liked this also liked that.

The similarity of two items is the cosine of their columns in the matrix of likes, with
a shrinkage b that distrusts pairs that few users stand behind (Deshpande and Karypis,
2004; shrinkage as in Bell and Koren, 2007):

.. math:: S_{ji} = \frac{c_{ji}}{\sqrt{c_{jj} c_{ii}} + b}, \qquad
          s_{ui} = \sum_{j \in H_u} S_{ji}

c_ji: users who liked both, H_u: what u liked. Each liked item j votes for its k nearest
items, and for no other. Shapes: U users, I items, B users at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from chapter2.applications.recommendation.base import Explanation
from chapter2.applications.recommendation.likes import Likes
from chapter2.errors import UsageError


@dataclass(frozen=True)
class ItemKNNOptions:
    """How many neighbours, and how much two items must share to count."""

    neighbours: int = 50  # k
    shrinkage: float = 10.0  # b, in users

    def __post_init__(self) -> None:
        if self.neighbours < 1 or self.shrinkage < 0:
            raise UsageError(f"{self}: give 1 neighbour or more and a shrinkage >= 0.")


@dataclass(frozen=True, eq=False)
class ItemKNN:
    """The similarities of items, the k largest of each row."""

    similar: csr_matrix  # S (I, I), its diagonal empty

    @classmethod
    def fit(cls, past: Likes, options: ItemKNNOptions | None = None) -> ItemKNN:
        """Compare all pairs of items that a user liked both."""
        options = options or ItemKNNOptions()
        likes = past.matrix()
        together = (likes.T @ likes).tocoo()  # c (I, I), only pairs that occur
        norms = np.sqrt(together.diagonal())  # (I,)
        off = together.row != together.col
        j, i, c = together.row[off], together.col[off], together.data[off]
        s = c / (norms[j] * norms[i] + options.shrinkage)
        kept = _best(j, i, s, options.neighbours)
        rows, columns = j[kept], i[kept]
        return cls(csr_matrix((s[kept], (rows, columns)), shape=together.shape))

    def scores(self, histories: csr_matrix) -> np.ndarray:
        """Return the votes (B, I) of the liked items."""
        return (histories @ self.similar).toarray()

    def explain(self, history: csr_matrix, item: int) -> Explanation:
        """Return the vote of each liked item for ``item``."""
        votes = self.similar[:, [item]].toarray()[:, 0]  # S_ji over j, (I,)
        parts = history.toarray()[0] * votes
        return Explanation(float(self.scores(history)[0, item]), parts, 0.0)


def _best(j: np.ndarray, i: np.ndarray, s: np.ndarray, k: int) -> np.ndarray:
    """Return the places of the k largest values of each row j, equal ones by i."""
    order = np.lexsort((i, -s, j))
    starts = np.flatnonzero(np.diff(j[order], prepend=-1))
    lengths = np.diff(np.append(starts, len(order)))
    rank = np.arange(len(order)) - np.repeat(starts, lengths)
    return order[rank < k]
