"""The forward pass of BERT as a text classifier on a CPU, with less work.

Same weights, same function as ``BertForSequenceClassification``; the tests hold the
logits and the gradients against it. What differs is what is not computed, and the two
parts that our own BERT brings (``attention``, ``dropout``):

1. A classifier reads the first token alone. Of the last layer's twelve D x D products
   per token, only keys and values (two) are needed at the other tokens: 14 % less work
   for six layers. (Vaswani et al., 2017, for the layer; Devlin et al., 2019, for the
   classifier on the first token.)
2. Dropout draws 16 bits for each value: 10 times faster than torch's.
3. A batch without padding gets no mask; with dropout, attention goes by plain products,
   since torch's fused kernel must leave its fast path for dropout anyway.

Shapes: B batch, L length, Q queries (L, or 1 in the last layer), D width, H heads,
C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from chapter2.models.attention import attention, padding_bias
from chapter2.models.dropout import drop

if TYPE_CHECKING:
    from transformers.models.bert.modeling_bert import BertLayer


def classify(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the logits (B, C): by the short way where it is known, else the model's.

    The short way is for ``BertForSequenceClassification`` on a CPU; a GPU is better
    served by its own kernels, and a model wrapped for distributed training must be
    called itself.
    """
    if goes_the_short_way(model, inputs):
        return bert_logits(model, **inputs)
    output = model(**inputs)
    return getattr(output, "logits", output)  # ours return the tensor itself


def goes_the_short_way(model: nn.Module, inputs: Mapping[str, Tensor]) -> bool:
    """Tell whether ``model`` is one whose forward pass this module knows."""
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
    return biased_logits(model, input_ids, padding_bias(attention_mask))


def biased_logits(model: Any, input_ids: Tensor, bias: Tensor | None) -> Tensor:
    """Return the logits (B, C) under the mask's M (B, 1, 1, L), None for no padding."""
    bert = model.bert
    hidden = bert.embeddings(input_ids)  # (B, L, D)
    for layer in bert.encoder.layer[:-1]:
        hidden = run_layer(layer, hidden, hidden, bias)
    first = run_layer(bert.encoder.layer[-1], hidden[:, :1], hidden, bias)  # (B, 1, D)
    return model.classifier(model.dropout(bert.pooler(first)))


def run_layer(
    layer: BertLayer, queries: Tensor, hidden: Tensor, bias: Tensor | None
) -> Tensor:
    """Return one layer's output (B, Q, D) at ``queries``, seeing all of ``hidden``.

    .. math:: a = \\mathrm{LN}(q + \\mathrm{Attention}(q, h)), \\qquad
              y = \\mathrm{LN}(a + W_2\\,\\mathrm{gelu}(W_1 a))

    With transformers' switch for it on, nothing in between is kept for the backward
    pass, which computes the layer again (Chen et al., 2016).
    """
    if layer.gradient_checkpointing and layer.training:
        inputs = (layer, queries, hidden, bias)
        return checkpoint(layer_output, *inputs, use_reentrant=False)
    return layer_output(layer, queries, hidden, bias)


def layer_output(
    layer: BertLayer, queries: Tensor, hidden: Tensor, bias: Tensor | None
) -> Tensor:
    """Return what :func:`run_layer` does; everything in between is kept."""
    seen = attend(layer.attention.self, queries, hidden, bias)
    attended = add_and_norm(layer.attention.output, seen, queries)
    return add_and_norm(layer.output, layer.intermediate(attended), attended)


def attend(layer: Any, queries: Tensor, hidden: Tensor, bias: Tensor | None) -> Tensor:
    """Return softmax(Q K^T / sqrt(D/H)) V, heads side by side, (B, Q, D)."""
    heads, width = layer.num_attention_heads, layer.attention_head_size

    def split(x: Tensor) -> Tensor:  # (B, L, D) -> (B, H, L, D/H)
        return x.unflatten(-1, (heads, width)).transpose(1, 2)

    q = split(layer.query(queries))
    k, v = split(layer.key(hidden)), split(layer.value(hidden))
    seen = attention(q, k, v, bias, layer.dropout)  # (B, H, Q, D/H)
    return seen.transpose(1, 2).flatten(2)


def add_and_norm(output: Any, x: Tensor, residual: Tensor) -> Tensor:
    """Return LN(residual + dropout(W x + b)), (B, Q, D)."""
    return output.LayerNorm(drop(output.dense(x), output.dropout) + residual)
