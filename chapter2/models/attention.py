r"""Multi-head attention (Vaswani et al., 2017), shared by BERT and GPT.

.. math:: \mathrm{Attention}(Q, K, V) =
          \mathrm{softmax}\Bigl(\frac{Q K^\top}{\sqrt{D/H}} + M\Bigr) V

Each token asks with its query q, each token answers with its key k and offers its value
v; M is 0 where a query may look and (nearly) minus infinity where it may not.

Shapes: B batch, L length, Q queries (L, or the last few of L), D width, H heads.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chapter2.models.dropout import drop
from chapter2.runtime import use_huge_pages

use_huge_pages()  # here, since every way to a Transformer leads through this module

Past = tuple[Tensor, Tensor]  # keys and values of earlier tokens, each (B, H, L, D/H)
# finite, in bfloat16 too: a row of padding alone stays defined
LEAST = torch.finfo(torch.bfloat16).min


def padding_bias(mask: Tensor | None) -> Tensor | None:
    """Return M (B, 1, 1, L) for a mask (B, L), 1 real and 0 padding.

    None if there is no padding: adding zeros would cost a pass over (B, H, L, L).
    """
    if mask is None or bool(mask.all()):
        return None
    bias = torch.zeros(mask.shape, device=mask.device)
    return bias.masked_fill(mask == 0, LEAST)[:, None, None, :]


def causal_bias(queries: int, keys: int, device: torch.device) -> Tensor:
    """Return M (Q, L): the last Q of L tokens see themselves and what comes before."""
    later = torch.ones(queries, keys, dtype=torch.bool, device=device)
    later = later.triu(keys - queries + 1)  # query i is token L - Q + i
    return torch.zeros(queries, keys, device=device).masked_fill(later, LEAST)


def attention_weights(q: Tensor, k: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return softmax(Q K^T / sqrt(D/H) + M), (B, H, Q, L); each row sums to 1."""
    # scaling the queries, not the scores: D/H numbers per row instead of L
    scores = (q * (1 / math.sqrt(q.shape[-1]))) @ k.transpose(-1, -2)
    if bias is not None:
        scores = scores + bias
    return scores.softmax(dim=-1)


def attention(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, dropout: nn.Dropout
) -> Tensor:
    """Return what each query sees, (B, H, Q, D/H), of keys and values (B, H, L, D/H).

    With dropout the weights are written out. Without, torch's kernel gives the same
    and never holds all (B, H, Q, L) of them at once (Dao et al., 2022).
    """
    if dropout.training and dropout.p > 0:
        return drop(attention_weights(q, k, bias), dropout) @ v
    if bias is not None:
        bias = bias.to(q.dtype)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)


class SelfAttention(nn.Module):
    """Attention of the tokens of a text to each other, (B, L, D) -> (B, L, D)."""

    def __init__(
        self, width: int, heads: int, dropout: float, causal: bool = False
    ) -> None:
        super().__init__()
        self.heads = heads
        self.causal = causal  # whether a token must not see later ones
        self.qkv = nn.Linear(width, 3 * width)  # W_Q, W_K, W_V: one product for three
        self.out = nn.Linear(width, width)  # W_O mixes the heads
        self.dropout = nn.Dropout(dropout)  # of the weights, as in the papers

    def forward(
        self,
        x: Tensor,
        bias: Tensor | None = None,
        at: Tensor | None = None,
        past: Past | None = None,
    ) -> tuple[Tensor, Past]:
        """Return the new states and this layer's keys and values.

        Args:
            x: (B, L, D), or the Q newest tokens where ``past`` has the ones before.
            bias: M for padding, from :func:`padding_bias`.
            at: (N,) places in the flattened B * L; only these are returned, (N, D).
            past: what an earlier call returned, for generating token by token.
        """
        q, k, v = self.split(x)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        seen = attention(q, k, v, self.mask(q, k, bias), self.dropout)
        # (B, H, Q, D/H) -> (B, Q, D): the heads side by side
        joined = seen.transpose(1, 2).flatten(2)
        if at is not None:
            joined = select(joined, at)
        return self.out(joined), (k, v)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values of ``x`` (B, L, D), each (B, H, L, D/H)."""
        q, k, v = self.qkv(x).chunk(3, dim=-1)  # (B, L, 3 D) -> three (B, L, D)
        return self.heads_of(q), self.heads_of(k), self.heads_of(v)

    def heads_of(self, x: Tensor) -> Tensor:
        """Give each head its part: (B, L, D) -> (B, L, H, D/H) -> (B, H, L, D/H)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def mask(self, q: Tensor, k: Tensor, bias: Tensor | None) -> Tensor | None:
        """Return M for padding and order together, None where all may be seen."""
        queries, keys = q.shape[2], k.shape[2]
        if not self.causal or queries == 1:  # the newest token alone may see all
            return bias
        order = causal_bias(queries, keys, q.device)
        return order if bias is None else (order + bias).clamp(min=LEAST)

    def weights(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return how much each token looks at each other, (B, H, L, L), for drawing."""
        q, k, _ = self.split(x)
        return attention_weights(q, k, self.mask(q, k, bias))


def select(x: Tensor, at: Tensor) -> Tensor:
    """Return the rows of ``x`` (B, L, D) at places ``at`` of B * L, (N, D)."""
    return x.flatten(0, 1).index_select(0, at)
