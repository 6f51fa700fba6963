"""Page 9: each numbered equation, computed in two ways."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification

from chapter2.data import TextDataset
from chapter2.evaluation.over_seeds import over_seeds
from chapter2.models import load_encoder
from chapter2.objectives import classification
from chapter2.objectives.regularised import label_smoothing, r_drop
from chapter2.training import TrainingConfig, warmup_linear
from chapter2.training.adversarial import fgm
from chapter2.training.finetune import text_batches
from chapter2.training.range_test import range_test
from chapter2.training.resources import estimate

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.1, 0.3, -2.0]], dtype=torch.float64)
OTHERS = torch.tensor([[1.0, 0.2, 0.1], [0.4, -0.6, 1.0]], dtype=torch.float64)
LABELS = {"labels": torch.tensor([2, 1])}


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations("09_faq.ipynb", "9", globals(), "equation ")
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


def test_equation_9_1() -> None:
    """The interval holds the true difference in 95 of 100 pairs of test sets."""
    draw = np.random.default_rng(0)
    a = draw.binomial(200, 0.8, 20_000) / 200
    b = draw.binomial(300, 0.6, 20_000) / 300
    half = 1.96 * np.sqrt(a * (1 - a) / 200 + b * (1 - b) / 300)
    held = (np.abs(a - b - 0.2) <= half).mean()
    assert held == pytest.approx(0.95, abs=0.01)


def test_equation_9_2() -> None:
    w, total = 10, 100
    formula = [t / w if t < w else (total - t) / (total - w) for t in range(total)]
    found = [warmup_linear(t, total, w / total) for t in range(total)]
    assert found == pytest.approx(formula)


def test_equation_9_3() -> None:
    classifier = load_encoder("tiny-random", ["negative", "positive"])
    texts = ["good", "bad", "not good", "not bad at all"] * 4
    config = TrainingConfig(batch_size=4, precision="fp32")
    some = data_of(texts)
    batches = text_batches(classifier, some, config)
    test = range_test(
        classifier.model,
        classification,
        batches,
        config,
        steps=12,
        lowest=1e-6,
        highest=1e-3,
    )
    formula = [1e-6 * (1e-3 / 1e-6) ** (i / 11) for i in range(12)]
    assert test.rates == pytest.approx(formula)


def data_of(texts: list[str]) -> TextDataset:
    labels = tuple(i % 2 for i in range(len(texts)))
    return TextDataset("some", tuple(texts), labels, ("negative", "positive"))


def test_equation_9_4() -> None:
    a = np.random.default_rng(1).random((3, 40)) < 0.7
    b = np.random.default_rng(2).random((3, 40)) < 0.5
    d = a.astype(float) - b
    of_seeds = np.var([row.mean() for row in d], ddof=1) / 3
    of_records = np.var([column.mean() for column in d.T], ddof=1) / 40
    total = of_seeds + of_records
    freedom = total**2 / (of_seeds**2 / 2 + of_records**2 / 39)
    half = stats.t.ppf(0.975, freedom) * math.sqrt(total)
    found = over_seeds(a, b)
    assert (found.low, found.high) == pytest.approx((d.mean() - half, d.mean() + half))


def test_equation_9_5() -> None:
    model = load_encoder("tiny-random", ["negative", "positive"]).model
    need = estimate(model, 4, 16, TrainingConfig(precision="fp32"))
    count = sum(p.numel() for p in model.parameters())
    assert need.weights + need.gradients + need.optimizer == (4 + 4 + 8) * count


def test_equation_9_6() -> None:
    """Micro-batches of 5 and 3 give the gradient of the 8, and a mean of means not."""
    torch.manual_seed(0)
    layer = nn.Linear(4, 2, dtype=torch.float64)
    x, y = torch.randn(8, 4, dtype=torch.float64), torch.arange(8) % 2

    def gradient(rows: slice) -> Tensor:
        layer.zero_grad()
        loss = nn.functional.cross_entropy(layer(x[rows]), y[rows], reduction="sum")
        loss.backward()
        assert layer.weight.grad is not None
        return layer.weight.grad.clone()

    whole = gradient(slice(0, 8)) / 8
    first, second = gradient(slice(0, 5)), gradient(slice(5, 8))
    torch.testing.assert_close((first + second) / (5 + 3), whole)
    assert not torch.allclose((first / 5 + second / 3) / 2, whole)


def test_equation_9_7() -> None:
    epsilon, classes = 0.1, 3
    expected = 0.0
    for logits, y in zip(LOGITS, LABELS["labels"].tolist(), strict=True):
        p = logits.exp() / logits.exp().sum()
        for c in range(classes):
            q = (1 - epsilon) * (c == y) + epsilon / classes
            expected -= q * math.log(p[c])
    found, count = label_smoothing(epsilon, lambda *_: LOGITS)(nn.Identity(), LABELS)
    assert count == 2
    assert float(found) == pytest.approx(expected)


def test_equation_9_8() -> None:
    alpha, expected = 0.7, 0.0
    rows = zip(LOGITS.softmax(-1), OTHERS.softmax(-1), LABELS["labels"], strict=True)
    for p, q, y in rows:
        there = sum(float(a) * math.log(a / b) for a, b in zip(p, q, strict=True))
        back = sum(float(b) * math.log(b / a) for a, b in zip(p, q, strict=True))
        expected += -0.5 * math.log(p[y] * q[y]) + alpha / 4 * (there + back)
    passes = iter((LOGITS, OTHERS))
    objective = r_drop(alpha, lambda *_: next(passes))
    found, _ = objective(nn.Identity(), LABELS)
    assert float(found) == pytest.approx(expected)


class Bag(nn.Module):
    """The mean of a text's embeddings, and two logits; it notes the embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(9, 4), nn.Linear(4, 2)
        self.seen: list[Tensor] = []

    def get_input_embeddings(self) -> nn.Embedding:
        return self.table

    def forward(self, input_ids: Tensor, **_: Tensor) -> Tensor:
        e = self.table(input_ids)
        self.seen.append(e)
        return self.head(e.tanh().mean(dim=1))


def test_equation_9_9() -> None:
    torch.manual_seed(0)
    model, epsilon = Bag(), 0.5
    ids = torch.tensor([[1, 2, 3], [4, 5, 6]])
    batch = {"input_ids": ids, "labels": torch.tensor([0, 1])}

    def loss(model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        logits = model(batch["input_ids"])
        summed = nn.functional.cross_entropy(logits, batch["labels"], reduction="sum")
        return summed, torch.tensor(2)

    fgm(loss, epsilon)(model, batch)
    clean, moved = model.seen
    e = clean.detach().requires_grad_()
    logits = model.head(e.tanh().mean(dim=1))
    total = nn.functional.cross_entropy(logits, batch["labels"], reduction="sum")
    (g,) = torch.autograd.grad(total, e)
    expected = torch.stack([epsilon * one / one.norm() for one in g])
    torch.testing.assert_close((moved - clean).detach(), expected)


@pytest.mark.parametrize(
    ("layers", "width", "batch", "length", "gibibytes"),
    [(6, 384, 32, 32, 1), (12, 768, 8, 128, 4)],
)
def test_a_step_fits_into_a_laptop(layers, width, batch, length, gibibytes) -> None:
    shape = {"num_hidden_layers": layers, "hidden_size": width}
    heads = {"num_attention_heads": 12, "intermediate_size": 4 * width}
    with torch.device("meta"):
        model = BertForSequenceClassification(BertConfig(**shape, **heads))
    config = TrainingConfig(precision="fp32")
    need = estimate(model, batch, length, config, device="cpu")
    assert need.total < gibibytes * 2**30
