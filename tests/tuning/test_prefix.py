"""Prefixes against attention by hand, and against transformers with a filled cache."""

import copy

import pytest
import torch
import torch.nn.functional as F

from chapter2.errors import UsageError
from chapter2.models.fast_bert import attend, classify
from chapter2.tuning.prefix import PrefixOptions, apply, insert, keys_and_values
from chapter2.tuning.virtual import WithVirtualTokens

D, H, P, LAYERS, C = 32, 2, 5, 2, 3  # of tiny-random; the prefix


def prefixed(base):
    """Return the base with random prefixes, and the prefixes (P, D) of each layer."""
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(LAYERS, 2, P, D, generator=generator, dtype=torch.float64)
    model = copy.deepcopy(base).requires_grad_(False)
    insert(model, [(k, v) for k, v in rows])
    return WithVirtualTokens(model, P), rows


def heads(x):
    return x.unflatten(-1, (H, D // H)).transpose(-3, -2)


def transformers_logits(base, inputs, rows):
    """Return what transformers makes of a cache that holds the prefixes."""
    from transformers import DynamicCache

    cache = DynamicCache(config=base.config)
    size = len(inputs["input_ids"])
    for i, (k, v) in enumerate(rows):
        cache.update(heads(k.expand(size, -1, -1)), heads(v.expand(size, -1, -1)), i)
    mask = inputs["attention_mask"]
    output = base.bert(
        inputs["input_ids"],
        attention_mask=torch.cat([mask.new_ones(size, P), mask], dim=1),
        # else the text's positions would begin at P
        position_ids=torch.arange(mask.shape[1])[None],
        cache=cache,
    )
    return base.classifier(output.pooler_output)


def test_the_number_of_trained_parameters(base):
    model, _ = apply(copy.deepcopy(base), PrefixOptions(length=P), seed=0)
    sizes = {n: p.numel() for n, p in model.named_parameters() if p.requires_grad}
    head = D * D + D + C * D + C  # pooler and classifier
    assert sum(sizes.values()) == 2 * LAYERS * P * D + head
    assert sum(s for n, s in sizes.items() if "prefix" in n) == 2 * LAYERS * P * D


def test_attention_is_that_over_prefix_and_text_by_hand(base):
    model, rows = prefixed(base)
    attention = copy.deepcopy(model.model.bert.encoder.layer[1].attention.self)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 6, D, generator=generator, dtype=torch.float64)
    plain = copy.deepcopy(base.bert.encoder.layer[1].attention.self)
    k, v = (
        torch.cat([rows[1, i].expand(2, -1, -1), linear(x)], dim=1)
        for i, linear in enumerate((plain.key, plain.value))
    )
    expected = F.scaled_dot_product_attention(heads(plain.query(x)), heads(k), heads(v))
    found = attend(attention, x, x, None)
    torch.testing.assert_close(found, expected.transpose(1, 2).flatten(2))


def test_the_logits_are_those_of_transformers_with_a_filled_cache(base, batch):
    model, rows = prefixed(base)
    for lengths in ((9, 4, 1, 7), (5, 5)):
        inputs = batch(lengths)
        with torch.no_grad():
            expected = transformers_logits(base, inputs, rows)
            found, without = classify(model, inputs), classify(base, inputs)
        torch.testing.assert_close(found, expected, atol=1e-10, rtol=0)
        assert (found - without).abs().max() > 0.01


def test_the_gradients_are_those_of_transformers_with_a_filled_cache(base, batch):
    model, rows = prefixed(base)
    labels = torch.tensor([0, 2, 1, 1])
    F.cross_entropy(classify(model, batch()), labels).backward()
    rows = rows.clone().requires_grad_()
    F.cross_entropy(transformers_logits(base, batch(), rows), labels).backward()
    for layer, expected in zip(model.model.bert.encoder.layer, rows.grad, strict=True):
        attention = layer.attention.self
        found = [m.prefix.weight.grad for m in (attention.key, attention.value)]
        torch.testing.assert_close(torch.stack(found), expected, atol=1e-12, rtol=1e-9)


def test_a_prefix_of_no_length_is_the_base(base, batch):
    model = copy.deepcopy(base)
    insert(model, [(base.bert.pooler.dense.weight[:0],) * 2] * LAYERS)
    with torch.no_grad():
        found = classify(WithVirtualTokens(model, 0), batch())
        assert torch.equal(found, classify(base, batch()))


def test_it_starts_as_the_keys_and_values_of_words(base):
    words = torch.tensor([7, 60, 33])
    found = keys_and_values(base, words)
    with torch.no_grad():
        states = base.bert(words[None], output_hidden_states=True).hidden_states
        for layer, state, (k, v) in zip(
            base.bert.encoder.layer, states, found, strict=False
        ):
            attention = layer.attention.self
            torch.testing.assert_close(k, attention.key(state)[0], atol=1e-10, rtol=0)
            torch.testing.assert_close(v, attention.value(state)[0], atol=1e-10, rtol=0)
    assert len(found) == LAYERS


def test_the_whole_window_is_left_to_the_text(base, batch):
    model, method = apply(copy.deepcopy(base), PrefixOptions(length=P), seed=0)
    with torch.no_grad():
        assert classify(model, batch((512, 3))).isfinite().all()
    assert getattr(method, "reserved", 0) == 0


@pytest.mark.parametrize("length", [0, -2])
def test_a_prefix_without_length_is_refused(base, length):
    with pytest.raises(UsageError, match=f"prefix tuning needs .* and got {length};"):
        apply(copy.deepcopy(base), PrefixOptions(length=length), seed=0)
