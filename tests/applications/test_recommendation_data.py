"""The application on the real films and reviews, small."""

from __future__ import annotations

import numpy as np
import pytest

from chapter2 import data
from chapter2.applications import recommendation as rec
from chapter2.applications.recommendation import reviews
from chapter2.data.ratings import Ratings


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    found = data.load("film-ratings")
    assert isinstance(found, Ratings)
    return found


def test_the_windows_of_the_films(ratings: Ratings) -> None:
    windows = rec.time_windows(ratings)
    sizes = [len(t.users) for t in (windows.validation, windows.test)]
    assert sizes == [115, 117]
    for task in (windows.validation, windows.test):
        assert task.past.times.max() < task.now
        assert task.seen.multiply(task.wanted).nnz == 0


def test_factorisation_reaches_more_films_than_counting(ratings: Ratings) -> None:
    task = rec.time_windows(ratings).test
    models = {
        "popularity": rec.Popularity.fit(task.past),
        "ALS": rec.ALS.fit(task.past, rec.ALSOptions(rounds=4)),
    }
    found = rec.compare(models, task, rec.genre_matrix(ratings.films))
    assert found.interval("ALS").low > 0.1  # drawing lots gives 0.01
    assert found.measured["ALS"].coverage > found.measured["popularity"].coverage


def test_neighbours_of_a_film_are_of_its_kind(ratings: Ratings) -> None:
    model = rec.ItemKNN.fit(rec.time_windows(ratings).test.past)
    titles = [film.title for film in ratings.films]
    star_wars = titles.index("Star Wars (1977)")
    history = rec.history_of([star_wars], len(titles))
    first = rec.recommend(model, history, history, 3)[0]
    assert "Return of the Jedi (1983)" in [titles[i] for i in first]
    told = model.explain(history, int(first[0]))
    assert told.top() == [(star_wars, pytest.approx(told.score))]


def test_reviews_are_judged_by_other_garments_than_learnt_from() -> None:
    clothing = data.load("clothing-reviews", limit=300)
    study = reviews.study(clothing, "tiny-random", 100, 40, 16, resamples=50)
    assert study.trained_on <= 100
    assert list(study.predicted) == ["majority", "TF-IDF", "frozen encoder"]
    assert all(len(p) == len(study.true) for p in study.predicted.values())
    assert (study.predicted["majority"] == 1).all()
    assert len(set(study.units)) < len(study.true)  # several reviews of one garment
    shares = study.true.mean()
    found = study.score("majority").value
    # F1 of one class 0, of the other 2p / (1 + p)
    assert found == pytest.approx(shares / (1 + shares))
    same = study.against("TF-IDF", "TF-IDF")
    assert (same.low, same.high) == (0, 0)
    assert np.isfinite(study.against("frozen encoder", "TF-IDF").value)
