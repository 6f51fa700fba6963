"""Who liked what, and what lies before and after a moment in time.

Shape legend: N likes, U users, I items, B users at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from chapter2.data.ratings import Ratings
from chapter2.errors import DataError, UsageError

LIKED = 4  # a rating of so much or more says "liked"; less is not used to learn


@dataclass(frozen=True, eq=False)
class Likes:
    """N pairs of a user and an item, ordered by time."""

    users: np.ndarray  # (N,) integers below U
    items: np.ndarray  # (N,) integers below I
    times: np.ndarray  # (N,) seconds, rising
    shape: tuple[int, int]  # (U, I)

    def __len__(self) -> int:
        return len(self.users)

    def matrix(self) -> csr_matrix:
        """Return the pairs as a sparse matrix (U, I) of zeros and ones."""
        ones = np.ones(len(self))
        return csr_matrix((ones, (self.users, self.items)), shape=self.shape)

    def where(self, kept: np.ndarray) -> Likes:
        """Return the pairs with a True in ``kept`` (N,), or at the places in it."""
        columns = {c: getattr(self, c)[kept] for c in ("users", "items", "times")}
        return replace(self, **columns)

    def without(self, items: np.ndarray) -> Likes:
        """Return the pairs of all other items, as if ``items`` had never been seen."""
        return self.where(~np.isin(self.items, items))


@dataclass(frozen=True, eq=False)
class Task:
    """What a recommender knows at one moment, and what it is then asked for."""

    now: float  # seconds; nothing of this moment or later is known
    past: Likes  # what was liked before
    seen: csr_matrix  # (U, I): rated before, liked or not; never recommended again
    wanted: csr_matrix  # (U, I): liked afterwards, within the window
    users: np.ndarray  # (B,): those with something in the past and something wanted

    def histories(self) -> csr_matrix:
        """Return the likes (B, I) of the users that are asked about."""
        return self.past.matrix()[self.users]


@dataclass(frozen=True, eq=False)
class Windows:
    """One task to choose by, and a later one to report on."""

    validation: Task
    test: Task


def time_windows(
    ratings: Ratings, shares: tuple[float, float] = (0.5, 0.75), least: int = LIKED
) -> Windows:
    """Cut the ratings at two moments, the same for all users.

    Up to the first moment lies the share ``shares[0]`` of all ratings: the past of the
    validation task, whose window ends at the second one; everything before that one is
    the past of the test task. A split at random would train on the future: what people
    watch changes with the weeks.

    Raises:
        UsageError: the shares are not 0 < first < second < 1.
        DataError: in one of the windows no user has a past and a wish.
    """
    if not 0 < shares[0] < shares[1] < 1:
        raise UsageError(f"shares is {shares}; give two rising shares between 0 and 1.")
    first, second = np.quantile(ratings.times, shares)
    tasks = [
        _task(ratings, start, end, least)
        for start, end in ((first, second), (second, np.inf))
    ]
    for name, task in zip(("validation", "test"), tasks, strict=True):
        if not len(task.users):
            raise DataError(
                f"No user of {ratings.name} likes something both before and in the "
                f"{name} window: give more ratings, or other shares than {shares}."
            )
    return Windows(*tasks)


def _task(ratings: Ratings, start: float, end: float, least: int) -> Task:
    shape = len(ratings.people), len(ratings.films)
    everything = Likes(ratings.users, ratings.items, ratings.times, shape)
    liked, before = ratings.values >= least, ratings.times < start
    past = everything.where(liked & before)
    wanted = everything.where(liked & ~before & (ratings.times < end)).matrix()
    asked = (past.matrix().getnnz(axis=1) > 0) & (wanted.getnnz(axis=1) > 0)
    seen = everything.where(before).matrix()
    return Task(float(start), past, seen, wanted, np.flatnonzero(asked))


def history_of(items: Sequence[int], n_items: int) -> csr_matrix:
    """Return the history (1, I) of someone who liked ``items`` and nothing else.

    Raises:
        UsageError: an item is none of the I.
    """
    chosen = sorted(set(items))
    if wrong := [item for item in chosen if not 0 <= item < n_items]:
        raise UsageError(f"There is no item {wrong[0]}; they are 0 to {n_items - 1}.")
    ones, rows = np.ones(len(chosen)), np.zeros(len(chosen), dtype=int)
    return csr_matrix((ones, (rows, chosen)), shape=(1, n_items))
