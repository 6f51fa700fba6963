"""Page 4c: each numbered equation, computed in two ways."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from sklearn.feature_extraction.text import TfidfVectorizer

from chapter2 import objectives
from chapter2.models import BertConfig, BertForPretraining
from chapter2.training.step import accumulate_gradients

CONFIG = BertConfig(vocab_size=40, width=16, layers=2, heads=2, inner=32, positions=32)
HAND = [(2, [1.0, -1.0], 0, 0.440 + 1.006), (1, [0.5, 0.0], 1, 0.500)]


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations(
        "04c_next_sentence_prediction.ipynb", "4", globals()
    )
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


@pytest.fixture
def model() -> BertForPretraining:
    return BertForPretraining(CONFIG).double().eval()


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    """Six pairs that hide two tokens each."""
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(5, 40, (6, 12), generator=draw)
    labels = torch.full_like(ids, -100)
    labels[:, 2:4] = ids[:, 2:4]
    types = (torch.arange(12) > 5).long().expand(6, 12)
    answers = torch.tensor([0, 1, 1, 0, 1, 0])
    return {
        "input_ids": ids,
        "labels": labels,
        "token_type_ids": types,
        "next_sentence_label": answers,
    }


def quotient(model, batches, objective) -> float:
    loss, count, _ = accumulate_gradients(model, objective, batches, "fp32")
    return float(loss / count)


def test_equation_4_25(model, batch) -> None:
    with torch.no_grad():
        ids, types = batch["input_ids"], batch["token_type_ids"]
        first = model.bert(ids, token_type_ids=types).hidden[:, 0]  # (B, D)
        pooler, head = model.bert.pooler, model.nsp
        z = torch.tanh(first @ pooler.weight.T + pooler.bias) @ head.weight.T
        by_hand = (z + head.bias).exp()
        by_hand /= by_hand.sum(dim=1, keepdim=True)
        p = model(ids, token_type_ids=types).nsp_logits.softmax(dim=-1)
    torch.testing.assert_close(p, by_hand)


def test_equation_4_26() -> None:
    draw = torch.Generator().manual_seed(0)
    z = torch.randn(7, 2, generator=draw, dtype=torch.float64)
    y = torch.tensor([0, 1, 1, 0, 0, 1, 0])
    first = [-math.log(row.softmax(0)[a]) for row, a in zip(z, y, strict=True)]
    second = [
        math.log(1 + math.exp(row[1 - a] - row[a]))
        for row, a in zip(z.tolist(), y.tolist(), strict=True)
    ]
    assert first == pytest.approx(second, rel=1e-12)
    loss, count = objectives.next_sentence(z, y)
    assert (loss / count).item() == pytest.approx(sum(second) / 7, rel=1e-12)


def test_equation_4_27() -> None:
    def risk(p: float) -> float:
        return -0.5 * math.log(p) - 0.5 * math.log(1 - p)

    best = minimize_scalar(risk, bounds=(1e-6, 1 - 1e-6), method="bounded")
    assert best.x == pytest.approx(0.5, abs=1e-4)
    assert best.fun == pytest.approx(math.log(2), rel=1e-8)
    loss, count = objectives.next_sentence(torch.zeros(4, 2), torch.tensor([0, 1] * 2))
    assert (loss / count).item() == pytest.approx(math.log(2), rel=1e-6)


def test_equation_4_28(model, batch) -> None:
    with torch.no_grad():
        logits = model(batch["input_ids"], token_type_ids=batch["token_type_ids"])
        p = logits.mlm_logits.softmax(dim=-1)
        q = logits.nsp_logits.softmax(dim=-1)
    masked = [
        -math.log(p[b, i, v])
        for b, row in enumerate(batch["labels"].tolist())
        for i, v in enumerate(row)
        if v != -100
    ]
    pairs = [-math.log(q[b, y]) for b, y in enumerate(batch["next_sentence_label"])]
    J = sum(masked) / 12 + sum(pairs) / 6  # noqa: N806
    means = objectives.joint_terms(model, batch).means
    assert sum(means).item() == pytest.approx(J, rel=1e-12)


def test_equation_4_29() -> None:
    pair = [math.log(1 + math.exp(z[1 - y] - z[y])) for _, z, y, _ in HAND]
    assert pair == pytest.approx([0.127, 0.974], abs=5e-4)
    masked = sum(loss for *_, loss in HAND) / sum(m for m, *_ in HAND)
    assert masked + sum(pair) / 2 == pytest.approx(1.199, abs=1e-3)
    own = sum(loss + m * ell for (m, _, _, loss), ell in zip(HAND, pair, strict=True))
    assert own / 3 == pytest.approx(1.058, abs=1e-3)  # what the page calls wrong


def test_equation_4_30(model, batch) -> None:
    J = sum(objectives.joint_terms(model, batch).means).item()  # noqa: N806
    objective = partial(objectives.joint, masked_per_pair=2)
    for cuts in ([(0, 6)], [(0, 1), (1, 6)], [(0, 2), (2, 3), (3, 6)]):
        parts = [{k: v[a:b] for k, v in batch.items()} for a, b in cuts]
        assert quotient(model, parts, objective) == pytest.approx(J, rel=1e-12)


def test_equation_4_31(model, batch) -> None:
    for p in model.parameters():
        torch.nn.init.zeros_(p)
    loss, count = objectives.joint(model, batch, masked_per_pair=2)
    expected = math.log(40) + math.log(2)
    assert (loss / count).item() == pytest.approx(expected, rel=1e-12)


def test_equation_4_32() -> None:
    a, b = "the cat sat on the mat", "a cat saw the other cat"
    vectors = TfidfVectorizer(sublinear_tf=True).fit_transform([a, b]).toarray()
    dot = sum(x * y for x, y in zip(*vectors.tolist(), strict=True))
    norms = [math.sqrt(sum(x * x for x in row)) for row in vectors.tolist()]
    s = dot / (norms[0] * norms[1])
    assert 0 < s < 1
    assert norms == pytest.approx([1, 1])  # so the page's product is the cosine
    assert float(vectors[0] @ vectors[1]) == pytest.approx(s)
    assert np.dot(vectors[1], vectors[0]) == pytest.approx(s)


def test_one_sentence_alone_does_not_tell() -> None:
    """The first sentence of a pair has the same label either way, by the seed."""
    documents = [[f"{d} {i}" for i in range(5)] for d in range(30)]
    drawn = [
        [pair.label for pair in objectives.sentence_pairs(documents, seed)]
        for seed in range(200)
    ]
    share = np.mean(drawn, axis=0)  # of "not next", for each first sentence
    assert np.abs(share - 0.5).max() < 0.16  # four and a half deviations
