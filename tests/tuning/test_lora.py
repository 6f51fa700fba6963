"""LoRA against peft's and its own formula; what it says of start, base and merging."""

import copy
import math

import pytest
import torch
from torch import nn

from chapter2.models import load_encoder
from chapter2.models.fast_bert import classify
from chapter2.tuning import tune
from chapter2.tuning.lora import LoRALinear, LoRAOptions

D, LAYERS, C = 32, 2, 2  # of tiny-random


@pytest.fixture(scope="module")
def base():
    """Return a tiny classifier of large weights: as drawn, layers hardly matter."""
    made = load_encoder("tiny-random", ("a", "b"), seed=3)
    with torch.no_grad():
        for parameter in made.model.parameters():
            if parameter.ndim == 2:
                parameter.mul_(8)
    return made


def test_the_layer_is_its_formula_and_divides_by_the_rank():
    linear = nn.Linear(5, 7).double()
    generator = torch.Generator().manual_seed(0)
    layer = LoRALinear(linear, LoRAOptions(rank=3, alpha=6.0), generator)
    nn.init.normal_(layer.B, generator=generator)
    x = torch.randn(2, 4, 5, dtype=torch.double, generator=generator)
    change = (6.0 / 3) * layer.B @ layer.A
    expected = x @ (linear.weight + change).T + linear.bias
    assert torch.allclose(layer(x), expected, rtol=0, atol=1e-14)
    bound = 1 / math.sqrt(5)  # Kaiming-uniform with a = sqrt(5)
    assert 0.5 * bound < layer.A.abs().max() <= bound


def test_starts_as_the_base_and_leaves_it_alone(base, batch, stir):
    before = copy.deepcopy(base.model.state_dict())
    tuned = tune(base, "lora", rank=4)
    # torch picks another kernel where a weight is frozen: the last bit may differ, so
    # the same bits are asked of the base with the same weights frozen
    frozen, start = tune(base, "head"), classify(tuned.model, batch())
    assert torch.equal(start, classify(frozen.model, batch()))
    assert torch.allclose(start, classify(base.model, batch()), rtol=0, atol=1e-6)
    stir(tuned.model)
    assert not torch.equal(
        classify(tuned.model, batch()), classify(base.model, batch())
    )
    after = base.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_short_way_and_the_models_own_agree(base, batch, stir):
    tuned = tune(base, "lora", rank=4)
    stir(tuned.model)
    own = tuned.model(**batch()).logits
    assert torch.allclose(classify(tuned.model, batch()), own, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("targets", "thin"),
    [
        (("query", "value"), 2 * 2 * D),
        (("query", "key", "value"), 3 * 2 * D),
        (("intermediate.dense",), D + 64),
        # as in peft, "output.dense" is also the end of "attention.output.dense"
        (("output.dense",), 2 * D + D + 64),
    ],
)
def test_trains_what_the_closed_formula_counts(base, targets, thin):
    tuned = tune(base, "lora", rank=4, targets=targets)
    head = (D * D + D) + (D * C + C)  # pooler, classifier
    # r (D_in + D_out) for each target of each layer
    assert tuned.trainable == 4 * LAYERS * thin + head
    assert tuned.total == sum(p.numel() for p in base.model.parameters()) + (
        4 * LAYERS * thin
    )


def test_merged_equals_unmerged_to_1e_6_in_float32_and_1e_13_in_float64(
    base, batch, stir
):
    tuned = tune(base, "lora", rank=4)
    stir(tuned.model)
    for dtype, tolerance in [(torch.float32, 1e-6), (torch.float64, 1e-13)]:
        tuned.model.to(dtype)
        plain = tuned.merged()
        assert not any(isinstance(m, LoRALinear) for m in plain.model.modules())
        with torch.no_grad():
            one = classify(tuned.model, batch())
            other = classify(plain.model, batch())
        assert one.dtype == dtype
        assert not torch.equal(one, classify(base.model, batch()))
        assert torch.allclose(one, other, rtol=0, atol=tolerance)


def test_a_seed_decides_what_is_drawn_and_nothing_else_is(base):
    state = torch.random.get_rng_state()
    first, again, other = (tune(base, "lora", seed=s).model for s in (1, 1, 2))
    assert torch.equal(state, torch.random.get_rng_state())
    drawn = [
        m.bert.encoder.layer[0].attention.self.query.A for m in (first, again, other)
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_same_logits_and_gradients_as_peft(base, batch, stir):
    ours = tune(base, "lora", rank=4, alpha=8.0)
    stir(ours.model)
    ours.model.double()
    theirs = tune(base, "lora", backend="peft", rank=4, alpha=8.0)
    theirs.model.double()
    pairs = list(partners(ours.model, theirs.model))
    with torch.no_grad():
        for mine, peft in pairs:
            peft.copy_(mine)
    for model in (ours.model, theirs.model):
        classify(model, batch()).square().sum().backward()
    same = torch.allclose(
        classify(ours.model, batch()),
        classify(theirs.model, batch()),
        rtol=0,
        atol=1e-12,
    )
    assert same
    assert len(pairs) == 2 * 2 * LAYERS + 4
    for mine, peft in pairs:
        assert mine.grad.abs().max() > 0
        assert torch.allclose(mine.grad, peft.grad, rtol=1e-9, atol=1e-12)


def partners(ours, theirs):
    """Yield our trained parameters, each with peft's of the same meaning."""
    found = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        if not parameter.requires_grad:
            continue
        head, _, last = name.rpartition(".")
        if last in "AB":
            key = f"{head}.lora_{last}.default.weight"
        else:
            part = "pooler" if "pooler" in name else "classifier"
            key = name.replace(part, f"{part}.modules_to_save.default")
        yield parameter, found[f"base_model.model.{key}"]
