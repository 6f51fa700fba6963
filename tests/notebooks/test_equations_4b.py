"""Page 4b: each numbered equation, computed in two ways."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from chapter2 import objectives
from chapter2.models import BertConfig, BertForPretraining
from chapter2.objectives.masked import RATE, SHARES, corrupt
from chapter2.objectives.spans import length_distribution

MASK, ORDINARY = 0, [1, 2, 3, 4]  # a vocabulary of five


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations(
        "04b_masked_language_model.ipynb", "4", globals()
    )
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


@pytest.fixture
def logits() -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randn(2, 6, 5, generator=draw, dtype=torch.float64)


@pytest.fixture
def labels() -> torch.Tensor:
    return torch.tensor([[-100, 1, -100, 3, 2, -100], [4, -100, -100, -100, 1, -100]])


def asked(labels: torch.Tensor) -> list[tuple[int, int, int]]:
    return [
        (b, i, label)
        for b, row in enumerate(labels.tolist())
        for i, label in enumerate(row)
        if label != -100
    ]


def probability(row: list[float], v: int) -> float:
    return math.exp(row[v]) / sum(math.exp(z) for z in row)


def corruption(v: int, x: int) -> float:
    """q(v | x) as the page writes it."""
    kept = RATE * (SHARES[0] * (v == MASK) + SHARES[2] * (v == x))
    drawn = RATE * SHARES[1] / len(ORDINARY) * (v in ORDINARY)
    return (1 - RATE) * (v == x) + kept + drawn


def test_equation_4_16(logits) -> None:
    p = logits.softmax(dim=-1)
    for b, i, v in product(range(2), range(6), range(5)):
        by_hand = probability(logits[b, i].tolist(), v)
        assert p[b, i, v].item() == pytest.approx(by_hand, rel=1e-12)


def test_equation_4_17(logits, labels) -> None:
    terms = [
        -math.log(probability(logits[b, i].tolist(), v)) for b, i, v in asked(labels)
    ]
    loss, count = objectives.masked_loss(logits, labels)
    assert (loss / count).item() == pytest.approx(sum(terms) / len(terms), rel=1e-12)


def test_equation_4_18(logits, labels) -> None:
    logits.requires_grad_()
    loss, count = objectives.masked_loss(logits, labels)
    (loss / count).backward()
    expected = torch.zeros_like(logits)
    for b, i, x in asked(labels):
        for v in range(5):
            p = probability(logits[b, i].tolist(), v)
            expected[b, i, v] = (p - (v == x)) / len(asked(labels))
    torch.testing.assert_close(logits.grad, expected.detach())


def test_equation_4_19(labels) -> None:
    loss, count = objectives.masked_loss(torch.zeros(2, 6, 5).double(), labels)
    assert (loss / count).item() == pytest.approx(math.log(5), rel=1e-12)


def test_equation_4_20() -> None:
    """Every draw of the corruption, on a grid: chosen or not, action, replacement."""
    grid = 100
    middles = ((torch.arange(grid) + 0.5) / grid).double()
    for x in ORDINARY:
        shown = torch.zeros(5, dtype=torch.float64)
        for chance, replacement in product(middles.tolist(), ORDINARY):
            ids = torch.full((1, grid), x)
            chosen = torch.full((1, grid), chance < RATE)
            other = torch.full((1, grid), replacement)
            row = corrupt(ids, chosen, middles[None], other, MASK)
            shown += torch.bincount(row[0], minlength=5)
        q = [corruption(v, x) for v in range(5)]
        assert sum(q) == pytest.approx(1)
        assert (shown / shown.sum()).tolist() == pytest.approx(q, abs=1e-12)


def test_equation_4_21() -> None:
    for x in ORDINARY:
        closed = 1 - RATE * (0.9 - 0.1 / len(ORDINARY))
        assert corruption(x, x) == pytest.approx(closed, rel=1e-12)


def test_equation_4_22() -> None:
    """Of n independent choices: summed over all 2^n outcomes."""
    n = 8
    outcomes = list(product((0, 1), repeat=n))
    weights = [math.prod(RATE if c else 1 - RATE for c in row) for row in outcomes]
    mean = sum(w * sum(row) for w, row in zip(weights, outcomes, strict=True))
    second = sum(w * sum(row) ** 2 for w, row in zip(weights, outcomes, strict=True))
    assert mean == pytest.approx(n * RATE, rel=1e-12)
    assert second - mean**2 == pytest.approx(n * RATE * (1 - RATE), rel=1e-9)


def test_equation_4_23() -> None:
    """The multiplications of the word table, counted as the model calls it."""
    width, size, length = 8, 50, 20
    config = BertConfig(
        vocab_size=size, width=width, layers=1, heads=1, inner=8, positions=32
    )
    model, counted = BertForPretraining(config), []
    heads = model.mlm_logits

    def counting(hidden: torch.Tensor) -> torch.Tensor:
        counted.append(2 * hidden.shape[:-1].numel() * width * size)
        return heads(hidden)

    model.mlm_logits = counting
    ids = torch.randint(5, size, (1, length))
    labels = torch.full_like(ids, -100)
    labels[0, :3] = ids[0, :3]
    model(ids)
    objectives.masked_lm(model, {"input_ids": ids, "labels": labels})
    everywhere, hidden = counted
    assert everywhere == 2 * length * width * size
    assert hidden == 3 / length * everywhere


def test_equation_4_24() -> None:
    s = 0.2
    p = [s * (1 - s) ** (n - 1) / (1 - (1 - s) ** 10) for n in range(1, 11)]
    assert sum(p) == pytest.approx(1)
    assert sum(n * p[n - 1] for n in range(1, 11)) == pytest.approx(3.8, abs=0.005)
    assert length_distribution().tolist() == pytest.approx(p, rel=1e-12)


def test_the_source_s_formula_has_no_gradient() -> None:
    """log q(corrupted | text) is a number of the rule alone: no weight is in it."""
    shown, text = [MASK, 2, 3], [1, 2, 4]
    value = sum(math.log(corruption(v, x)) for v, x in zip(shown, text, strict=True))
    model = BertForPretraining(BertConfig(width=8, layers=1, heads=1, inner=8))
    loss = torch.tensor(value) + sum(0 * p.sum() for p in model.parameters())
    loss.backward()
    assert value < 0
    assert not any(p.grad.any() for p in model.parameters())


def test_a_mean_over_all_positions_is_mostly_that_of_copying() -> None:
    """A model that copies what it sees, and knows nothing of hidden tokens."""
    size, n = 1000, 100
    ids = torch.arange(n)[None]
    hidden = torch.zeros(1, n, dtype=torch.bool)
    hidden[0, :15] = True
    logits = 50.0 * torch.nn.functional.one_hot(ids, size).float()
    logits[hidden] = 0.0  # shown [MASK], it guesses evenly
    everywhere, all_count = objectives.masked_loss(logits, ids)
    labels = torch.where(hidden, ids, -100)
    loss, count = objectives.masked_loss(logits, labels)
    assert (loss / count).item() == pytest.approx(math.log(size), rel=1e-5)
    assert (everywhere / all_count).item() == pytest.approx(0.15 * math.log(size), 1e-5)
