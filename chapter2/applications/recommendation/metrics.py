r"""How good a list of k recommendations is, user by user, and all lists together.

.. math:: \mathrm{recall@}k = \frac{|\text{list} \cap W_u|}{|W_u|}, \qquad
          \mathrm{NDCG@}k = \frac{\sum_{r=1}^{k} [\text{item}_r \in W_u] / \log_2(r+1)}
          {\sum_{r=1}^{\min(k, |W_u|)} 1 / \log_2(r+1)}

W_u: what u liked in the window (Jarvelin and Kekalainen, 2002, with gains 0 and 1).
With more than k wanted items the recall cannot reach 1, the NDCG can. Shapes: B users,
k places, I items, V features.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from chapter2.applications.recommendation.base import NONE_LEFT
from chapter2.errors import DataError


def hits(lists: np.ndarray, wanted: csr_matrix) -> np.ndarray:
    """Return which places (B, k) hold a wanted item; ``wanted`` is (B, I).

    Raises:
        DataError: a user wants nothing, so nothing can be measured.
    """
    if not wanted.getnnz(axis=1).all():
        raise DataError("A user wants nothing in the window; leave such users out.")
    found = np.take_along_axis(wanted.toarray() > 0, np.maximum(lists, 0), axis=1)
    return found & (lists != NONE_LEFT)


def recall(lists: np.ndarray, wanted: csr_matrix) -> np.ndarray:
    """Return the share of the wanted items that the list holds, (B,)."""
    return hits(lists, wanted).sum(axis=1) / wanted.getnnz(axis=1)


def ndcg(lists: np.ndarray, wanted: csr_matrix) -> np.ndarray:
    """Return the discounted gain over the largest possible one, (B,)."""
    k = lists.shape[1]
    discounts = 1 / np.log2(np.arange(2, k + 2))  # (k,): 1 / log2(r + 1)
    ideal = np.cumsum(discounts)[np.minimum(wanted.getnnz(axis=1), k) - 1]
    return (hits(lists, wanted) * discounts).sum(axis=1) / ideal


def diversity(lists: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Return 1 - the mean cosine of two items of the list, (B,).

    ``features`` (I, V): genres as zeros and ones, say. An item without any is unlike
    all others. A list of one item or none has diversity 0.
    """
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.where(norms > 0, norms, 1)
    found = np.zeros(len(lists))
    for row, items in enumerate(lists):
        vectors = unit[items[items != NONE_LEFT]]
        n = len(vectors)
        if n > 1:
            # an item with itself does not count: the sum without the diagonal
            similar = (vectors @ vectors.T).sum() - (vectors**2).sum()
            found[row] = 1 - similar / (n * (n - 1))
    return found


def coverage(lists: np.ndarray, n_items: int) -> float:
    """Return the share of the items that stand in at least one list.

    It grows with the number of users, so a resample, in which some users stand twice
    and others not at all, underrates it: it is given without a bootstrap interval.
    """
    return len(np.unique(lists[lists != NONE_LEFT])) / n_items
