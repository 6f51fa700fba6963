"""Measure a pretrained model on blocks it has not seen, by the measure of its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from chapter2.data.packing import pack, token_ids
from chapter2.evaluation import (
    LanguageScore,
    MaskedScore,
    TextSize,
    Unigram,
    masked_accuracy,
    perplexity,
)
from chapter2.models.language_model import LanguageModel
from chapter2.training.masking import Masker
from chapter2.training.packed import PackedBatches
from chapter2.training.step import device_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase


def blocks_of(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, length: int
) -> np.ndarray:
    """Return ``texts`` packed into blocks (N, L): [CLS] first, [SEP] after each text.

    The same for all families: to a causal model [CLS] is the sign to begin.

    Raises:
        DataError: the texts do not fill one block.
    """
    first, separator = tokenizer.cls_token_id, tokenizer.sep_token_id
    return pack(token_ids(texts, tokenizer), length, separator, first).blocks


def size_of(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> TextSize:
    """Return the size of ``texts`` in tokens, words and bytes."""
    ids = token_ids(texts, tokenizer)
    return TextSize.of(texts, sum(len(row) + 1 for row in ids if row))  # and [SEP]


def hidden(
    blocks: np.ndarray, masker: Masker, batch_size: int = 32
) -> tuple[Tensor, Tensor]:
    """Return inputs and labels (N, L) of ``blocks`` with the same masks each time."""
    batches = PackedBatches(blocks, batch_size, corrupt=masker)
    made = [batches.collate(item) for item in batches.in_order()]
    inputs, labels = (
        torch.cat([batch[name] for batch in made]) for name in ("input_ids", "labels")
    )
    return inputs, labels


def score(
    subject: LanguageModel, blocks: np.ndarray, size: TextSize | None = None
) -> LanguageScore | MaskedScore:
    """Return perplexity for a causal model, masked accuracy for bert.

    The two measure different things: see :mod:`chapter2.evaluation.language_models`.
    """
    if subject.is_causal:
        return perplexity(subject.model, blocks, size)
    inputs, labels = hidden(blocks, Masker(subject.tokenizer))
    return masked_accuracy(fills(subject.model), inputs, labels)


def baseline_score(
    baseline: Unigram,
    subject: LanguageModel,
    blocks: np.ndarray,
    size: TextSize | None = None,
) -> LanguageScore | MaskedScore:
    """Return the unigram model's score by the measure, and on the masks, of another."""
    if subject.is_causal:
        return perplexity(baseline, blocks, size)
    inputs, labels = hidden(blocks, Masker(subject.tokenizer))
    return masked_accuracy(baseline, inputs, labels)


def fills(model: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    """Return ``model`` (B, L), (B, L) bool -> (M, V), as the measures call it."""

    def asked(ids: Tensor, positions: Tensor) -> Tensor:
        place = device_of(model)
        ids, positions = ids.to(place), positions.to(place)
        return model(ids, positions=positions).mlm_logits.cpu()

    return asked
