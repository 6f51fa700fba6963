"""Attention: by hand, by torch's kernel, and what each mask lets through."""

import math

import pytest
import torch
from torch import nn

from chapter2.models.attention import (
    SelfAttention,
    attention,
    attention_weights,
    causal_bias,
    padding_bias,
)

MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]])
KEEPS = nn.Dropout(1e-9).train()  # leaves torch's kernel, and drops nothing


def queries_keys_values(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(3, 3, 2, 5, 4, generator=generator).unbind(0)


def test_a_query_by_hand():
    q = torch.tensor([[1.0, 0.0]])[None, None]  # one query, D/H = 2
    k = torch.tensor([[math.sqrt(2) * math.log(3), 0.0], [0.0, 5.0]])[None, None]
    v = torch.tensor([[8.0, 0.0], [0.0, 4.0]])[None, None]
    # scores log 3 and 0, so the weights are 3/4 and 1/4
    weights = attention_weights(q, k)
    torch.testing.assert_close(weights[0, 0, 0], torch.tensor([0.75, 0.25]))
    seen = attention(q, k, v, None, nn.Dropout(0.0))
    torch.testing.assert_close(seen[0, 0, 0], torch.tensor([6.0, 1.0]))


@pytest.mark.parametrize("bias", [None, padding_bias(MASK), causal_bias(5, 5, "cpu")])
def test_the_written_out_way_is_the_kernels(bias):
    q, k, v = queries_keys_values()
    if bias is not None and bias.ndim == 4:  # a row of padding alone has no meaning
        q, k, v, bias = q[:2], k[:2], v[:2], bias[:2]
    kernel = attention(q, k, v, bias, nn.Dropout(0.5).eval())
    torch.testing.assert_close(attention(q, k, v, bias, KEEPS), kernel)


def test_padding_gets_no_weight_and_a_row_of_padding_stays_finite():
    q, k, v = queries_keys_values()
    weights = attention_weights(q, k, padding_bias(MASK))
    assert weights[1, :, :, 3:].max() == 0
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 2, 5))
    assert weights.isfinite().all()
    seen = attention(q, k, v, padding_bias(MASK), nn.Dropout(0.0))
    assert seen.isfinite().all()


def test_no_padding_gives_no_mask():
    assert padding_bias(None) is None
    assert padding_bias(torch.ones(2, 3, dtype=torch.long)) is None
    assert padding_bias(MASK).shape == (3, 1, 1, 5)


def test_the_newest_tokens_see_all_before_them():
    allowed = causal_bias(2, 4, torch.device("cpu")) == 0
    assert allowed.tolist() == [[True, True, True, False], [True, True, True, True]]
    assert torch.equal(causal_bias(4, 4, "cpu") == 0, torch.ones(4, 4).tril().bool())


@pytest.mark.parametrize("causal", [False, True])
def test_it_is_torchs_multi_head_attention(causal):
    torch.manual_seed(0)
    ours = SelfAttention(12, heads=3, dropout=0.0, causal=causal).eval()
    theirs = nn.MultiheadAttention(12, 3, batch_first=True).eval()
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.qkv.weight)
        theirs.in_proj_bias.copy_(ours.qkv.bias)
        theirs.out_proj.load_state_dict(ours.out.state_dict())
    x = torch.randn(3, 5, 12)
    later = torch.ones(5, 5).triu(1).bool() if causal else None
    expected, weights = theirs(x, x, x, attn_mask=later, average_attn_weights=False)
    torch.testing.assert_close(ours(x)[0], expected)
    torch.testing.assert_close(ours.weights(x), weights)


def test_chosen_places_get_what_they_would_get_among_all():
    attending = SelfAttention(12, heads=3, dropout=0.0).eval()
    x, at = torch.randn(3, 5, 12), torch.tensor([14, 0, 7])
    bias = padding_bias(MASK[:, :])
    every = attending(x, bias)[0].flatten(0, 1)
    torch.testing.assert_close(attending(x, bias, at)[0], every[at])


def test_causal_and_padding_hold_together():
    attending = SelfAttention(12, heads=3, dropout=0.0, causal=True).eval()
    weights = attending.weights(torch.randn(2, 5, 12), padding_bias(MASK[:2]))
    assert weights.triu(1).max() == 0
    assert weights[1, :, 3:, 3:].max() == 0
    assert weights.isfinite().all()


def test_dropout_of_weights_keeps_the_mean():
    q, k, v = queries_keys_values()
    torch.manual_seed(0)
    draws = [attention(q, k, v, None, nn.Dropout(0.3).train()) for _ in range(2000)]
    found = torch.stack(draws)
    error = found.std(0) / 2000**0.5
    expected = attention(q, k, v, None, nn.Dropout(0.0))
    assert ((found.mean(0) - expected).abs() < 5 * error).all()
