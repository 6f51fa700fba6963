"""MovieLens 100k: ratings with their times, films with titles and genres, users.

Harper and Konstan, "The MovieLens Datasets: History and Context" (2015).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chapter2.data.ratings import Film, Person, Ratings
from chapter2.errors import DataError

RATINGS = "MovieLens100k_data.parquet.brotli"
FILMS = "MovieLens100k_items.parquet.brotli"
USERS = "MovieLens100k_users.parquet.brotli"
NAMELESS = "unknown"  # the title of a film without one, and the genre of none
NO_GENRE = {"movie_id", "movie_title", "release_date", "video_release_date", "IMDb_URL"}


def parse(folder: Path, name: str) -> Ratings:
    """Read the three tables; one film for each title, one rating for each pair.

    A title that stands under two numbers is one film. Where a user rated both, the
    first rating in time counts: the second is of a film that was seen already. The
    film without a title is dropped.

    Raises:
        DataError: a rating names a film or user that the other tables lack, or is not
            from 1 to 5.
    """
    films, place = _films(_columns(folder / FILMS))
    people, person = _people(_columns(folder / USERS))
    raw = _columns(folder / RATINGS)
    rows = list(zip(raw["user_id"], raw["movie_id"], strict=True))
    if not all(u in person and i in place for u, i in rows):
        raise DataError(
            f"{RATINGS} names films or users that are in no table: fetch it again."
        )
    if not set(raw["rating"]) <= set(range(1, 6)):
        raise DataError(f"{RATINGS} has ratings beyond 1 to 5: fetch it again.")
    table = np.array(
        [
            (time, person[u], place[i], value)
            for (u, i), time, value in zip(
                rows, raw["timestamp"], raw["rating"], strict=True
            )
            if place[i] >= 0
        ]
    )
    # by time, then by user and film: many were entered in one second
    table = table[np.lexsort((table[:, 2], table[:, 1], table[:, 0]))]
    _, firsts = np.unique(table[:, 1] * len(films) + table[:, 2], return_index=True)
    kept = table[np.sort(firsts)]
    notices = (
        f"{sum(p >= 0 for p in place.values()) - len(films)} films stood under a "
        "second number and were joined with the first.",
        f"{len(rows) - len(table)} ratings were of a film without a title and "
        f"{len(table) - len(kept)} were a user's second one of a film; both dropped.",
    )
    times, users, items, values = kept.T
    return Ratings(name, films, people, users, items, values, times, notices)


def _columns(path: Path) -> dict[str, list]:
    """Return each column of a table as a list, by its name."""
    import pyarrow.parquet as pq

    return pq.read_table(path).to_pydict()


def _films(raw: dict[str, list]) -> tuple[tuple[Film, ...], dict[int, int]]:
    """Return the films, and the place of each number; -1 for the one without title."""
    genres = [column for column in raw if column not in {*NO_GENRE, NAMELESS}]
    films: dict[str, Film] = {}
    titles = [" ".join(title.split()) for title in raw["movie_title"]]
    for row, title in enumerate(titles):
        of = tuple(genre for genre in genres if raw[genre][row])
        if title != NAMELESS:
            films.setdefault(title, Film(title, of))
    order = {title: at for at, title in enumerate(films)}
    place = [order.get(title, -1) for title in titles]
    return tuple(films.values()), dict(zip(raw["movie_id"], place, strict=True))


def _people(raw: dict[str, list]) -> tuple[tuple[Person, ...], dict[int, int]]:
    columns = (raw["age"], raw["gender"], raw["occupation"])
    people = tuple(Person(*row) for row in zip(*columns, strict=True))
    return people, {number: at for at, number in enumerate(raw["user_id"])}
