"""Batches of masked blocks: drawn anew for each batch, special tokens left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from chapter2.errors import UsageError
from chapter2.objectives import cross_entropy_sum
from chapter2.objectives.masked import (
    RATE,
    continues_word,
    mask_tokens,
    ordinary_ids,
    special_mask,
    targets_of,
    word_ids_of,
)
from chapter2.training.packed import PackedBatches
from chapter2.training.step import device_of, to_device

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Masker:
    """Makes masked inputs and their labels of blocks of one tokenizer."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        rate: float = RATE,
        whole_words: bool = False,
    ) -> None:
        """Args: ``rate`` is the share of the ordinary tokens that is asked for.

        Raises:
            UsageError: the rate is no share, or the tokenizer has no mask token.
        """
        if not 0 < rate < 1:
            raise UsageError(f"The share to mask is {rate}; it lies between 0 and 1.")
        if tokenizer.mask_token_id is None:
            raise UsageError(
                "The tokenizer has no mask token; masked language modelling needs one."
            )
        self.rate, self.mask_id = rate, tokenizer.mask_token_id
        self.special = torch.tensor(tokenizer.all_special_ids)
        self.allowed = ordinary_ids(tokenizer)
        self.continues = continues_word(tokenizer) if whole_words else None

    def __call__(self, blocks: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Return ``input_ids`` and ``labels`` (B, L) of blocks (B, L)."""
        words = None
        if self.continues is not None:
            words = word_ids_of(blocks, self.continues)
        masked = mask_tokens(
            blocks,
            special_mask(blocks, self.special),
            self.mask_id,
            self.allowed,
            generator,
            rate=self.rate,
            word_ids=words,
        )
        return {"input_ids": masked.input_ids, "labels": masked.labels}


def masked_validation(
    batches: PackedBatches,
) -> Callable[[nn.Module], dict[str, float]]:
    """Return a function that gives loss and accuracy at the masked positions.

    The masks are the same each time, so that what differs is the model.
    """

    def validate(model: nn.Module) -> dict[str, float]:
        total, right, count = 0.0, 0, 0
        for item in batches.in_order():
            batch = to_device(batches.collate(item), device_of(model))
            positions, targets = targets_of(batch)
            logits = model(batch["input_ids"], positions=positions).mlm_logits
            total += float(cross_entropy_sum(logits.detach(), targets)[0])
            right += int((logits.argmax(dim=-1) == targets).sum())
            count += len(targets)
        count = max(1, count)
        return {"loss": total / count, "masked_accuracy": right / count}

    return validate
