r"""Matrix factorisation for likes: Hu, Koren and Volinsky (2008).

Each user has a vector x_u and each item a vector y_i; their product is to be 1 for a
like and 0 otherwise, where a like is certain to the degree c = 1 + alpha and everything
else to the degree c = 1 (equation 3 of the paper):

.. math:: \min_{x, y} \sum_{u, i} c_{ui} (p_{ui} - x_u^\top y_i)^2
          + \lambda \Bigl(\sum_u \lVert x_u \rVert^2 + \sum_i \lVert y_i \rVert^2\Bigr)

With the items fixed, the best x_u has a closed form (equation 4), and the other way
round; the two steps alternate:

.. math:: x_u = (Y^\top C^u Y + \lambda I)^{-1} Y^\top C^u p(u)

Y' C Y is Y' Y, once for all, plus alpha times the sum over the few likes of u. Shapes:
U users, I items, F factors, B users at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from chapter2.applications.recommendation.base import Explanation
from chapter2.applications.recommendation.likes import Likes
from chapter2.errors import UsageError


@dataclass(frozen=True)
class ALSOptions:
    """Sizes and weights of the factorisation."""

    factors: int = 16  # F
    alpha: float = 10.0  # a like is 1 + alpha times as certain as its absence
    penalty: float = 50.0  # lambda
    rounds: int = 10  # of both steps; the loss hardly falls after that
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.factors, self.rounds) < 1 or self.alpha < 0 or self.penalty <= 0:
            raise UsageError(
                f"{self}: factors and rounds begin at 1, alpha at 0, penalty above 0."
            )


@dataclass(frozen=True, eq=False)
class ALS:
    """The items' vectors; a user's vector is solved for from his or her likes."""

    items: np.ndarray  # Y (I, F)
    options: ALSOptions

    @classmethod
    def fit(cls, past: Likes, options: ALSOptions | None = None) -> ALS:
        """Alternate between users and items, from small random vectors."""
        options = options or ALSOptions()
        likes = past.matrix()
        liked_by = likes.T.tocsr()
        rng = np.random.default_rng(options.seed)
        y = rng.normal(0, 0.1, (likes.shape[1], options.factors))
        for _ in range(options.rounds):
            x = solve(likes, y, options)
            y = solve(liked_by, x, options)
        return cls(y, options)

    def scores(self, histories: csr_matrix) -> np.ndarray:
        """Return x_u' y_i of all items, (B, I)."""
        return solve(histories, self.items, self.options) @ self.items.T

    def explain(self, history: csr_matrix, item: int) -> Explanation:
        """Return what each like adds to the score (section 5 of the paper).

        x_u' y_i = sum over the likes j of y_i' W y_j (1 + alpha), W the inverse above.
        """
        o, y = self.options, self.items
        liked = history.indices
        inverse = np.linalg.inv(_normal(history, y, o)[0])  # W (F, F)
        parts = np.zeros(len(y))
        parts[liked] = (1 + o.alpha) * (y[liked] @ inverse @ y[item])
        return Explanation(float(self.scores(history)[0, item]), parts, 0.0)


def _normal(likes: csr_matrix, other: np.ndarray, options: ALSOptions) -> np.ndarray:
    """Return Y' C Y + lambda I of each row of ``likes`` (R, S), (R, F, F).

    The sum over a row's likes is one sparse product with the outer products y y'.
    """
    size = other.shape[1]
    outer = (other[:, :, None] * other[:, None, :]).reshape(len(other), -1)  # (S, F F)
    own = (likes @ outer).reshape(-1, size, size)
    return other.T @ other + options.alpha * own + options.penalty * np.eye(size)


def solve(likes: csr_matrix, other: np.ndarray, options: ALSOptions) -> np.ndarray:
    """Return the best vector of each row of ``likes`` (R, S), (R, F).

    ``other``: the fixed vectors (S, F) of the other side. Without a like it is 0.
    """
    right = (1 + options.alpha) * (likes @ other)  # Y' C p, (R, F)
    return np.linalg.solve(_normal(likes, other, options), right[..., None])[..., 0]


def loss(likes: csr_matrix, x: np.ndarray, y: np.ndarray, options: ALSOptions) -> float:
    """Return what is minimised, from all U x I products: for small matrices."""
    p = likes.toarray()
    errors = (1 + options.alpha * p) * (p - x @ y.T) ** 2
    return float(errors.sum() + options.penalty * ((x**2).sum() + (y**2).sum()))
