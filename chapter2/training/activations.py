r"""What the backward pass of BERT keeps of the forward pass, counted tensor by tensor.

A product y = x W keeps x if W is trained, and W (which is there anyway) if x needs a
gradient; a bias keeps nothing. LayerNorm and gelu keep their input, softmax its output,
dropout its mask. So a layer of full fine-tuning keeps, with N = B L tokens:

=================================  ==============================================
numbers                            which
=================================  ==============================================
10 N D                             input; q, k, v; what the heads saw, side by side;
                                   two dropout masks, two inputs of LayerNorm, and the
                                   first LayerNorm's output
2 N F                              input and output of gelu, F the inner width
3 B H L^2                          softmax, its mask, and the two multiplied
4 N                                mean and deviation of two LayerNorms
=================================  ==============================================

(Korthikanti et al., 2023, equation 1, count the same tensors in bytes of half
precision.) Frozen matrices keep no input: 3 N D + N F less. Below the lowest trained
parameter nothing is kept. On a CPU the last layer is computed at the first token alone
(``chapter2.models.fast_bert``): 3 N D of it remain, its input, keys and values. On a
GPU the fused kernel keeps its output and one number per row instead of all B H L^2
(Dao et al., 2022), and a mask takes one byte per number. Recomputed in the backward
pass (checkpointing), a layer keeps its input only, N D (Chen et al., 2016).

In bf16 all but LayerNorm's input takes two bytes instead of four. Each product then
casts its input anew (that of a layer three times) and keeps its weights in bf16.

Shapes: B batch, L length, D width, H heads, F inner width, N = B L, C classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

SUBLAYERS = ("attention.self", "attention.output", "intermediate", "output")
LINEAR = (
    *(f"attention.self.{name}" for name in ("query", "key", "value")),
    *("attention.output.dense", "intermediate.dense", "output.dense"),
)


@dataclass(frozen=True)
class Way:
    """How a batch is computed: what decides which tensors are kept, and how large."""

    batch: int  # B
    length: int  # L, tokens of each text, padding included
    half: bool = False  # products in bf16
    fused: bool = False  # attention by a kernel that keeps no weights; byte masks
    short: bool = True  # the last layer at the first token alone
    checkpointing: bool = False  # layers are recomputed in the backward pass
    prefix: int = 0  # keys and values that stand before those of the text

    @property
    def keys(self) -> int:
        """Return the keys that each query meets."""
        return self.prefix + self.length

    @property
    def item(self) -> int:
        """Return the bytes of one number of a product."""
        return 2 if self.half else 4

    @property
    def mask(self) -> int:
        """Return the bytes of one number of a dropout mask."""
        return 1 if self.fused else self.item


@dataclass(frozen=True)
class Trained:
    """Which parts of one layer are trained, and whether its input needs a gradient."""

    flows: bool
    parts: frozenset[str]  # names of trained parameters within the layer
    # by (sublayer, width) of an input: how many trained matrices keep it
    inputs: Mapping[tuple[str, int], int]

    def any(self, *places: str) -> bool:
        """Return whether some parameter of these places is trained."""
        return any(name.startswith(places) for name in self.parts)


def trained_parts(layer: nn.Module, flows: bool) -> Trained:
    """Read off a layer's parameters what is trained, inserted modules included.

    Inserted matrices (LoRA, adapters) are counted by their shapes: one of shape
    (m, n) keeps n numbers per token, unless a neighbour keeps the same input.
    """
    named = {n: p for n, p in layer.named_parameters() if p.requires_grad}
    tables = {id(m.weight) for m in layer.modules() if isinstance(m, nn.Embedding)}
    inputs: Counter[tuple[str, int]] = Counter()
    for name, parameter in named.items():
        if parameter.ndim < 2 or id(parameter) in tables:
            continue
        to, of = parameter.shape
        place = next((s for s in SUBLAYERS if name.startswith(f"{s}.")), name)
        # the narrow side of an inserted pair is a tensor of its own
        inserted = name.removesuffix(".weight") not in LINEAR
        inputs[name if inserted and of < to else place, of] += 1
    return Trained(flows, frozenset(named), inputs)


def layer_bytes(layer: Any, trained: Trained, way: Way, queries: int) -> int:
    """Return the bytes that one layer keeps, with ``queries`` tokens of each text.

    All but what keys and values need is computed at the queries alone.
    """
    own = layer.attention.self
    width = own.all_head_size
    inner = own.config.intermediate_size
    tokens, asked = way.batch * way.length, way.batch * queries
    q = trained.flows or trained.any("attention.self.query")
    k = trained.flows or trained.any("attention.self.key")
    v = trained.flows or trained.any("attention.self.value")
    weights, seen = q or k, q or k or v
    mixed = seen or trained.any("attention.output.dense")
    attended = mixed or trained.flows or trained.any("attention.output")
    inside = attended or trained.any("intermediate")
    out = inside or trained.any("output")
    kept = _attention_bytes(own, way, asked, (q, k, v))
    dropped = own.config.hidden_dropout_prob > 0
    norms = attended + out
    kept += norms * asked * (4 * width + 8)  # LayerNorm: its fp32 input, two numbers
    kept += (mixed + out) * dropped * asked * width * way.mask
    kept += inside * asked * inner * way.item  # gelu's input
    at = {"attention.self": tokens}  # every other product is at the queries
    fused = way.fused or own.dropout.p == 0
    for (place, size), times in trained.inputs.items():
        if fused and weights and (place, size) == ("attention.output", width):
            continue  # the fused kernel has kept it
        copies = times if way.half else 1  # each product casts its input anew
        kept += copies * at.get(place, asked) * size * way.item
    if way.half and out:
        kept += 2 * sum(p.numel() for p in layer.parameters() if p.ndim == 2)
    return int(kept)


def _attention_bytes(
    own: Any, way: Way, asked: int, needs: tuple[bool, bool, bool]
) -> int:
    """Return what softmax(q k^T) v keeps, where q, k and v need gradients or not."""
    q, k, v = needs
    weights, tokens, width = q or k, way.batch * way.keys, own.all_head_size
    if way.fused or own.dropout.p == 0:
        if not (weights or v):
            return 0
        rows = way.batch * own.num_attention_heads * (asked // way.batch)
        # q, k, v, the output, and the logarithm of each row's sum
        return (2 * asked + 2 * tokens) * width * way.item + 4 * rows
    squares = own.num_attention_heads * asked * way.keys  # B H Q L
    kept = (k * asked + q * tokens + weights * tokens) * width * way.item
    # softmax, the mask, the two multiplied
    return kept + (2 * weights + v) * squares * way.item


def embedding_bytes(embeddings: Any, way: Way) -> int:
    """Return what the embeddings keep if they are trained: LayerNorm and dropout."""
    if not any(p.requires_grad for p in embeddings.parameters()):
        return 0
    embeddings = getattr(embeddings, "embeddings", embeddings)  # within a prompt
    tokens, width = way.batch * way.length, embeddings.LayerNorm.normalized_shape[0]
    masked = embeddings.dropout.p > 0
    return tokens * (4 * width + 8) + masked * tokens * width * (1 if way.fused else 4)


def activation_bytes(model: Any, way: Way) -> list[int]:
    """Return the kept bytes: embeddings, each layer in full, pooler and head.

    Args:
        model: a ``BertForSequenceClassification`` whose ``requires_grad`` says what
            is trained; modules inserted into its layers are counted by their shapes.
    """
    bert = model.bert
    found = [embedding_bytes(bert.embeddings, way)]
    flows = found[0] > 0
    last = bert.encoder.layer[-1]
    for layer in bert.encoder.layer:
        queries = 1 if way.short and layer is last else way.length
        trained = trained_parts(layer, flows)
        found.append(layer_bytes(layer, trained, way, queries))
        flows = flows or bool(trained.parts)
    width, classes = bert.config.hidden_size, model.config.num_labels
    # input of the pooler, of the head (with its mask), tanh's output, log-softmax
    head = way.batch * (4 * width + classes) * way.item
    if not way.short and not way.half:  # the pooler's input is a view of all tokens
        head += way.batch * (way.length - 1) * width * 4
    return [*found, head]
