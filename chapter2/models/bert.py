r"""BERT, whole (Devlin et al., 2019): an encoder that sees both sides of each token.

.. math:: h^0 = \mathrm{LN}(W_{x} + P_{1..L} + S_{t}), \qquad
          a = \mathrm{LN}(h + \mathrm{Attention}(h)), \qquad
          h' = \mathrm{LN}(a + W_2\,\mathrm{gelu}(W_1 a))

It is trained to name hidden tokens (masked language model, MLM) and to tell whether two
sentences belong together (next sentence prediction, NSP).

Where the loss reads only some tokens, so does the last layer from its attention on: it
computes nothing at the others. Logits and gradients stay the same.

Shapes: B batch, L length, N chosen tokens, D width, H heads, V vocabulary.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chapter2.models.attention import SelfAttention, padding_bias, select
from chapter2.models.common import (
    check_length,
    check_sizes,
    initialise,
    named_size,
)
from chapter2.models.dropout import drop

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class BertConfig:
    """The sizes of a BERT; as they stand, BERT-tiny (Turc et al., 2019)."""

    vocab_size: int = 30_522  # V, WordPieces of BERT's lower-cased vocabulary
    width: int = 128  # D, numbers per token
    layers: int = 2
    heads: int = 2  # H, each D / H wide; 64 in all of BERT's sizes
    inner: int = 512  # of the feed-forward part, 4 D in all of BERT's sizes
    positions: int = 512  # longest text in tokens
    segments: int = 2  # sentence A and sentence B
    dropout: float = 0.1  # of the states; the paper's
    attention_dropout: float = 0.1  # of the attention weights; the paper's
    norm_eps: float = 1e-12  # keeps LayerNorm from dividing by 0; BERT's code
    init_std: float = 0.02  # of the first weights; BERT's code
    pad_id: int = 0  # [PAD] stands first in BERT's vocabulary

    def __post_init__(self) -> None:
        check_sizes(self)

    @classmethod
    def preset(cls, name: str, **changes: Any) -> BertConfig:
        """Return the sizes ``name``: tiny, mini, small (Turc et al.) or base.

        Raises:
            UsageError: there are no such sizes.
        """
        return named_size(PRESETS, name, **changes)


PRESETS = {
    "tiny": BertConfig(),
    "mini": BertConfig(width=256, layers=4, heads=4, inner=1024),
    "small": BertConfig(width=512, layers=4, heads=8, inner=2048),
    "base": BertConfig(width=768, layers=12, heads=12, inner=3072),
}


class BertOutput(NamedTuple):
    """What the encoder returns."""

    hidden: Tensor  # (B, L, D), or (N, D) at the chosen positions
    pooled: Tensor  # (B, D), made from the first token, [CLS]


class BertLogits(NamedTuple):
    """What the two heads return."""

    mlm_logits: Tensor  # (B, L, V), or (N, V) at the chosen positions
    nsp_logits: Tensor  # (B, 2); class 0: B follows A, class 1: it does not


class Embeddings(nn.Module):
    """What stands where, in which sentence: three tables, added up."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.words = nn.Embedding(config.vocab_size, config.width)
        self.positions = nn.Embedding(config.positions, config.width)
        self.segments = nn.Embedding(config.segments, config.width)
        self.norm = nn.LayerNorm(config.width, config.norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor | None) -> Tensor:
        """Return LN(W_x + P + S_t), (B, L, D); without types all is sentence A."""
        place = self.positions.weight[: input_ids.shape[1]]  # (L, D)
        if token_type_ids is None:
            added = self.words(input_ids) + (self.segments.weight[0] + place)
        else:
            added = self.words(input_ids) + self.segments(token_type_ids) + place
        return drop(self.norm(added), self.dropout)


class Layer(nn.Module):
    """Attention, then a feed-forward part for each token; post-norm: LN after +."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width, heads, inner = config.width, config.heads, config.inner
        self.attention = SelfAttention(width, heads, config.attention_dropout)
        self.attention_norm = nn.LayerNorm(width, config.norm_eps)
        self.inner = nn.Linear(width, inner)
        self.outer = nn.Linear(inner, width)
        self.outer_norm = nn.LayerNorm(width, config.norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, hidden: Tensor, bias: Tensor | None, at: Tensor | None = None
    ) -> Tensor:
        """Return the layer's output (B, L, D), or (N, D) at the places ``at``."""
        seen, _ = self.attention(hidden, bias, at)
        if at is not None:
            hidden = select(hidden, at)
        # a = LN(h + Attention(h))
        a = self.attention_norm(hidden + drop(seen, self.dropout))
        # h' = LN(a + W_2 gelu(W_1 a))
        added = self.outer(F.gelu(self.inner(a)))
        return self.outer_norm(a + drop(added, self.dropout))


class Bert(nn.Module):
    """The encoder: embeddings, layers, and a pooler over the first token."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.pooler = nn.Linear(config.width, config.width)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        positions: Tensor | None = None,
    ) -> BertOutput:
        """Return the states of the last layer and the pooled first token.

        Args:
            input_ids: (B, L) int64.
            attention_mask: (B, L), 1 real and 0 padding; None: all are real.
            token_type_ids: (B, L), 0 sentence A and 1 sentence B; None: all A.
            positions: (B, L) bool, True at the N places whose states are wanted, in the
                order of ``hidden[positions]``; None: all of them.

        Raises:
            UsageError: the text is longer than the table of positions.
        """
        batch, length = input_ids.shape
        check_length(length, self.config.positions)
        bias = padding_bias(attention_mask)
        hidden = self.embeddings(input_ids, token_type_ids)
        for layer in self.layers[:-1]:
            hidden = layer(hidden, bias)
        if positions is None:
            hidden = self.layers[-1](hidden, bias)
            return BertOutput(hidden, self.pool(hidden[:, 0]))
        # the first token of each text is needed by the pooler
        first = torch.arange(0, batch * length, length, device=input_ids.device)
        chosen = positions.flatten().nonzero().squeeze(1)  # (N,) places in B * L
        both = self.layers[-1](hidden, bias, at=torch.cat([first, chosen]))
        return BertOutput(both[batch:], self.pool(both[:batch]))

    def pool(self, first: Tensor) -> Tensor:
        """Return tanh(W h_[CLS] + b), (B, D)."""
        return torch.tanh(self.pooler(first))

    def attention_maps(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> list[Tensor]:
        """Return each layer's attention weights (B, H, L, L), for drawing."""
        bias = padding_bias(attention_mask)
        hidden, maps = self.embeddings(input_ids, token_type_ids), []
        layer: Any
        for layer in self.layers:
            maps.append(layer.attention.weights(hidden, bias))
            hidden = layer(hidden, bias)
        return maps


class BertForPretraining(nn.Module):
    """BERT under its two heads; the MLM head shares the word table."""

    def __init__(self, config: BertConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.notices: tuple[str, ...] = ()  # what was handled while loading
        with torch.random.fork_rng(devices=[]):  # the global generator stays as it was
            self.bert = Bert(config)
            self.transform = nn.Linear(config.width, config.width)
            self.transform_norm = nn.LayerNorm(config.width, config.norm_eps)
            self.bias = nn.Parameter(torch.zeros(config.vocab_size))
            self.nsp = nn.Linear(config.width, 2)
        # BERT's own code cuts the normal at two deviations; transformers and we do not
        initialise(self, config.init_std, seed)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        positions: Tensor | None = None,
    ) -> BertLogits:
        """Return the logits of both heads; the arguments are those of :class:`Bert`."""
        hidden, pooled = self.bert(input_ids, attention_mask, token_type_ids, positions)
        return BertLogits(self.mlm_logits(hidden), self.nsp_logits(pooled))

    def mlm_logits(self, hidden: Tensor) -> Tensor:
        """Return LN(gelu(W h + b)) W_words^T + bias, (..., D) -> (..., V)."""
        changed = self.transform_norm(F.gelu(self.transform(hidden)))
        return F.linear(changed, self.bert.embeddings.words.weight, self.bias)

    def nsp_logits(self, pooled: Tensor) -> Tensor:
        """Return W p + b, (B, D) -> (B, 2)."""
        return self.nsp(pooled)

    def save(
        self,
        folder: str | os.PathLike[str],
        tokenizer: PreTrainedTokenizerBase | None = None,
    ) -> Path:
        """Write a folder that transformers reads; see :func:`bert_folder.save_bert`."""
        from chapter2.models.bert_folder import save_bert

        return save_bert(self, folder, tokenizer)
