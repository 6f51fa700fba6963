"""Page 6c: each numbered equation, computed in two ways."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.metrics import ndcg_score, recall_score

from chapter2.applications import recommendation as rec
from chapter2.applications.recommendation import als, metrics, two_tower

U, I = 12, 7  # noqa: E741


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations("06c_recommendation.ipynb", "6c", globals())
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


@pytest.fixture
def likes() -> rec.Likes:
    chosen = np.random.default_rng(0).permutation(U * I)[:40]
    return rec.Likes(chosen // I, chosen % I, np.arange(40), (U, I))


SCORES = np.array([[0.3, 0.9, 0.1, 0.8, 0.2, 0.7, 0.4]])
WANTED = np.array([[1, 1, 0, 0, 0, 1, 1]])
LIST = rec.top(SCORES, csr_matrix((1, I)), 3)


def test_equation_6c_1() -> None:
    listed = np.isin(np.arange(I), LIST[0]).astype(int)
    found = metrics.recall(LIST, csr_matrix(WANTED))[0]
    assert found == pytest.approx(recall_score(WANTED[0], listed))


def test_equation_6c_2() -> None:
    found = metrics.ndcg(LIST, csr_matrix(WANTED))[0]
    assert found == pytest.approx(ndcg_score(WANTED, SCORES, k=3))


def test_equation_6c_3(likes) -> None:
    model = rec.ItemKNN.fit(likes, rec.ItemKNNOptions(I, 2.5))
    liked_by = [set(likes.users[likes.items == i]) for i in range(I)]
    history = rec.history_of([0, 4, 5], I)
    for i in range(I):
        votes = [
            len(liked_by[j] & liked_by[i])
            / (math.sqrt(len(liked_by[j]) * len(liked_by[i])) + 2.5)
            for j in (0, 4, 5)
            if j != i
        ]
        assert model.scores(history)[0, i] == pytest.approx(sum(votes))


def factors() -> tuple[np.ndarray, np.ndarray, rec.ALSOptions]:
    rng = np.random.default_rng(1)
    options = rec.ALSOptions(factors=2, alpha=4.0, penalty=0.3)
    return rng.normal(size=(U, 2)), rng.normal(size=(I, 2)), options


def test_equation_6c_4(likes) -> None:
    x, y, options = factors()
    p = likes.matrix().toarray()
    total = 0.3 * (sum(v @ v for v in x) + sum(v @ v for v in y))
    for u in range(U):
        for i in range(I):
            total += (1 + 4 * p[u, i]) * (p[u, i] - x[u] @ y[i]) ** 2
    assert als.loss(likes.matrix(), x, y, options) == pytest.approx(total)


def test_equation_6c_5(likes) -> None:
    """The closed form is where the gradient of 6c.4 is zero."""
    _, y, options = factors()
    x = torch.tensor(als.solve(likes.matrix(), y, options), requires_grad=True)
    p, other = torch.tensor(likes.matrix().toarray()), torch.tensor(y)
    errors = (1 + 4 * p) * (p - x @ other.T) ** 2
    (errors.sum() + 0.3 * (x.square().sum() + other.square().sum())).backward()
    assert x.grad is not None
    assert x.grad.abs().max() < 1e-10


def test_equation_6c_6() -> None:
    rng = np.random.default_rng(2)
    v, w = rng.normal(size=(I, 5)), rng.normal(size=(3, 5))
    model = rec.TwoTower.frozen(v @ w.T)
    e = [w @ row / math.sqrt(sum((w @ row) ** 2)) for row in v]
    mean = (e[1] + e[2] + e[6]) / 3
    expected = [mean @ each / math.sqrt(mean @ mean) for each in e]
    found = model.scores(rec.history_of([1, 2, 6], I))[0]
    np.testing.assert_allclose(found, expected)


def test_equation_6c_7() -> None:
    torch.manual_seed(0)
    users, items = torch.randn(2, 3, 4, dtype=torch.double)
    q, tau = [0.5, 0.2, 0.1], 0.1
    s = (users @ items.T).tolist()
    found = two_tower.in_batch_loss(
        users / tau, items, torch.arange(3), torch.tensor(q).double().log()
    )
    losses = []
    for u in range(3):
        wrong_and_right = [math.exp(s[u][j] / tau - math.log(q[j])) for j in range(3)]
        losses.append(-math.log(wrong_and_right[u] / sum(wrong_and_right)))
    assert float(found) == pytest.approx(sum(losses) / 3)


def test_equation_6c_8(likes) -> None:
    models = {"count": rec.Popularity.fit(likes), "knn": rec.ItemKNN.fit(likes)}
    weights = {"count": 0.25, "knn": 0.75}
    history = rec.history_of([0, 4], I)
    expected = np.zeros(I)
    for name, model in models.items():
        s = model.scores(history)[0]
        deviation = math.sqrt(sum((s - s.mean()) ** 2) / I)
        expected += weights[name] * (s - s.mean()) / deviation
    found = rec.Blend(models, weights).scores(history)[0]
    np.testing.assert_allclose(found, expected)
