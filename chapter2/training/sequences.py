"""Pairs of token lists as batches for an encoder-decoder, and their validation.

Teacher forcing: the decoder reads the true target up to a token and is asked for the
next, all places at once; the causal mask keeps it from looking ahead.

Shapes: N pairs, B batch, S source length, T target length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from torch import Tensor, nn

from chapter2.data.batching import pad
from chapter2.objectives.classification import (
    IGNORE_INDEX,
    call,
    cross_entropy_sum,
    without_labels,
)
from chapter2.training.by_length import ByLength
from chapter2.training.step import device_of, to_device


class SequenceBatches(ByLength):
    """N pairs of token lists, in batches of nearly equal lengths."""

    def __init__(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        pad_id: int,
        batch_size: int = 64,
        token_budget: int = 4096,
        seed: int = 0,
    ) -> None:
        """Args: ``targets`` begin and end with the signs for it; no list is empty."""
        self.sources, self.targets, self.pad_id = sources, targets, pad_id
        both = zip(sources, targets, strict=True)
        lengths = [max(len(source), len(target)) for source, target in both]
        super().__init__(lengths, batch_size, token_budget, seed)

    def collate(self, item: Sequence[int]) -> dict[str, Tensor]:
        """Return sources and mask (B, S), targets (B, T-1), and labels (B, T-1).

        The labels are the targets one place on, ``IGNORE_INDEX`` where there is none.
        """
        source = pad([self.sources[i] for i in item], self.pad_id)
        target = pad([self.targets[i] for i in item], self.pad_id)
        ids, mask = target["input_ids"], target["attention_mask"]
        labels = ids.masked_fill(mask == 0, IGNORE_INDEX)[:, 1:]
        return {**source, "target_ids": ids[:, :-1], "labels": labels}

    def fingerprint(self) -> str:
        """Return the SHA-256 of all tokens, as hexadecimal."""
        digest = hashlib.sha256()
        for source, target in zip(self.sources, self.targets, strict=True):
            row = [len(source), *source, len(target), *target]
            digest.update(np.asarray(row, dtype=np.int64).tobytes())
        return digest.hexdigest()


def sequence_validation(
    batches: SequenceBatches,
) -> Callable[[nn.Module], Mapping[str, float]]:
    """Return a function that gives the loss in nats per token, without smoothing."""

    def validate(model: nn.Module) -> dict[str, float]:
        total, count = 0.0, 0
        for item in batches.in_order():
            batch = to_device(batches.collate(item), device_of(model))
            logits = call(model, without_labels(batch))
            loss, targets = cross_entropy_sum(logits, batch["labels"])
            total, count = total + float(loss), count + int(targets)
        return {"loss": total / max(1, count)}

    return validate
