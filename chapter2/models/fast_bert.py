"""The forward pass of BERT as a text classifier on a CPU, with less work.

Same weights, same function as ``BertForSequenceClassification``; the tests hold the
logits and the gradients against it. What differs is what is not computed, and how
dropout draws:

1. A classifier reads the first token alone. Of the last layer's twelve D x D products
   per token, only keys and values (two) are needed at the other tokens: 14 % less work
   for six layers. (Vaswani et al., 2017, for the layer; Devlin et al., 2019, for the
   classifier on the first token.)
2. Dropout compares 16 random bits with 65536 p, where torch draws one 32-bit number
   from a serial generator for each value: 10 times faster to draw.
3. A batch without padding gets no mask, and short rows of attention are cheaper as
   plain products than in torch's fused kernel, which must leave its fast path for
   dropout anyway.

Shapes: B batch, L length, Q queries (L, or 1 in the last layer), D width, H heads,
C classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from chapter2.runtime import use_huge_pages

if TYPE_CHECKING:
    from transformers.models.bert.modeling_bert import BertLayer

use_huge_pages()  # here, since every way to a model leads through this module

LEVELS = 1 << 16  # dropout's p is rounded to a multiple of 1 / LEVELS


def classify(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the logits (B, C): by the short way where it is known, else the model's.

    The short way is for ``BertForSequenceClassification`` on a CPU; a GPU is better
    served by its own kernels, and a model wrapped for distributed training must be
    called itself.
    """
    if _goes_the_short_way(model, inputs):
        return bert_logits(model, **inputs)
    output = model(**inputs)
    return getattr(output, "logits", output)  # ours return the tensor itself


def _goes_the_short_way(model: nn.Module, inputs: Mapping[str, Tensor]) -> bool:
    from transformers import BertForSequenceClassification

    # not a subclass: it may compute something else
    if type(model) is not BertForSequenceClassification or model.device.type != "cpu":
        return False
    known = inputs.keys() <= {"input_ids", "attention_mask"}
    return known and not (model.config.is_decoder or model.config.add_cross_attention)


def bert_logits(
    model: Any, input_ids: Tensor, attention_mask: Tensor | None = None
) -> Tensor:
    """Return the logits (B, C) of ``model`` for ids and mask, int64 (B, L)."""
    bert = model.bert
    bias = padding_bias(attention_mask)  # (B, 1, 1, L) or None
    hidden = bert.embeddings(input_ids)  # (B, L, D)
    for layer in bert.encoder.layer[:-1]:
        hidden = run_layer(layer, hidden, hidden, bias)
    first = run_layer(bert.encoder.layer[-1], hidden[:, :1], hidden, bias)  # (B, 1, D)
    return model.classifier(model.dropout(bert.pooler(first)))


def padding_bias(mask: Tensor | None) -> Tensor | None:
    """Return 0 at real tokens and the least number at padding; None if there is none.

    The least finite number, not minus infinity: a row of padding alone stays defined.
    """
    if mask is None or bool(mask.all()):
        return None
    least = torch.finfo(torch.float32).min
    return torch.zeros(mask.shape).masked_fill(mask == 0, least)[:, None, None, :]


def run_layer(
    layer: BertLayer, queries: Tensor, hidden: Tensor, bias: Tensor | None
) -> Tensor:
    """Return one layer's output (B, Q, D) at ``queries``, seeing all of ``hidden``.

    .. math:: a = \\mathrm{LN}(q + \\mathrm{Attention}(q, h)), \\qquad
              y = \\mathrm{LN}(a + W_2\\,\\mathrm{gelu}(W_1 a))
    """
    seen = attend(layer.attention.self, queries, hidden, bias)
    attended = add_and_norm(layer.attention.output, seen, queries)
    return add_and_norm(layer.output, layer.intermediate(attended), attended)


def attend(
    attention: Any, queries: Tensor, hidden: Tensor, bias: Tensor | None
) -> Tensor:
    """Return softmax(Q K^T / sqrt(D/H)) V, heads side by side, (B, Q, D)."""
    heads, width = attention.num_attention_heads, attention.attention_head_size

    def split(x: Tensor) -> Tensor:  # (B, L, D) -> (B, H, L, D/H)
        return x.unflatten(-1, (heads, width)).transpose(1, 2)

    # scaling the queries, not the scores: D/H numbers per row instead of L
    q = split(attention.query(queries) * (1 / math.sqrt(width)))
    k, v = split(attention.key(hidden)), split(attention.value(hidden))
    scores = q @ k.transpose(-1, -2)  # (B, H, Q, L)
    if bias is not None:
        scores = scores + bias
    weights = drop(scores.softmax(dim=-1), attention.dropout)
    return (weights @ v).transpose(1, 2).flatten(2)


def add_and_norm(output: Any, x: Tensor, residual: Tensor) -> Tensor:
    """Return LN(residual + dropout(W x + b)), (B, Q, D)."""
    return output.LayerNorm(drop(output.dense(x), output.dropout) + residual)


def drop(x: Tensor, dropout: nn.Dropout) -> Tensor:
    """Return ``x`` with each value 0 with probability p, else x / (1 - p)."""
    if not dropout.training or dropout.p == 0:
        return x
    return x * keep_mask(x.shape, dropout.p).to(x.dtype)


def keep_mask(shape: torch.Size, p: float) -> Tensor:
    """Return 0 with probability p (to 1 / 65536), else 1 / (1 - p), float32.

    The bits come from NumPy's SFC64, seeded by one draw from torch's generator: the
    masks follow from ``torch.manual_seed`` and are restored with torch's state.
    """
    size = math.prod(shape)
    seed = int(torch.randint(1 << 62, ()))
    words = np.random.SFC64(seed).random_raw(-(-size // 4))  # 64 bits serve 4 values
    bits = torch.from_numpy(words.view(np.int16)[:size]).view(shape)
    dropped = round(p * LEVELS)  # out of LEVELS; int16 counts from -LEVELS / 2
    return (bits >= dropped - LEVELS // 2).float().mul_(LEVELS / (LEVELS - dropped))
