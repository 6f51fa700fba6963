r"""How many numbers a model learns: counted, and by formula.

With V vocabulary, D width, I inner width, P positions, S segments, N layers:

.. math:: \text{layer} = \underbrace{4 (D^2 + D)}_{Q, K, V, O}
          + \underbrace{2 D I + I + D}_{\text{feed-forward}}
          + \underbrace{2 \cdot 2 D}_{\text{two LayerNorms}}

The number of heads does not matter: they share D among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from chapter2.models.bert import BertConfig
    from chapter2.models.gpt import GPTConfig


def count_parameters(model: nn.Module, trainable: bool = False) -> int:
    """Return the numbers in the model's parameters, a shared one once.

    With ``trainable``, only those that training changes.
    """
    found = model.parameters()  # names a shared tensor once
    return sum(p.numel() for p in found if p.requires_grad or not trainable)


def layer_parameters(width: int, inner: int) -> int:
    """Return the parameters of one Transformer layer, BERT's or GPT's."""
    attention = 4 * (width * width + width)
    feed_forward = 2 * width * inner + inner + width
    return attention + feed_forward + 2 * (2 * width)


def bert_parameters(config: BertConfig, heads: bool = True) -> int:
    """Return the parameters of :class:`Bert`; with ``heads``, those of its two too.

    embeddings (V + P + S) D + 2 D, pooler D^2 + D; MLM head D^2 + D, LayerNorm 2 D, and
    one bias per word (its matrix is the word table); NSP head 2 D + 2.
    """
    d, v = config.width, config.vocab_size
    embeddings = (v + config.positions + config.segments) * d + 2 * d
    encoder = config.layers * layer_parameters(d, config.inner)
    body = embeddings + encoder + (d * d + d)
    return body + heads * ((d * d + d + 2 * d + v) + (2 * d + 2))


def gpt_parameters(config: GPTConfig) -> int:
    """Return the parameters of :class:`GPT`: (V + P) D, the blocks, a last LayerNorm.

    The logits cost nothing: their matrix is the word table.
    """
    d = config.width
    embeddings = (config.vocab_size + config.positions) * d
    return embeddings + config.layers * layer_parameters(d, config.inner) + 2 * d
