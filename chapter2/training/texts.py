"""Labelled texts as batches for the loop, and their validation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from chapter2.data.batching import pad, restore
from chapter2.evaluation import accuracy, precision_recall_f1
from chapter2.models.fast_bert import classify
from chapter2.objectives.classification import cross_entropy_sum, without_labels
from chapter2.training.by_length import ByLength
from chapter2.training.step import device_of, to_device


class TextBatches(ByLength):
    """N token lists with a label each, in batches of nearly equal lengths."""

    def __init__(
        self,
        ids: Sequence[Sequence[int]],
        labels: Sequence[int],
        pad_id: int,
        batch_size: int = 32,
        token_budget: int = 4096,
        seed: int = 0,
    ) -> None:
        """Args: ``ids`` are N token lists, ``labels`` N class indices."""
        self.ids, self.labels, self.pad_id = ids, labels, pad_id
        lengths = [len(row) for row in ids]
        super().__init__(lengths, batch_size, token_budget, seed)

    def collate(self, item: Sequence[int]) -> dict[str, Tensor]:
        """Return ``input_ids`` and ``attention_mask`` (B, L), and ``labels`` (B,)."""
        batch = pad([self.ids[i] for i in item], self.pad_id)
        return {**batch, "labels": torch.tensor([self.labels[i] for i in item])}

    def fingerprint(self) -> str:
        """Return the SHA-256 of tokens and labels, as hexadecimal."""
        digest = hashlib.sha256()
        for row, label in zip(self.ids, self.labels, strict=True):
            digest.update(np.asarray([label, len(row), *row], dtype=np.int64).tobytes())
        return digest.hexdigest()


def predict_logits(model: nn.Module, batches: TextBatches) -> Tensor:
    """Return the logits of every record, (N, C), in the records' order, on the CPU."""
    plan = batches.in_order()
    found = []
    for item in plan:
        batch = to_device(batches.collate(item), device_of(model))
        with torch.no_grad():
            logits = classify(model, without_labels(batch))
        found.append(logits.float().cpu().numpy())
    return torch.from_numpy(restore(plan, found))


def make_validation(
    batches: TextBatches,
) -> Callable[[nn.Module], dict[str, float]]:
    """Return a function that gives loss, accuracy and macro F1 over ``batches``.

    Each is computed once, from the logits of all records together: not as a mean of
    batch means, which weighs the records of a short batch too much.
    """
    labels = np.asarray(batches.labels)

    def validate(model: nn.Module) -> dict[str, float]:
        logits = predict_logits(model, batches)  # (N, C)
        loss, count = cross_entropy_sum(logits, torch.from_numpy(labels))
        predicted, classes = logits.argmax(dim=-1).numpy(), logits.shape[-1]
        f1 = precision_recall_f1(labels, predicted, classes, average="macro").f1
        return {
            "loss": float(loss / count),
            "accuracy": float(accuracy(labels, predicted)),
            "macro_f1": float(f1),
        }

    return validate
