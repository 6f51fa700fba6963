r"""GPT, whole (Radford et al., 2019): a decoder; a token sees only what came before.

.. math:: h^0 = W_x + P_{1..L}, \qquad
          a = h + \mathrm{Attention}(\mathrm{LN}(h)), \qquad
          h' = a + W_2\,\mathrm{gelu}(W_1\,\mathrm{LN}(a))

The LayerNorms stand before each part (pre-norm) and once more at the end; the logits
come from the word table, transposed. Padding, if any, goes to the right of a text: no
real token sees it there, so no mask is needed.

Shapes: B batch, L length, Q newest tokens, D width, H heads, V vocabulary.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chapter2.models.attention import Past, SelfAttention
from chapter2.models.common import (
    check_length,
    check_sizes,
    initialise,
    named_size,
)
from chapter2.models.dropout import drop

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

State = tuple[Past, ...]  # each layer's keys and values of the tokens so far


@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a GPT; as they stand, the size of BERT-tiny."""

    vocab_size: int = 50_257  # V, GPT-2's byte pairs
    width: int = 128  # D, numbers per token
    layers: int = 2
    heads: int = 2  # H, each D / H wide
    inner: int = 512  # of the feed-forward part, 4 D in all of GPT-2's sizes
    positions: int = 512  # longest text in tokens; GPT-2 itself reads 1,024
    dropout: float = 0.1  # of the states; the paper's
    attention_dropout: float = 0.1  # of the attention weights; the paper's
    norm_eps: float = 1e-5  # keeps LayerNorm from dividing by 0; GPT-2's code
    init_std: float = 0.02  # of the normal; Radford et al., 2018

    def __post_init__(self) -> None:
        check_sizes(self)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> GPTConfig:
        """Return the sizes ``name``: tiny, mini, small (as BERT's) or base (GPT-2).

        Raises:
            UsageError: there are no such sizes.
        """
        return named_size(PRESETS, name, **changes)


PRESETS = {
    "tiny": GPTConfig(),
    "mini": GPTConfig(width=256, layers=4, heads=4, inner=1024),
    "small": GPTConfig(width=512, layers=4, heads=8, inner=2048),
    "base": GPTConfig(width=768, layers=12, heads=12, inner=3072, positions=1024),
}


class Block(nn.Module):
    """Attention, then a feed-forward part for each token; pre-norm: LN before each."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        width, heads, inner = config.width, config.heads, config.inner
        self.attention_norm = nn.LayerNorm(width, config.norm_eps)
        self.attention = SelfAttention(
            width, heads, config.attention_dropout, causal=True
        )
        self.inner_norm = nn.LayerNorm(width, config.norm_eps)
        self.inner = nn.Linear(width, inner)
        self.outer = nn.Linear(inner, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
        """Return the block's output (B, L, D), and its keys and values."""
        # a = h + Attention(LN(h))
        seen, past = self.attention(self.attention_norm(hidden), past=past)
        a = hidden + drop(seen, self.dropout)
        # h' = a + W_2 gelu(W_1 LN(a)); this gelu is the paper's, with a tanh
        added = self.outer(F.gelu(self.inner(self.inner_norm(a)), approximate="tanh"))
        return a + drop(added, self.dropout), past


class GPT(nn.Module):
    """A causal language model: logits at t are those of the token at t + 1."""

    def __init__(self, config: GPTConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        with torch.random.fork_rng(devices=[]):  # the global generator stays as it was
            self.words = nn.Embedding(config.vocab_size, config.width)
            self.positions = nn.Embedding(config.positions, config.width)
            self.dropout = nn.Dropout(config.dropout)
            self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
            self.norm = nn.LayerNorm(config.width, config.norm_eps)
        # two parts of each block add to the running state (GPT-2's section 2.3)
        added = (".attention.out", ".outer")
        initialise(self, config.init_std, seed, added, depth=2 * config.layers)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return the logits (B, L, V) for ids (B, L).

        Raises:
            UsageError: the text is longer than the table of positions.
        """
        return self.logits(self.hidden(input_ids)[0])

    def hidden(
        self, input_ids: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Return the normed states (B, Q, D) of the newest tokens, and the new state.

        ``state`` holds the keys and values of the tokens before ``input_ids`` (B, Q).
        """
        pasts: Sequence[Past | None] = state or [None] * len(self.blocks)
        start = state[0][0].shape[2] if state else 0
        end = start + input_ids.shape[1]
        check_length(end, self.config.positions)
        added = self.words(input_ids) + self.positions.weight[start:end]
        hidden, found = drop(added, self.dropout), []
        for block, past in zip(self.blocks, pasts, strict=True):
            hidden, past = block(hidden, past)
            found.append(past)
        return self.norm(hidden), tuple(found)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return h W_words^T, (..., D) -> (..., V)."""
        return F.linear(hidden, self.words.weight)

    def step(
        self, input_ids: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Return the logits (B, Q, V) of the newest tokens, and the state after them.

        For generation: the first call gets the prompt (B, Q), each later one the new
        token (B, 1) and the state of the call before. Nothing is computed twice.
        """
        hidden, state = self.hidden(input_ids, state)
        return self.logits(hidden), state

    def attention_maps(self, input_ids: Tensor) -> list[Tensor]:
        """Return each block's attention weights (B, H, L, L), for drawing."""
        hidden = self.words(input_ids) + self.positions.weight[: input_ids.shape[1]]
        maps = []
        block: Any
        for block in self.blocks:
            maps.append(block.attention.weights(block.attention_norm(hidden)))
            hidden, _ = block(hidden)
        return maps

    def save(
        self,
        folder: str | os.PathLike[str],
        tokenizer: PreTrainedTokenizerBase | None = None,
    ) -> Path:
        """Write a folder that transformers' ``GPT2LMHeadModel`` reads."""
        from chapter2.models.gpt_folder import save_gpt

        return save_gpt(self, folder, tokenizer)
