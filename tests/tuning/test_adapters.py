"""Houlsby adapters against the paper's formula, on both ways through BERT."""

import copy

import pytest
import torch
import torch.nn.functional as F

from chapter2.errors import UsageError
from chapter2.models.fast_bert import classify
from chapter2.tuning.adapters import Adapted, AdapterOptions, apply

CLASSES = ("a", "b", "c")
D, M, LAYERS, C = 32, 8, 2, 3  # of tiny-random; the bottleneck


@pytest.fixture
def adapted(base):
    """Return the base with adapters far from the identity, so that all of them show."""
    model, _ = apply(copy.deepcopy(base), AdapterOptions(bottleneck=M), seed=0)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".adapter." in name:
                parameter.normal_(0.0, 0.3, generator=generator)
    return model


def by_hand(base, adapted):
    """Return the base with the adapters as hooks behind dropout, written out anew."""
    plain = copy.deepcopy(base)
    parts = zip(plain.bert.encoder.layer, adapted.bert.encoder.layer, strict=True)
    for ours, theirs in parts:
        pairs = ((ours.attention.output, theirs.attention.output),)
        for place, source in (*pairs, (ours.output, theirs.output)):
            a = source.dense.adapter

            def hook(module, inputs, h, a=a):
                inner = F.gelu(h @ a.down.weight.T + a.down.bias)
                return h + inner @ a.up.weight.T + a.up.bias

            place.dropout.register_forward_hook(hook)
    return plain


def test_the_number_of_trained_parameters_is_that_of_the_paper(base):
    model, _ = apply(copy.deepcopy(base), AdapterOptions(bottleneck=M), seed=0)
    adapter = 2 * M * D + D + M  # section 2.1
    norms = 2 * D * (2 * LAYERS + 1)
    head = D * D + D + C * D + C  # pooler and classifier
    sizes = {n: p.numel() for n, p in model.named_parameters() if p.requires_grad}
    assert sum(sizes.values()) == 2 * LAYERS * adapter + norms + head
    without = {n: s for n, s in sizes.items() if "pooler" not in n}
    without = {n: s for n, s in without.items() if not n.startswith("classifier")}
    assert sum(without.values()) == 2 * LAYERS * adapter + norms


def test_the_logits_are_those_of_the_formula(base, adapted, batch):
    with torch.no_grad():
        expected = by_hand(base, adapted)(**batch()).logits
        found = adapted(**batch()).logits
        unadapted = base(**batch()).logits
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=0)
    assert (found - unadapted).abs().max() > 0.01


def test_both_ways_through_bert_give_the_same_logits_and_gradients(adapted, batch):
    labels = torch.tensor([0, 2, 1, 1])
    ways = {
        "theirs": lambda m: m(**batch()).logits,
        "ours": lambda m: classify(m, batch()),
    }
    logits, gradients = {}, {}
    for name, way in ways.items():
        model = copy.deepcopy(adapted)
        logits[name] = way(model)
        F.cross_entropy(logits[name], labels).backward()
        trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        gradients[name] = {n: p.grad for n, p in trained}
    torch.testing.assert_close(logits["ours"], logits["theirs"], atol=1e-10, rtol=0)
    torch.testing.assert_close(
        gradients["ours"], gradients["theirs"], atol=1e-12, rtol=1e-9
    )


def test_the_start_is_near_the_base_and_equal_to_it_without_the_bottleneck(base, batch):
    model, _ = apply(copy.deepcopy(base), AdapterOptions(bottleneck=M), seed=0)
    with torch.no_grad():
        expected, found = base(**batch()).logits, model(**batch()).logits
        assert (found - expected).abs().max() < 0.01 * expected.std()
        for module in model.modules():
            if isinstance(module, Adapted):
                module.adapter.up.weight.zero_()
        assert torch.equal(model(**batch()).logits, expected)


def test_the_weights_start_within_two_standard_deviations(base):
    model, _ = apply(copy.deepcopy(base), AdapterOptions(bottleneck=32), seed=0)
    named = [(n, p) for n, p in model.named_parameters() if ".adapter." in n]
    weights = torch.cat([p.flatten() for n, p in named if n.endswith("weight")])
    assert weights.abs().max() <= 0.02
    # a normal cut at two standard deviations keeps 0.8796 of its spread
    assert weights.std().item() == pytest.approx(0.008796, rel=0.03)
    assert not any(p.count_nonzero() for n, p in named if n.endswith("bias"))


def test_dropout_stands_before_the_adapter(adapted):
    output = adapted.bert.encoder.layer[0].output.train()
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, 9, 64, generator=generator, dtype=torch.float64)
    assert output.dense.dropout.p == 0.1
    assert output.dropout.p == 0
    # dropout behind the adapter would leave zeros
    assert output.dense(x).count_nonzero() == 4 * 9 * D


@pytest.mark.parametrize("bottleneck", [0, -1, D + 1])
def test_a_bottleneck_outside_the_width_is_refused(base, bottleneck):
    with pytest.raises(
        UsageError, match=f"is {bottleneck}, .* between 1 .* width .* 32"
    ):
        apply(copy.deepcopy(base), AdapterOptions(bottleneck=bottleneck), seed=0)
