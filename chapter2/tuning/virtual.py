"""Trained vectors that stand before a text as tokens would: what prefixes and prompts
share.

Shapes: B batch, L length of the text, P trained vectors, D width, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from chapter2.errors import UsageError
from chapter2.models.fast_bert import bert_logits

if TYPE_CHECKING:
    from transformers import BertForSequenceClassification

# BERT's vocabularies list special tokens and single characters first, then words, the
# more frequent before the rarer. Lester et al. start from the 5,000 most frequent.
FREQUENT = range(1_996, 6_996)
SPECIAL = 5  # [PAD], [UNK], [CLS], [SEP], [MASK]: where a vocabulary is too small


class WithVirtualTokens(nn.Module):
    """A BERT classifier some of whose modules put P vectors before the text's L.

    The forward pass is that of ``chapter2.models.fast_bert`` on every device;
    transformers' own has no place for keys that are more than the ids. So only the
    mask is lengthened here. The wrapped model must not be called itself.
    """

    def __init__(self, model: BertForSequenceClassification, length: int) -> None:
        super().__init__()
        self.model = model
        self.length = length
        self.train(model.training)  # what is new, like the rest

    @property
    def config(self) -> Any:
        """The configuration of the wrapped model."""
        return self.model.config

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None
    ) -> Tensor:
        """Return the logits (B, C) of ids and mask (B, L); the mask becomes P + L."""
        if attention_mask is not None:
            ones = attention_mask.new_ones(len(attention_mask), self.length)
            attention_mask = torch.cat([ones, attention_mask], dim=1)
        return bert_logits(self.model, input_ids, attention_mask)


def check_length(length: int, method: str) -> None:
    """Raise a UsageError if ``method`` is to have fewer than one trained vector."""
    if length < 1:
        raise UsageError(
            f"{method} needs a length of 1 or more, and got {length}; 20 is usual."
        )


def frequent_words(vocabulary: int, length: int, seed: int) -> Tensor:
    """Return ids (P,) of words drawn from the frequent ones, no word twice."""
    whole = vocabulary >= FREQUENT.stop
    words = FREQUENT if whole else range(SPECIAL, vocabulary)
    order = torch.randperm(len(words), generator=torch.Generator().manual_seed(seed))
    # a small vocabulary is gone through again
    picked = order.repeat(-(-length // len(words)))[:length]
    return picked + words.start
