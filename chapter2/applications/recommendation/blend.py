r"""A blend of recommenders: the weighted sum of their standardised scores.

Counts, votes and cosines have no common unit. So each model's scores of a user are
brought to mean 0 and deviation 1 over the items first:

.. math:: s_{ui} = \sum_m w_m \frac{s^m_{ui} - \mu^m_u}{\sigma^m_u},
          \qquad w_m \ge 0, \quad \sum_m w_m = 1

It is linear in the models' scores, so what each past item contributed stays exact.
The weights are chosen on the validation window. Shapes: M models, B users, I items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from scipy.sparse import csr_matrix

from chapter2.applications.recommendation import metrics
from chapter2.applications.recommendation.base import Explanation, Recommender, top
from chapter2.applications.recommendation.likes import Task
from chapter2.errors import UsageError

FLAT = 1e-12  # a deviation below: the model has no opinion on this user


def _spread(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each row, (B, 1) each."""
    deviation = scores.std(axis=1, keepdims=True)
    return scores.mean(axis=1, keepdims=True), np.where(
        deviation > FLAT, deviation, np.inf
    )


def standardised(scores: np.ndarray) -> np.ndarray:
    """Return the scores (B, I) with mean 0 and deviation 1; equal ones become 0."""
    mean, deviation = _spread(scores)
    return (scores - mean) / deviation


@dataclass(frozen=True, eq=False)
class Blend:
    """Several fitted models and their weights."""

    models: Mapping[str, Recommender]
    weights: Mapping[str, float]  # by the same names

    def __post_init__(self) -> None:
        if set(self.models) != set(self.weights) or min(self.weights.values()) < 0:
            raise UsageError(
                f"The weights are for {', '.join(self.weights)}, the models are "
                f"{', '.join(self.models)}; give one weight >= 0 for each model."
            )

    def scores(self, histories: csr_matrix) -> np.ndarray:
        """Return the weighted sums, (B, I)."""
        total = np.zeros(histories.shape)
        for name, model in self.models.items():
            if self.weights[name]:
                total += self.weights[name] * standardised(model.scores(histories))
        return total

    def explain(self, history: csr_matrix, item: int) -> Explanation:
        """Return the models' explanations, weighted and standardised alike."""
        score = float(self.scores(history)[0, item])
        parts, rest = np.zeros(history.shape[1]), 0.0
        for name, model in self.models.items():
            if self.weights[name]:
                mean, deviation = _spread(model.scores(history))
                factor = self.weights[name] / deviation[0, 0]
                told = model.explain(history, item)
                parts += factor * told.parts
                rest += factor * (told.rest - mean[0, 0])
        return Explanation(score, parts, float(rest))


def grid(models: int, parts: int) -> Iterator[tuple[float, ...]]:
    """Yield all weights of M models that are multiples of 1 / parts and sum to 1."""
    # stars and bars: M - 1 bars among parts + M - 1 places
    for bars in combinations(range(parts + models - 1), models - 1):
        edges = (-1, *bars, parts + models - 1)
        yield tuple((b - a - 1) / parts for a, b in pairwise(edges))


def choose_weights(
    models: Mapping[str, Recommender], task: Task, k: int = 10, parts: int = 5
) -> dict[str, float]:
    """Return the weights of the grid with the best NDCG at ``k`` on ``task``.

    ``task`` must be the validation one, and the models fitted to its past.
    """
    histories, seen = task.histories(), task.seen[task.users]
    wanted = task.wanted[task.users]
    each = np.stack([standardised(m.scores(histories)) for m in models.values()])

    def quality(weights: tuple[float, ...]) -> float:
        lists = top(np.tensordot(weights, each, axes=1), seen, k)
        return float(metrics.ndcg(lists, wanted).mean())

    best = max(grid(len(models), parts), key=quality)
    return dict(zip(models, best, strict=True))
