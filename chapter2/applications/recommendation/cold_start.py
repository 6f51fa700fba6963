"""Films that nobody has rated yet: what can be ranked by title, by genres, by chance.

The items are divided into folds. For each fold its items are taken out of everything
that is learnt from, histories included, as if they had come out today; then they, and
they only, are ranked for the users who liked some of them in the window. So every item
is cold once. Shapes: B users, I items, k places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from chapter2.applications.recommendation import metrics
from chapter2.applications.recommendation.base import Explanation, Recommender, top
from chapter2.applications.recommendation.evaluate import Comparison, Measured
from chapter2.applications.recommendation.likes import Likes, Task
from chapter2.errors import UsageError

Fit = Callable[[Likes], Recommender]  # from likes without the cold items


@dataclass(frozen=True)
class Chance:
    """The baseline that draws lots."""

    seed: int = 0

    def scores(self, histories: csr_matrix) -> np.ndarray:
        """Return random numbers, (B, I)."""
        return np.random.default_rng(self.seed).random(histories.shape)

    def explain(self, history: csr_matrix, item: int) -> Explanation:
        """Return the lot itself: no item of the past had a part in it."""
        score = float(self.scores(history)[0, item])
        return Explanation(score, np.zeros(history.shape[1]), score)


def item_folds(n_items: int, folds: int, seed: int = 0) -> list[np.ndarray]:
    """Return the items in ``folds`` parts of about equal size, drawn at random.

    Raises:
        UsageError: fewer than two folds, or more than items.
    """
    if not 2 <= folds <= n_items:
        raise UsageError(f"folds is {folds}; give 2 to {n_items}, the items there are.")
    return np.array_split(np.random.default_rng(seed).permutation(n_items), folds)


def cold_comparison(
    fits: Mapping[str, Fit],
    task: Task,
    features: np.ndarray,
    folds: int = 5,
    k: int = 10,
    resamples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Rank each fold's items, cold, by each way; a user's value is the mean over folds.

    Only users with a wanted cold item and a history without the cold ones are asked;
    the lists of a :class:`Measured` are those of all folds, one below the other.
    """
    parts = item_folds(task.past.shape[1], folds, seed)
    found: dict[str, list[tuple[np.ndarray, Measured]]] = {name: [] for name in fits}
    for cold in parts:
        hidden = hide(task, cold)
        for name, fit in fits.items():
            measured = _measure(fit(hidden.past), hidden, cold, features, k)
            found[name].append((hidden.users, measured))
    joined = {name: _join(each, features) for name, each in found.items()}
    return Comparison(joined, resamples)


def hide(task: Task, cold: np.ndarray) -> Task:
    """Return the task without the items ``cold`` in the past, and wanting only them."""
    past = task.past.without(cold)
    only = np.zeros(past.shape[1])
    only[cold] = 1
    wanted = csr_matrix(task.wanted.multiply(only))
    wanted.eliminate_zeros()
    asked = (past.matrix().getnnz(axis=1) > 0) & (wanted.getnnz(axis=1) > 0)
    return Task(task.now, past, task.seen, wanted, np.flatnonzero(asked))


def _measure(
    model: Recommender, task: Task, cold: np.ndarray, features: np.ndarray, k: int
) -> Measured:
    """Measure the lists of cold items that the user has not seen."""
    closed = task.seen[task.users].toarray() > 0
    warm = np.setdiff1d(np.arange(task.past.shape[1]), cold)
    closed[:, warm] = True
    lists = top(model.scores(task.histories()), csr_matrix(closed), k)
    return Measured.of(lists, task.wanted[task.users], features)


def _join(found: list[tuple[np.ndarray, Measured]], features: np.ndarray) -> Measured:
    """Return one value for each user: the mean over the folds that asked him or her."""
    users = np.concatenate([users for users, _ in found])
    _, place = np.unique(users, return_inverse=True)
    lists = np.concatenate([measured.lists for _, measured in found])

    def mean(metric: str) -> np.ndarray:
        values = np.concatenate([getattr(measured, metric) for _, measured in found])
        return np.bincount(place, values) / np.bincount(place)

    covered = metrics.coverage(lists, len(features))
    return Measured(lists, mean("recall"), mean("ndcg"), mean("diversity"), covered)
