"""Recommenders against closed forms; nothing seen is recommended; reasons add up."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.metrics import ndcg_score
from sklearn.metrics.pairwise import cosine_similarity

from chapter2.applications import recommendation as rec
from chapter2.applications.recommendation import als, blend, metrics, two_tower
from chapter2.applications.recommendation.base import NONE_LEFT
from chapter2.applications.recommendation.cold_start import hide, item_folds
from chapter2.applications.recommendation.evaluate import Measured
from chapter2.data.ratings import Film, Person, Ratings
from chapter2.errors import DataError, UsageError

U, I, N = 24, 15, 260  # noqa: E741


def drawn(seed: int = 0) -> Ratings:
    """Return N different pairs at rising times; liked rather where the parity fits."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(U * I)[:N]
    users, items = pairs // I, pairs % I
    fits = (users + items) % 2 == 0
    values = np.where(fits, rng.integers(3, 6, N), rng.integers(1, 5, N))
    genres = (("Drama",), ("Comedy", "War"), ())
    films = tuple(Film(f"Film {i}, The (19{i + 10})", genres[i % 3]) for i in range(I))
    people = tuple(Person(30, "F", "writer") for _ in range(U))
    times = np.arange(N) * 1000
    return Ratings("drawn", films, people, users, items, values, times)


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    return drawn()


@pytest.fixture(scope="module")
def windows(ratings: Ratings) -> rec.Windows:
    return rec.time_windows(ratings)


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(I, 8))


@pytest.fixture(scope="module")
def models(windows, vectors) -> dict[str, rec.Recommender]:
    past = windows.test.past
    small = rec.TwoTowerOptions(width=4, batch=16, steps=20)
    found = {
        "popularity": rec.Popularity.fit(past, half_life=0.5),
        "item-kNN": rec.ItemKNN.fit(past, rec.ItemKNNOptions(5, 2.0)),
        "ALS": rec.ALS.fit(past, rec.ALSOptions(factors=3, penalty=2.0)),
        "two-tower": rec.TwoTower.fit(past, vectors, small),
    }
    weights = {"popularity": 0.1, "item-kNN": 0.4, "ALS": 0.3, "two-tower": 0.2}
    return {**found, "blend": rec.Blend(dict(found), weights)}


NAMES = ("popularity", "item-kNN", "ALS", "two-tower", "blend")


# --- time ---------------------------------------------------------------------------


def test_nothing_of_the_window_is_in_the_past(ratings, windows) -> None:
    for task in (windows.validation, windows.test):
        assert task.past.times.max() < task.now
        known = ratings.times < task.now
        assert task.seen.sum() == known.sum()
        later = {
            (u, i)
            for u, i, v in zip(
                ratings.users[~known],
                ratings.items[~known],
                ratings.values[~known],
                strict=True,
            )
            if v >= 4
        }
        assert set(zip(*task.wanted.nonzero(), strict=True)) <= later
        assert task.seen.multiply(task.wanted).nnz == 0
        for user in task.users:
            assert task.past.matrix()[user].nnz
            assert task.wanted[user].nnz
    assert windows.validation.now < windows.test.now
    wanted_first = windows.validation.wanted.nonzero()
    assert np.all(windows.test.past.matrix()[wanted_first] == 1)


def test_what_comes_later_changes_no_model(ratings, windows, vectors) -> None:
    """A future turned round leaves the past, and so each model, as it was."""
    late = ratings.times >= windows.test.now
    values = np.where(late, 6 - ratings.values, ratings.values)
    other = Ratings(
        *("turned", ratings.films, ratings.people, ratings.users, ratings.items),
        *(values, ratings.times),
    )
    turned = rec.time_windows(other).test
    one = rec.ALS.fit(windows.test.past).items
    np.testing.assert_array_equal(one, rec.ALS.fit(turned.past).items)


@pytest.mark.parametrize("shares", [(0.0, 0.5), (0.6, 0.5), (0.5, 1.0)])
def test_cuts_that_leave_a_part_empty_are_refused(ratings, shares) -> None:
    with pytest.raises(UsageError, match="two rising shares"):
        rec.time_windows(ratings, shares)


def test_a_window_without_users_is_refused(ratings) -> None:
    with pytest.raises(DataError, match="No user of drawn"):
        rec.time_windows(ratings, least=6)


# --- lists --------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_no_model_recommends_what_was_seen(models, windows, name) -> None:
    task = windows.test
    seen = task.seen[task.users]
    lists = rec.recommend(models[name], task.histories(), seen, k=I)
    for row, items in zip(seen.toarray(), lists, strict=True):
        left = items[items != NONE_LEFT]
        assert not row[left].any()
        assert sorted(left) == np.flatnonzero(row == 0).tolist()  # each once


def test_lists_are_sorted_and_ties_stand_in_order() -> None:
    lists = rec.top(np.array([[1.0, 3, 3, 2]]), csr_matrix([[0, 0, 0, 1]]), 4)
    assert lists.tolist() == [[1, 2, 0, NONE_LEFT]]


# --- reasons ------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_stated_parts_add_up_to_the_score(models, windows, name) -> None:
    histories = windows.test.histories()
    for row in range(5):
        history = histories[row]
        scores = models[name].scores(history)[0]
        for item in range(I):
            told = models[name].explain(history, item)
            assert told.score == pytest.approx(scores[item], abs=1e-9)
            assert told.rest + told.parts.sum() == pytest.approx(told.score, abs=1e-9)
            assert set(np.flatnonzero(told.parts)) <= set(history.indices)


@pytest.mark.parametrize("name", NAMES[1:])
def test_some_reason_comes_from_the_past(models, windows, name) -> None:
    history = windows.test.histories()[0]
    tops = [models[name].explain(history, item).top(2) for item in range(I)]
    assert any(tops)
    for found in tops:
        assert all(item in history.indices and part > 0 for item, part in found)
        assert [p for _, p in found] == sorted((p for _, p in found), reverse=True)


def test_a_vote_taken_away_lowers_the_score_by_its_part(models, windows) -> None:
    """The reason of item-kNN is causal: without the liked item its part is gone."""
    history = windows.test.histories()[0]
    told = models["item-kNN"].explain(history, 3)
    without = history.copy().tolil()
    gone = int(np.argmax(told.parts))
    without[0, gone] = 0
    left = models["item-kNN"].scores(without.tocsr())[0, 3]
    assert left == pytest.approx(told.score - told.parts[gone])


# --- the models ---------------------------------------------------------------------


def test_popularity_counts_and_forgets() -> None:
    times = np.array([0, 86_400, 2 * 86_400])
    likes = rec.Likes(np.array([0, 1, 0]), np.array([1, 1, 0]), times, (2, 3))
    assert rec.Popularity.fit(likes).counts.tolist() == [1, 2, 0]
    assert rec.Popularity.fit(likes, 1.0).counts.tolist() == [1, 0.75, 0]
    with pytest.raises(UsageError, match="days above 0"):
        rec.Popularity.fit(likes, 0)


def test_item_knn_is_the_cosine_where_nothing_is_shrunk_or_cut(windows) -> None:
    past = windows.test.past
    model = rec.ItemKNN.fit(past, rec.ItemKNNOptions(I, 0.0))
    expected = cosine_similarity(past.matrix().T.toarray())
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(model.similar.toarray(), expected, atol=1e-12)


def test_item_knn_shrinks_and_keeps_the_nearest(windows) -> None:
    likes = windows.test.past.matrix().toarray()
    c = likes.T @ likes
    n = np.sqrt(np.diag(c))
    s = c / (np.outer(n, n) + 3)
    np.fill_diagonal(s, 0)
    model = rec.ItemKNN.fit(windows.test.past, rec.ItemKNNOptions(4, 3.0))
    for j, row in enumerate(model.similar.toarray()):
        kept = np.flatnonzero(row)
        assert len(kept) == 4
        np.testing.assert_allclose(row[kept], s[j, kept])
        assert row[kept].min() >= np.delete(s[j], [j, *kept]).max()


def test_als_solves_the_dense_closed_form(windows) -> None:
    """Equation 4 of the paper, with the whole diagonal matrix of certainties."""
    options = rec.ALSOptions(factors=3, alpha=7.0, penalty=0.6)
    p = windows.test.past.matrix()
    y = np.random.default_rng(2).normal(size=(I, 3))
    found = als.solve(p, y, options)
    for user, row in enumerate(p.toarray()):
        c = np.diag(1 + 7.0 * row)
        expected = np.linalg.inv(y.T @ c @ y + 0.6 * np.eye(3)) @ y.T @ c @ row
        np.testing.assert_allclose(found[user], expected, atol=1e-10)


def test_als_never_raises_its_loss_and_ends_where_nothing_pulls(windows) -> None:
    options = rec.ALSOptions(factors=3, penalty=1.0)
    p = windows.test.past.matrix()
    y = np.random.default_rng(0).normal(0, 0.1, (I, 3))
    losses = []
    for _ in range(8):
        x = als.solve(p, y, options)
        losses.append(als.loss(p, x, y, options))
        y = als.solve(p.T.tocsr(), x, options)
        losses.append(als.loss(p, x, y, options))
    assert all(b <= a + 1e-9 for a, b in pairwise(losses))
    x = als.solve(p, y, options)
    dense = torch.tensor(p.toarray())
    there = torch.tensor(x, requires_grad=True)
    errors = (1 + options.alpha * dense) * (dense - there @ torch.tensor(y).T) ** 2
    (errors.sum() + options.penalty * there.square().sum()).backward()
    assert there.grad is not None
    assert there.grad.abs().max() < 1e-8


def test_the_two_tower_loss_is_its_formula() -> None:
    torch.manual_seed(0)
    users, items = torch.randn(2, 4, 3, dtype=torch.double)
    chosen, q = torch.tensor([5, 2, 5, 7]), [0.2, 0.5, 0.2, 0.1]
    items[2] = items[0]  # the same film twice in the batch
    found = two_tower.in_batch_loss(users, items, chosen, torch.tensor(q).log())
    total = 0.0
    for u in range(4):
        others = [j for j in range(4) if j == u or chosen[j] != chosen[u]]
        e = {j: math.exp(float(users[u] @ items[j])) / q[j] for j in others}
        total -= math.log(e[u] / sum(e.values()))
    assert float(found) == pytest.approx(total / 4, rel=1e-6)


def test_a_two_tower_is_trained_on_earlier_likes_only() -> None:
    users, items = np.array([0, 0, 0, 1, 2, 2]), np.array([4, 1, 2, 3, 0, 4])
    likes = rec.Likes(users, items, np.arange(6), (3, 5))
    pairs = two_tower.earlier_likes(likes)
    assert pairs.tolist() == [[0, 1], [0, 2], [4, 5]]
    eye = torch.eye(5)
    sums = two_tower._sums(eye, likes, pairs)
    assert sums.tolist() == [[0, 0, 0, 0, 1], [0, 1, 0, 0, 1], [1, 0, 0, 0, 0]]


def test_two_towers_learn_what_the_text_tells() -> None:
    """Two kinds of film, and users who like one kind: the text says which."""
    rng = np.random.default_rng(3)
    users = np.repeat(np.arange(40), 5)
    kinds = np.arange(20) % 2
    items = np.concatenate(
        [
            rng.choice(np.flatnonzero(kinds == u % 2), 5, replace=False)
            for u in range(40)
        ]
    )
    noise = rng.normal(scale=0.3, size=(20, 4))
    vectors = np.column_stack([kinds, 1 - kinds, noise])
    likes = rec.Likes(users, items, np.arange(200), (40, 20)).without(
        np.array([18, 19])
    )
    options = rec.TwoTowerOptions(width=8, batch=64, steps=60)
    model = rec.TwoTower.fit(likes, vectors, options)
    history = rec.history_of([0, 2, 4], 20)
    scores = model.scores(history)[0]
    assert scores[18] > scores[19]  # both without a like; 18 is of the right kind
    again = rec.TwoTower.fit(likes, vectors, options)
    np.testing.assert_array_equal(model.items, again.items)


def test_two_towers_want_a_vector_for_each_item(windows, vectors) -> None:
    with pytest.raises(DataError, match="14 text vectors for 15 items"):
        rec.TwoTower.fit(windows.test.past, vectors[1:])
    alone = rec.Likes(np.arange(3), np.arange(3), np.arange(3), (3, I))
    with pytest.raises(DataError, match="two items or more"):
        rec.TwoTower.fit(alone, vectors)


@pytest.mark.parametrize(("models_", "parts"), [(1, 3), (2, 4), (4, 5)])
def test_the_grid_of_weights_is_whole(models_: int, parts: int) -> None:
    found = list(blend.grid(models_, parts))
    assert len(found) == len(set(found)) == math.comb(parts + models_ - 1, models_ - 1)
    for weights in found:
        assert sum(weights) == pytest.approx(1)
        assert min(weights) >= 0


def test_chosen_weights_are_the_best_of_the_grid(models, windows, vectors) -> None:
    task = windows.validation
    parts = {n: models[n] for n in ("popularity", "item-kNN", "two-tower")}
    best = rec.choose_weights(parts, task, k=3, parts=3)
    tried = {
        weights: rec.measure(
            rec.Blend(parts, dict(zip(parts, weights, strict=True))), task, vectors, 3
        ).ndcg.mean()
        for weights in blend.grid(3, 3)
    }
    assert tried[tuple(best.values())] == pytest.approx(max(tried.values()))
    with pytest.raises(UsageError, match="one weight >= 0 for each model"):
        rec.Blend(parts, {"popularity": 1.0})


# --- measures -----------------------------------------------------------------------


def test_recall_and_ndcg_by_hand() -> None:
    lists = np.array([[3, 0, 4], [1, NONE_LEFT, NONE_LEFT]])
    wanted = csr_matrix([[1, 1, 0, 0, 1], [0, 1, 0, 0, 0]])
    assert metrics.recall(lists, wanted).tolist() == [2 / 3, 1.0]
    gain, ideal = 1 / math.log2(3) + 1 / 2, 1 + 1 / math.log2(3) + 1 / 2
    assert metrics.ndcg(lists, wanted) == pytest.approx([gain / ideal, 1.0])
    with pytest.raises(DataError, match="wants nothing"):
        metrics.recall(lists, csr_matrix((2, 5)))


@given(st.integers(0, 2**31))
def test_ndcg_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.permutation(12)[None].astype(float)
    wanted = (rng.random((1, 12)) < 0.4).astype(float)
    wanted[0, rng.integers(12)] = 1
    lists = rec.top(scores, csr_matrix((1, 12)), 5)
    found = metrics.ndcg(lists, csr_matrix(wanted))[0]
    assert found == pytest.approx(ndcg_score(wanted, scores, k=5))


def test_diversity_and_coverage_by_hand() -> None:
    features = np.array([[1.0, 0], [0, 1], [1, 1], [0, 0]])
    lists = np.array([[0, 1, 2], [0, NONE_LEFT, NONE_LEFT], [0, 3, NONE_LEFT]])
    pairs = [0, 1 / math.sqrt(2), 1 / math.sqrt(2)]
    expected = [1 - sum(pairs) / 3, 0, 1]
    assert metrics.diversity(lists, features) == pytest.approx(expected)
    assert metrics.coverage(lists, 8) == 0.5


def test_no_user_or_no_resample_gives_no_interval() -> None:
    none, two = (
        Measured(np.zeros((n, 1)), *(np.zeros(n) for _ in range(3)), 0.0)
        for n in (0, 2)
    )
    with pytest.raises(DataError, match="nothing to measure on"):
        rec.Comparison({"a": none}, 10).interval("a")
    with pytest.raises(UsageError, match="resamples is 0"):
        rec.Comparison({"a": two}, 0).interval("a")


def test_a_comparison_is_paired(models, windows, vectors) -> None:
    chosen = {"popularity": models["popularity"], "copy": models["popularity"]}
    found = rec.compare(chosen, windows.test, vectors, k=3, resamples=100)
    same = found.against("copy")
    assert (same.low, same.value, same.high) == (0, 0, 0)
    mean = found.measured["copy"].ndcg.mean()
    assert found.interval("copy").value == pytest.approx(mean)
    assert "against popularity" in str(found)
    assert "against copy" not in str(found)
    assert f"{found.interval('copy', 'diversity'):.2f}" in str(found)
    assert "recall@3" in found._repr_markdown_()


def test_all_stand_against_each_reference(models, windows, vectors) -> None:
    chosen = {name: models[name] for name in NAMES[:3]}
    found = rec.compare(chosen, windows.test, vectors, 3, 100, references=2)
    head, first, second, third = str(found).splitlines()
    assert all(f"against {name}" in head for name in NAMES[:2])
    for row, name, other in ((first, *NAMES[:2]), (second, *NAMES[1::-1])):
        assert f"{found.against(name, other):+.3f}" in row
    assert all(f"{found.against(NAMES[2], n):+.3f}" in third for n in NAMES[:2])
    for wrong in (0, 4):
        with pytest.raises(UsageError, match="give 1 to 3"):
            rec.compare(chosen, windows.test, vectors, references=wrong)


# --- cold items ---------------------------------------------------------------------


def test_cold_items_are_unknown_and_every_item_is_cold_once(windows) -> None:
    folds = item_folds(I, 4)
    assert sorted(np.concatenate(folds)) == list(range(I))
    for cold in folds:
        hidden = hide(windows.test, cold)
        assert not np.isin(hidden.past.items, cold).any()
        assert set(hidden.wanted.nonzero()[1]) <= set(cold)
        assert not hidden.histories()[:, cold].nnz
    with pytest.raises(UsageError, match="folds is 1"):
        item_folds(I, 1)


def test_only_cold_items_are_ranked(windows, vectors) -> None:
    seen_by: list[rec.Likes] = []

    def fit(past: rec.Likes) -> rec.Recommender:
        seen_by.append(past)
        return rec.TwoTower.frozen(vectors)

    ways = {"random": lambda past: rec.Chance(), "text": fit}
    found = rec.cold_comparison(ways, windows.test, vectors, 3, k=2, resamples=50)
    assert len(seen_by) == 3
    folds = item_folds(I, 3)
    lists = found.measured["text"].lists
    users = [len(hide(windows.test, cold).users) for cold in folds]
    assert len(lists) == sum(users)
    for cold, rows in zip(folds, np.split(lists, np.cumsum(users)[:-1]), strict=True):
        assert set(np.unique(rows)) <= {*cold.tolist(), NONE_LEFT}
    same = {len(m.ndcg) for m in found.measured.values()}
    assert len(same) == 1


# --- films and histories ------------------------------------------------------------


def test_what_the_encoder_reads() -> None:
    film = Film("Ice Storm, The (1997)", ("Drama",))
    assert (film.name, film.year) == ("The Ice Storm", 1997)
    assert rec.film_text(film) == "The Ice Storm (1997). Genres: Drama."
    assert rec.film_text(film, genres=False) == "The Ice Storm (1997)."
    assert rec.film_text(film, title=False) == "Genres: Drama."
    assert Film("Heat", ()).year is None


def test_genres_as_numbers(ratings) -> None:
    assert rec.genre_names(ratings.films) == ("Comedy", "Drama", "War")
    rows = rec.genre_matrix(ratings.films)[:3]
    assert rows.tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]


def test_a_history_is_made_of_items() -> None:
    assert rec.history_of([2, 0, 2], 3).toarray().tolist() == [[1, 0, 1]]
    with pytest.raises(UsageError, match="no item 3"):
        rec.history_of([3], 3)


def test_a_newcomer_without_a_like_gets_what_is_popular(models) -> None:
    nobody = rec.history_of([], I)
    for name in NAMES[:4]:
        assert np.isfinite(models[name].scores(nobody)).all()
    lists = [
        rec.recommend(models[name], nobody, csr_matrix((1, I)), 3).tolist()
        for name in ("popularity", "blend")
    ]
    assert lists[0] == lists[1]
