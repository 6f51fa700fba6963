r"""The Transformer, whole (Vaswani et al., 2017): an encoder, a decoder that asks it.

.. math:: p(y \mid x) = \prod_t p(y_t \mid y_{<t}, x), \qquad
          a = h + \mathrm{Attention}(h, h, h), \quad
          c = a + \mathrm{Attention}(a, m, m), \quad
          h' = c + \mathrm{FFN}(c)

The encoder reads the source x once, all of it at once, and gives the memory m. The
decoder writes: a token sees those before it, and through cross-attention all of m.
One table holds the words of both languages and makes the logits (the paper's 3.4).

Departures: each part gets its input through a LayerNorm (pre-norm, as in GPT-2), and
one more stands at the end of encoder and of decoder, as in torch's ``nn.Transformer``;
this trains with a short warmup. The weights are drawn from a normal of deviation
:math:`1/\sqrt{D}`, those that add to the running state smaller.

Shapes: B batch, S source length, T target length, Q newest tokens, D width, H heads, V
vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chapter2.models.attention import Past, SelfAttention, attention, padding_bias
from chapter2.models.common import (
    check_length,
    check_sizes,
    initialise,
    named_size,
)
from chapter2.models.dropout import drop


@dataclass(frozen=True)
class Seq2SeqConfig:
    """The sizes of a Transformer; as they stand, for a few thousand short pairs."""

    vocab_size: int = 2_000  # V, of both languages together
    width: int = 128  # D, numbers per token; even
    layers: int = 2  # of the encoder, and as many of the decoder
    heads: int = 4  # H, each D / H wide
    inner: int = 512  # of the feed-forward part, 4 D as in the paper
    positions: int = 256  # longest text in tokens
    dropout: float = 0.1  # of the states; the paper's
    attention_dropout: float = 0.0  # of the attention weights; the paper has none
    norm_eps: float = 1e-5  # keeps LayerNorm from dividing by 0

    def __post_init__(self) -> None:
        check_sizes(self)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Seq2SeqConfig:
        """Return the sizes ``name``: tiny, small, or base (the paper's).

        Raises:
            UsageError: there are no such sizes.
        """
        return named_size(PRESETS, name, **changes)


PRESETS = {
    "tiny": Seq2SeqConfig(),
    "small": Seq2SeqConfig(8_000, 256, 4, 4, 1024),
    "base": Seq2SeqConfig(37_000, 512, 6, 8, 2048, positions=512),
}


def sinusoids(length: int, width: int) -> Tensor:
    r"""Return the vectors of the positions, (L, D), the paper's section 3.5.

    .. math:: P_{t,2i} = \sin(t / 10000^{2i/D}), \qquad
              P_{t,2i+1} = \cos(t / 10000^{2i/D})
    """
    at = torch.arange(length, dtype=torch.float)[:, None]
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    # (L, D/2) twice -> (L, D/2, 2) -> (L, D): sine and cosine in turn
    return torch.stack([(at * rates).sin(), (at * rates).cos()], dim=-1).flatten(1)


class CrossAttention(nn.Module):
    """The decoder's tokens (B, Q, D) ask the encoder's memory (B, S, D)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)  # W_Q, of the decoder's states
        self.kv = nn.Linear(width, 2 * width)  # W_K and W_V, of the memory
        self.out = nn.Linear(width, width)  # W_O mixes the heads
        self.dropout = nn.Dropout(dropout)

    def read(self, memory: Tensor) -> Past:
        """Return keys and values of the memory, each (B, H, S, D/H): once a source."""
        k, v = self.kv(memory).chunk(2, dim=-1)
        return self.split(k), self.split(v)

    def split(self, x: Tensor) -> Tensor:
        """Give each head its part: (B, L, D) -> (B, L, H, D/H) -> (B, H, L, D/H)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor, memory: Past, bias: Tensor | None) -> Tensor:
        """Return what each of the Q tokens sees of the source, (B, Q, D)."""
        seen = attention(self.split(self.q(x)), *memory, bias, self.dropout)
        # (B, H, Q, D/H) -> (B, Q, D): the heads side by side
        return self.out(seen.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """W_2 relu(W_1 x), for each token alone; the paper's equation 2."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, inner)
        self.outer = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, L, D)."""
        return self.outer(F.relu(self.inner(x)))


class EncoderLayer(nn.Module):
    """Attention to the whole source, then the feed-forward part."""

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        width, eps = config.width, config.norm_eps
        self.attention_norm = nn.LayerNorm(width, eps)
        self.attention = SelfAttention(width, config.heads, config.attention_dropout)
        self.inner_norm = nn.LayerNorm(width, eps)
        self.forward_part = FeedForward(width, config.inner)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Return the layer's output (B, S, D)."""
        seen, _ = self.attention(self.attention_norm(x), bias)
        x = x + drop(seen, self.dropout)
        return x + drop(self.forward_part(self.inner_norm(x)), self.dropout)


class DecoderLayer(nn.Module):
    """Attention to what was written, to the source, then the feed-forward part."""

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        width, heads, eps = config.width, config.heads, config.norm_eps
        self.attention_norm = nn.LayerNorm(width, eps)
        self.attention = SelfAttention(
            width, heads, config.attention_dropout, causal=True
        )
        self.cross_norm = nn.LayerNorm(width, eps)
        self.cross = CrossAttention(width, heads, config.attention_dropout)
        self.inner_norm = nn.LayerNorm(width, eps)
        self.forward_part = FeedForward(width, config.inner)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x: Tensor, memory: Past, bias: Tensor | None, past: Past | None
    ) -> tuple[Tensor, Past]:
        """Return the output (B, Q, D), and the keys and values of what was written."""
        seen, past = self.attention(self.attention_norm(x), past=past)
        x = x + drop(seen, self.dropout)
        asked = self.cross(self.cross_norm(x), memory, bias)
        x = x + drop(asked, self.dropout)
        return x + drop(self.forward_part(self.inner_norm(x)), self.dropout), past


class Decoding(NamedTuple):
    """What the decoder needs of a source and of what it has written."""

    memory: tuple[Past, ...]  # each layer's keys and values of the source
    bias: Tensor | None  # M for the source's padding, (B, 1, 1, S)
    written: tuple[Past, ...] = ()  # each layer's of the tokens so far; empty: none

    def rows(self, at: Tensor) -> Decoding:
        """Return the state of the rows ``at`` (R,) of the batch, in that order."""
        bias = None if self.bias is None else self.bias.index_select(0, at)
        return Decoding(rows_of(self.memory, at), bias, rows_of(self.written, at))


def rows_of(pasts: Sequence[Past], at: Tensor) -> tuple[Past, ...]:
    """Return keys and values (B, H, L, D/H) of the rows ``at`` (R,), layer by layer."""
    return tuple((k.index_select(0, at), v.index_select(0, at)) for k, v in pasts)


class Seq2Seq(nn.Module):
    """An encoder-decoder: logits at t are those of the target's token at t + 1."""

    def __init__(self, config: Seq2SeqConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        layers = range(config.layers)
        with torch.random.fork_rng(devices=[]):  # the global generator stays as it was
            self.words = nn.Embedding(config.vocab_size, config.width)
            self.dropout = nn.Dropout(config.dropout)
            self.encoder = nn.ModuleList(EncoderLayer(config) for _ in layers)
            self.encoder_norm = nn.LayerNorm(config.width, config.norm_eps)
            self.decoder = nn.ModuleList(DecoderLayer(config) for _ in layers)
            self.decoder_norm = nn.LayerNorm(config.width, config.norm_eps)
        places = sinusoids(config.positions, config.width)
        self.register_buffer("places", places, persistent=False)
        added = (".attention.out", ".cross.out", ".outer")
        initialise(self, config.width**-0.5, seed, added, depth=3 * config.layers)

    def forward(
        self,
        input_ids: Tensor,
        target_ids: Tensor,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        """Return the logits (B, T, V) of what follows each target token.

        Args:
            input_ids: the sources, (B, S).
            target_ids: the targets (B, T), which begin with the sign to begin. Padding
                stands to their right: no real token sees it.
            attention_mask: (B, S), 1 real and 0 padding.

        Raises:
            UsageError: a text is longer than the model reads.
        """
        state = self.read(input_ids, attention_mask)
        return self.step(target_ids, state)[0]

    def encode(self, input_ids: Tensor, bias: Tensor | None) -> Tensor:
        """Return the memory (B, S, D)."""
        x = self.embed(input_ids, 0)
        for layer in self.encoder:
            x = layer(x, bias)
        return self.encoder_norm(x)

    def read(self, input_ids: Tensor, attention_mask: Tensor | None) -> Decoding:
        """Return the state in which nothing has been written yet."""
        bias = padding_bias(attention_mask)
        memory = self.encode(input_ids, bias)
        layers: Any = self.decoder
        return Decoding(tuple(layer.cross.read(memory) for layer in layers), bias)

    def step(self, target_ids: Tensor, state: Decoding) -> tuple[Tensor, Decoding]:
        """Return the logits (B, Q, V) of the newest tokens, and the state after them.

        For writing: the first call gets the sign to begin (B, 1), each later one the
        new token and the state of the call before. Nothing is computed twice.
        """
        pasts: Sequence[Past | None] = state.written or [None] * len(self.decoder)
        start = state.written[0][0].shape[2] if state.written else 0
        x, found = self.embed(target_ids, start), []
        for layer, memory, past in zip(self.decoder, state.memory, pasts, strict=True):
            x, past = layer(x, memory, state.bias, past)
            found.append(past)
        # h W_words^T, (B, Q, D) -> (B, Q, V)
        logits = F.linear(self.decoder_norm(x), self.words.weight)
        return logits, state._replace(written=tuple(found))

    def embed(self, ids: Tensor, start: int) -> Tensor:
        r"""Return :math:`\sqrt{D}\,W_x + P` (B, L, D), from the place ``start`` on."""
        end = start + ids.shape[1]
        check_length(end, self.config.positions)
        places: Any = self.places
        added = self.words(ids) * math.sqrt(self.config.width) + places[start:end]
        return drop(added, self.dropout)
