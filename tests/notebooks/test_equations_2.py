"""Page 2: each numbered equation in two ways, and what the page says of the source."""

from __future__ import annotations

import ast
import math
from itertools import product
from pathlib import Path

import nbformat
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from chapter2 import models
from chapter2.models.attention import attention_weights, causal_bias
from chapter2.models.bert import BertConfig, BertForPretraining
from chapter2.models.scoring import token_log_probabilities
from chapter2.objectives.masked import masked_lm

ROOT = Path(__file__).resolve().parents[2]
CELLS = nbformat.read(ROOT / "notebooks" / "02_concepts.ipynb", as_version=4).cells
SIZES = {"vocab_size": 40, "width": 16, "heads": 2, "inner": 24, "positions": 12}


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations("02_concepts.ipynb", "2", globals())
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


@pytest.fixture
def recurrent() -> models.RecurrentLM:
    return models.RecurrentLM(
        models.RecurrentConfig("gru", vocab_size=4, width=8)
    ).eval()


@pytest.fixture
def gpt() -> models.GPT:
    return models.GPT(models.GPTConfig(**SIZES), seed=1).eval()


@pytest.fixture
def bert() -> BertForPretraining:
    return BertForPretraining(BertConfig(**SIZES), seed=1).eval()


@torch.inference_mode()
def test_equation_2_1(recurrent) -> None:
    """The product over the positions is a distribution over all sequences."""
    total = 0.0
    for rest in product(range(4), repeat=4):
        ids, p = [0], 1.0
        for token in rest:  # each factor from its own beginning alone
            p *= float(recurrent(torch.tensor([ids]))[0, -1].softmax(-1)[token])
            ids.append(token)
        at_once = token_log_probabilities(recurrent, ids).sum().exp()
        assert p == pytest.approx(float(at_once), rel=1e-4)
        total += p
    assert total == pytest.approx(1, abs=1e-5)


@torch.inference_mode()
def test_equation_2_2(gpt) -> None:
    ids = [3, 17, 5, 5, 29, 8]
    logs = token_log_probabilities(gpt, ids)
    p = gpt(torch.tensor([ids]))[0].double().softmax(-1)
    factors = [float(p[t, ids[t + 1]]) for t in range(5)]
    assert float(logs.sum()) == pytest.approx(math.log(math.prod(factors)), rel=1e-5)
    geometric = math.prod(factors) ** (-1 / 5)  # 1 / the factors' geometric mean
    assert float((-logs.mean()).exp()) == pytest.approx(geometric, rel=1e-5)


@torch.inference_mode()
def test_equation_2_3(bert) -> None:
    shown = torch.tensor([[1, 4, 2, 4, 9, 2]])  # 4 stands for [MASK]
    labels = torch.tensor([[-100, 7, -100, 30, -100, -100]])
    batch = {"input_ids": shown, "labels": labels}
    loss, count = masked_lm(bert, batch)
    p = bert(shown).mlm_logits[0].double().softmax(-1)
    by_hand = -math.log(float(p[1, 7])) - math.log(float(p[3, 30]))
    assert float(loss) == pytest.approx(by_hand, rel=1e-5)
    assert count == 2


def test_equation_2_4() -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 1, 1, 5, 4)
    bias = causal_bias(5, 5, q.device)
    found = attention_weights(q, k, bias) @ v
    for i in range(5):  # in plain Python, over the positions that i may look at
        scores = [
            sum(a * b for a, b in zip(q[0, 0, i].tolist(), row, strict=True)) / 2
            for row in k[0, 0, : i + 1].tolist()
        ]
        exponentials = [math.exp(s) for s in scores]
        shares = torch.tensor([e / sum(exponentials) for e in exponentials])
        expected = shares @ v[0, 0, : i + 1]
        torch.testing.assert_close(found[0, 0, i], expected, atol=1e-5, rtol=0)
    kernel = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(found, kernel, atol=1e-5, rtol=0)


def normed(x: Tensor) -> Tensor:
    """LayerNorm of new weights (gain 1, shift 0), by its definition."""
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-12).sqrt()


@torch.inference_mode()
def test_equation_2_5(bert) -> None:
    layer = bert.bert.layers[0]
    h = torch.randn(1, 6, 16, generator=torch.Generator().manual_seed(2))
    a = normed(h + layer.attention(h)[0])
    inside = a @ layer.inner.weight.T + layer.inner.bias
    gelu = inside * 0.5 * (1 + torch.erf(inside / math.sqrt(2)))
    after = normed(a + gelu @ layer.outer.weight.T + layer.outer.bias)
    torch.testing.assert_close(layer(h, None), after, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["tiny", "mini", "small", "base"])
def test_equation_2_6(name) -> None:
    c = BertConfig.preset(name)
    v, d, n, i, p, s = (
        getattr(c, field)
        for field in ("vocab_size", "width", "layers", "inner", "positions", "segments")
    )
    layer = 4 * (d**2 + d) + 2 * d * i + i + d + 4 * d
    formula = (v + p + s) * d + 2 * d + n * layer + d**2 + d
    with torch.device("meta"):
        built = models.Bert(c)
    assert models.count_parameters(built) == formula
    assert models.bert_parameters(c, heads=False) == formula


@torch.inference_mode()
def influence(outputs, length: int = 6) -> Tensor:
    """(L, L) bool: does output i change when token j of the input is changed?"""
    ids = torch.arange(5, 5 + length)[None]
    before, columns = outputs(ids), []
    for j in range(length):
        other = ids.clone()
        other[0, j] = 33
        columns.append((outputs(other) - before)[0].abs().amax(-1) > 1e-7)
    return torch.stack(columns, dim=1)


def test_an_autoregressive_model_sees_the_left_only(gpt) -> None:
    left_and_itself = torch.ones(6, 6).tril().bool()
    assert torch.equal(influence(gpt), left_and_itself)


def test_one_architecture_serves_both_objectives(gpt, bert) -> None:
    """Two Transformers, one of each kind; and one kind without a Transformer."""
    attentions = [
        {type(m).__name__ for m in model.modules() if "Attention" in type(m).__name__}
        for model in (gpt, bert)
    ]
    assert attentions == [{"SelfAttention"}, {"SelfAttention"}]
    assert influence(lambda x: bert(x).mlm_logits).all()
    config = models.RecurrentConfig("lstm", vocab_size=40, width=8)
    lstm = models.RecurrentLM(config).eval()
    assert torch.equal(influence(lstm), influence(gpt))


def arrows() -> set[str]:
    """The arrows of the page's map, as ``from-to``."""
    code = next(c.source for c in CELLS if "ARROWS =" in c.source)
    found: dict[str, str] = {}
    for line in ast.parse(code).body:
        if isinstance(line, (ast.Assign, ast.AugAssign)):
            name = ast.unparse(
                line.targets[0] if hasattr(line, "targets") else line.target
            )
            if name == "ARROWS":
                found[name] = found.get(name, "") + ast.literal_eval(line.value)
    return set(found["ARROWS"].split())


def test_the_map_hangs_each_source_of_targets_on_its_phase() -> None:
    drawn = arrows()
    assert {"text-pre", "pre-fine", "labels-fine"} <= drawn
    assert not {"labels-pre", "text-fine"} & drawn


def test_the_map_keeps_architectures_apart_from_objectives() -> None:
    drawn = arrows()
    assert {"arch-trans", "trans-gpt", "trans-bert", "ar-gpt", "ae-bert"} <= drawn
    kinds, goals = {"arch", "rnn", "trans"}, {"goal", "ar", "ae"}
    pairs = [tuple(arrow.split("-")) for arrow in drawn]
    assert not [p for p in pairs if {*p} & kinds and {*p} & goals]
