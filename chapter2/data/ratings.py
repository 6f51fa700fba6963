"""Who rated which film when: the records of a recommender.

Shape legend: N ratings, U users, I items.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

YEAR = re.compile(r"\((\d{4})\)")
ARTICLE = re.compile(r"^(.*), (The|A|An)(?= \(|$)")  # "Ice Storm, The (1997)"


@dataclass(frozen=True)
class Film:
    """An item: what is known of it before anyone has rated it."""

    title: str  # with the year: "Toy Story (1995)"
    genres: tuple[str, ...]  # none where the source does not know any

    @property
    def name(self) -> str:
        """The title without its year, the article in front: "The Ice Storm"."""
        return YEAR.sub("", ARTICLE.sub(r"\2 \1", self.title)).strip()

    @property
    def year(self) -> int | None:
        """The year that the title states."""
        found = YEAR.findall(self.title)
        return int(found[-1]) if found else None


@dataclass(frozen=True)
class Person:
    """A user, as he or she described himself or herself."""

    age: int  # years
    gender: str  # "F" or "M": the form offered no more
    occupation: str


@dataclass(frozen=True, eq=False)
class Ratings:
    """N ratings of I films by U users, each pair at most once, ordered by time."""

    name: str
    films: tuple[Film, ...]  # (I,)
    people: tuple[Person, ...]  # (U,)
    users: np.ndarray  # (N,) integers below U
    items: np.ndarray  # (N,) integers below I
    values: np.ndarray  # (N,) integers from 1 to 5
    times: np.ndarray  # (N,) seconds since 1970, rising
    notices: tuple[str, ...] = ()  # what was handled while reading, one sentence each

    def __len__(self) -> int:
        return len(self.users)

    def take(self, n: int | None, seed: int = 0) -> Ratings:
        """Return ``n`` random ratings, in their old order; None takes all.

        Films and users stay, so that the numbers of both keep their meaning.
        """
        if n is None or n >= len(self):
            return self
        return self.at(np.random.default_rng(seed).permutation(len(self))[:n])

    def at(self, chosen: np.ndarray) -> Ratings:
        """Return the ratings at the places ``chosen``, in their old order."""
        places = np.sort(chosen)
        kept = {
            column: getattr(self, column)[places]
            for column in ("users", "items", "values", "times")
        }
        return replace(self, **kept)

    def counts(self) -> dict[str, int]:
        """Return the number of ratings, and of the users and films that have one."""
        users, items = len(np.unique(self.users)), len(np.unique(self.items))
        return {"ratings": len(self), "users": users, "films": items}
