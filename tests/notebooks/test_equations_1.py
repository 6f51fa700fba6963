"""Page 1: each numbered equation, computed in two ways."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from chapter2 import evaluation
from chapter2.models.ngram import KneserNey, fit
from chapter2.models.recurrent import lstm_step, rnn_step

V = 5


@pytest.fixture
def model() -> KneserNey:
    rows = np.random.default_rng(0).integers(0, V, (20, 12)) % np.array([5, 3] * 6)
    return fit(list(rows), V, 3)


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations(
        "01_background.ipynb", "1", globals(), mention="equation "
    )
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


def test_equation_1_1(model: KneserNey) -> None:
    """By the chain rule the probabilities of all texts of one length sum to 1."""
    texts = itertools.product(range(V), repeat=4)
    total = sum(math.exp(model.log_probabilities(text).sum()) for text in texts)
    assert total == pytest.approx(1, rel=1e-9)


def test_equation_1_2(model: KneserNey) -> None:
    blocks = np.random.default_rng(1).integers(0, V, (6, 9))
    logs = np.concatenate([model.log_probabilities(row)[1:] for row in blocks])
    found = evaluation.perplexity(model, blocks).value
    assert found == pytest.approx(math.exp(-logs.mean()), rel=1e-5)
    uniform = evaluation.perplexity(lambda ids: torch.zeros(*ids.shape, V), blocks)
    assert uniform.value == pytest.approx(V)


def test_equation_1_3(model: KneserNey) -> None:
    """With n = 3, what stands three tokens back changes nothing."""
    kept = [model.distributions([first, 1, 2])[-1] for first in range(V)]
    np.testing.assert_array_equal(kept, np.tile(kept[0], (V, 1)))
    assert not np.allclose(kept[0], model.distributions([0, 0, 2])[-1])


def weights(gates: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(gates)
    shapes = [(gates * 3, 3), (gates * 3, 3), (gates * 3,), (gates * 3,)]
    return [torch.randn(*s, generator=generator, dtype=torch.double) for s in shapes]


X = torch.tensor([[0.3, -1.0, 2.0]], dtype=torch.double)
H = torch.tensor([[0.5, 0.1, -0.4]], dtype=torch.double)


def test_equation_1_4() -> None:
    w, u, b, c = weights(1)
    for row in range(3):
        inner = (w[row] @ X[0]) + b[row] + (u[row] @ H[0]) + c[row]
        expected = math.tanh(inner)
        assert float(rnn_step(X, H, w, u, b, c)[0, row]) == pytest.approx(expected)


def test_equation_1_5() -> None:
    w, u, b, c = weights(4)
    cell = torch.tensor([[1.0, -2.0, 0.7]], dtype=torch.double)
    h, after = lstm_step(X, (H, cell), w, u, b, c)
    i, f, g, o = (X @ w.T + b + H @ u.T + c)[0].reshape(4, 3)
    expected = torch.sigmoid(f) * cell[0] + torch.sigmoid(i) * torch.tanh(g)
    torch.testing.assert_close(after[0], expected)
    torch.testing.assert_close(h[0], torch.sigmoid(o) * torch.tanh(expected))


def test_equation_1_6() -> None:
    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 6, 4, generator=generator, dtype=torch.double)
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    for t in range(6):
        fits = [math.exp(float(q[t] @ k[s]) / math.sqrt(4)) for s in range(t + 1)]
        a = sum(fit_s / sum(fits) * v[s] for s, fit_s in enumerate(fits))
        torch.testing.assert_close(a, expected[t])
