"""Page 3c: each numbered equation, computed in two ways."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chapter2.models import Classifier, load_encoder
from chapter2.models.fast_bert import run_layer
from chapter2.objectives import classification
from chapter2.training.adversarial import fgm
from chapter2.tuning import tune
from chapter2.tuning.adapters import Adapter
from chapter2.tuning.lora import LoRALinear, LoRAOptions
from chapter2.tuning.svd import SVDLinear


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations(
        "03c_fine_tuning_methods.ipynb", "3c", globals(), "equation "
    )
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


@pytest.fixture
def draw() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def base() -> Classifier:
    return load_encoder("tiny-random", ["negative", "positive"])


def wide(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=draw, dtype=torch.float64)


def times(matrix: Tensor, x: list[float]) -> list[float]:
    """A matrix by a vector, sum by sum."""
    return [sum(w * v for w, v in zip(row, x, strict=True)) for row in matrix.tolist()]


def randomised(layer: nn.Module, draw: torch.Generator) -> nn.Module:
    """The layer with no number left at zero."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(wide(draw, *parameter.shape))
    return layer


def linear() -> nn.Linear:
    return nn.Linear(5, 4, dtype=torch.float64)


def inserted(base: Classifier, method: str, **options: object) -> int:
    """The numbers that ``method`` trains beside the head."""
    tuned = tune(base, method, **options)
    return tuned.trainable - tune(base, "head").trainable


def test_equation_3c_1(draw) -> None:
    layer = LoRALinear(linear(), LoRAOptions(rank=2, alpha=3), draw)
    randomised(layer, draw)
    x = wide(draw, 5)
    frozen = times(layer.base.weight, x.tolist())
    change = times(layer.B, times(layer.A, x.tolist()))
    expected = [
        w + b + 3 / 2 * c
        for w, b, c in zip(frozen, layer.base.bias.tolist(), change, strict=True)
    ]
    assert layer(x).tolist() == pytest.approx(expected, rel=1e-12)


def test_equation_3c_2(base) -> None:
    config = base.model.config
    wide_to = config.intermediate_size + config.hidden_size
    found = inserted(base, "lora", rank=3, targets=("intermediate.dense",))
    assert found == config.num_hidden_layers * 3 * wide_to


def test_equation_3c_3(base, draw) -> None:
    layer = randomised(SVDLinear(linear(), 2, 3.0, 0.85, draw), draw)
    assert isinstance(layer, SVDLinear)
    x = wide(draw, 5)
    rows = times(layer.Q, x.tolist())
    seen = [q * s for q, s in zip(rows, layer.Lambda.tolist(), strict=True)]
    expected = [
        w + b + 3 / 2 * c
        for w, b, c in zip(
            times(layer.base.weight, x.tolist()),
            layer.base.bias.tolist(),
            times(layer.P, seen),
            strict=True,
        )
    ]
    assert layer(x).tolist() == pytest.approx(expected, rel=1e-12)
    config = base.model.config
    found = inserted(base, "adalora", initial_rank=5, rank=4, targets=("query",))
    assert found == config.num_hidden_layers * 5 * (2 * config.hidden_size + 1)


def gelu(x: float) -> float:
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


def test_equation_3c_4(draw) -> None:
    layer = randomised(Adapter(4, 3, draw).double(), draw)
    h = wide(draw, 4)
    below = zip(
        times(layer.down.weight, h.tolist()), layer.down.bias.tolist(), strict=True
    )
    inner = [gelu(w + b) for w, b in below]
    above = zip(
        h.tolist(),
        times(layer.up.weight, inner),
        layer.up.bias.tolist(),
        strict=True,
    )
    assert layer(h).tolist() == pytest.approx([sum(t) for t in above], rel=1e-12)


def test_equation_3c_5(draw) -> None:
    width, bottleneck = 7, 3
    found = sum(p.numel() for p in Adapter(width, bottleneck, draw).parameters())
    assert found == 2 * width * bottleneck + bottleneck + width


def test_equation_3c_6(base) -> None:
    """The attention of a layer with a prefix, beside one of the formula."""
    model = tune(base, "prefix", length=3).model.model.double()
    layer, heads = model.bert.encoder.layer[0], model.config.num_attention_heads
    draw = torch.Generator().manual_seed(0)
    hidden = wide(draw, 1, 5, model.config.hidden_size)
    inside = layer.attention.self

    def split(rows: Tensor) -> Tensor:  # (1, n, D) to (H, n, d)
        return rows[0].unflatten(-1, (heads, -1)).transpose(0, 1)

    keys = torch.cat([inside.key.prefix.weight[None], inside.key.linear(hidden)], 1)
    values = [inside.value.prefix.weight[None], inside.value.linear(hidden)]
    q, k, v = (
        split(rows) for rows in (inside.query(hidden), keys, torch.cat(values, 1))
    )
    weights = (q @ k.mT / math.sqrt(q.shape[-1])).softmax(dim=-1)
    mixed = (weights @ v).transpose(0, 1).flatten(1)[None]
    joined = layer.attention.output(mixed, hidden)
    expected = layer.output(F.gelu(layer.intermediate.dense(joined)), joined)
    torch.testing.assert_close(run_layer(layer, hidden, hidden, None), expected)


def test_equation_3c_7(base) -> None:
    config = base.model.config
    found = inserted(base, "prefix", length=6)
    assert found == 2 * config.num_hidden_layers * 6 * config.hidden_size


def test_adapters_add_parameters(base) -> None:
    adapted, lora = tune(base, "adapters", bottleneck=4), tune(base, "lora")
    plain = tune(base).total
    assert adapted.total > plain
    assert lora.total > plain
    merged = lora.merged().model
    assert sum(p.numel() for p in merged.parameters()) == plain


@pytest.mark.parametrize("method", ["full", "lora"])
def test_what_is_trained_and_what_is_minimised_are_two_choices(base, method) -> None:
    model = tune(base, method).model
    ids = torch.tensor([[2, 7, 8, 3], [2, 9, 6, 3]])
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    batch["labels"] = torch.tensor([0, 1])
    loss, count = fgm(classification, epsilon=1.0)(model, batch)
    (loss / count).backward()
    touched = {n for n, p in model.named_parameters() if p.grad is not None}
    assert touched == {n for n, p in model.named_parameters() if p.requires_grad}
