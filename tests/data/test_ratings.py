"""The film ratings as they are, and what is joined, dropped and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chapter2 import data
from chapter2.data.parsers import movielens
from chapter2.data.ratings import Film, Ratings
from chapter2.errors import DataError


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    found = data.load("film-ratings")
    assert isinstance(found, Ratings)
    return found


def test_film_ratings_are_as_stated(ratings: Ratings) -> None:
    stated = {"ratings": 99_684, "users": 943, "films": 1_663}
    assert ratings.counts() == stated == dict(data.card("film-ratings").balance)
    assert len(ratings) == data.card("film-ratings").records
    # 100,000 rows, less 9 without a title and 307 of a film rated under two numbers
    assert len(ratings) == 100_000 - 9 - 307
    assert np.bincount(ratings.values).tolist() == [
        *(0, 6_084, 11_339, 27_072, 34_055, 21_134)
    ]
    assert "no redistribution" in data.card("film-ratings").licence_text


def test_no_pair_and_no_title_stands_twice(ratings: Ratings) -> None:
    pairs = ratings.users * len(ratings.films) + ratings.items
    assert len(np.unique(pairs)) == len(ratings)
    assert len({film.title for film in ratings.films}) == len(ratings.films)
    assert (np.diff(ratings.times) >= 0).all()
    assert all(film.year and 1900 < film.year < 1999 for film in ratings.films)
    genres = {genre for film in ratings.films for genre in film.genres}
    assert len(genres) == 18
    assert sum(not film.genres for film in ratings.films) == 1


def test_a_limit_keeps_films_and_users(ratings: Ratings) -> None:
    few = ratings.take(50)
    assert len(few) == 50
    assert few.films == ratings.films
    assert few.people == ratings.people
    assert (np.diff(few.times) >= 0).all()
    assert ratings.take(None) is ratings


@pytest.mark.parametrize(
    ("title", "name", "year"),
    [
        ("Ice Storm, The (1997)", "The Ice Storm", 1997),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968),
        ("Truth About Cats & Dogs, The (1996)", "The Truth About Cats & Dogs", 1996),
        ("Heat", "Heat", None),
    ],
)
def test_a_title_is_taken_apart(title: str, name: str, year: int | None) -> None:
    film = Film(title, ())
    assert (film.name, film.year) == (name, year)


def written(folder: Path, rows: list[tuple[int, int, int, int]]) -> Path:
    """Write two users and three films: two of one title, one of none."""
    titles = ["Twin (1990)", "unknown", "Twin  (1990) "]
    films = {"movie_id": [7, 8, 9], "movie_title": titles, "unknown": [0, 1, 0]}
    films["Drama"] = [1, 0, 1]
    users = {"user_id": [1, 2], "age": [30, 40], "gender": ["F", "M"]}
    users["occupation"] = ["writer", "other"]
    columns = ("user_id", "movie_id", "rating", "timestamp")
    rated = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
    for name, table in zip(
        (movielens.FILMS, movielens.USERS, movielens.RATINGS),
        (films, users, rated),
        strict=True,
    ):
        pq.write_table(pa.table(table), folder / name)
    return folder


def test_the_first_of_two_ratings_of_one_film_counts(tmp_path: Path) -> None:
    rows = [(1, 9, 2, 500), (1, 7, 5, 400), (2, 8, 3, 100), (2, 9, 4, 300)]
    found = movielens.parse(written(tmp_path, rows), "small")
    assert found.films == (Film("Twin (1990)", ("Drama",)),)
    kept = zip(found.users, found.items, found.values, found.times, strict=True)
    assert list(kept) == [(1, 0, 4, 300), (0, 0, 5, 400)]
    assert found.notices[0].startswith("1 films")
    assert "1 ratings were of a film without a title and 1 were" in found.notices[1]


@pytest.mark.parametrize(
    ("row", "words"),
    [((3, 7, 5, 1), "in no table"), ((1, 6, 5, 1), "in no"), ((1, 7, 6, 1), "1 to 5")],
)
def test_ratings_that_fit_nothing_are_refused(tmp_path: Path, row, words) -> None:
    with pytest.raises(DataError, match=words):
        movielens.parse(written(tmp_path, [row]), "small")
