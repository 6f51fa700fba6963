"""Train a tagger, recurrent or on an encoder: one call, through the one loop."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from chapter2 import runtime
from chapter2.data.batching import pad
from chapter2.data.records import TaggedDataset
from chapter2.errors import DataError
from chapter2.evaluation.tagging import tagging_report
from chapter2.models.recurrent_tagger import RecurrentTagger
from chapter2.models.token_classifier import TokenClassifier, labels_of
from chapter2.objectives.classification import IGNORE_INDEX, classification
from chapter2.objectives.tagging import crf_likelihood
from chapter2.training import loop
from chapter2.training.by_length import ByLength
from chapter2.training.config import TrainingConfig
from chapter2.training.history import History
from chapter2.training.step import Objective, device_of, to_device

Tagger = RecurrentTagger | TokenClassifier
Rows = Sequence[Sequence[int]]  # (N, L), each row as long as its sentence


class TagBatches(ByLength):
    """N sentences with a label for each token, in batches of nearly equal lengths."""

    def __init__(
        self,
        columns: Mapping[str, Rows],
        labels: Rows,
        pad_id: int,
        batch_size: int = 32,
        token_budget: int = 4096,
        seed: int = 0,
    ) -> None:
        """Args: ``columns`` are ids by the names that the model takes them under."""
        self.columns, self.labels, self.pad_id = columns, labels, pad_id
        lengths = [len(row) for row in labels]
        super().__init__(lengths, batch_size, token_budget, seed)

    def collate(self, item: Sequence[int]) -> dict[str, Tensor]:
        """Return the columns, ``attention_mask`` and ``labels``, all (B, L)."""
        made = {
            name: pad([rows[i] for i in item], self.pad_id)
            for name, rows in self.columns.items()
        }
        mask = next(iter(made.values()))["attention_mask"]
        labels = pad([self.labels[i] for i in item], IGNORE_INDEX)["input_ids"]
        inputs = {name: padded["input_ids"] for name, padded in made.items()}
        return {**inputs, "attention_mask": mask, "labels": labels}

    def fingerprint(self) -> str:
        """Return the SHA-256 of ids and labels, as hexadecimal."""
        digest = hashlib.sha256()
        for rows in (*self.columns.values(), self.labels):
            for row in rows:
                digest.update(np.asarray([len(row), *row], dtype=np.int64).tobytes())
        return digest.hexdigest()


def tag_batches(
    tagger: Tagger, dataset: TaggedDataset, config: TrainingConfig
) -> TagBatches:
    """Return the sentences as ids and labels; what a tagger does not read is cut off.

    Sentences without a token are left out.

    Raises:
        DataError: a tag is not the tagger's, or no sentence is left.
    """
    unknown = {tag for row in dataset.tags for tag in row} - set(tagger.tag_names)
    if unknown:
        raise DataError(
            f"{dataset.name} has the tag {min(unknown)!r}, the tagger "
            f"{', '.join(tagger.tag_names)}; make it with the tags of the data."
        )
    some = dataset.select(i for i, row in enumerate(dataset.tokens) if row)
    if not len(some):
        raise DataError(f"{dataset.name} has no sentences; a tagger needs some.")
    columns, labels, pad_id = _columns(tagger, some)
    limits = config.batch_size, config.token_budget, config.seed
    return TagBatches(columns, labels, pad_id, *limits)


def _columns(
    tagger: Tagger, dataset: TaggedDataset
) -> tuple[dict[str, Rows], Rows, int]:
    if isinstance(tagger, TokenClassifier):
        pieces = tagger.encode(dataset.tokens)
        labels = labels_of(pieces, dataset.tags, tagger.tag_names)
        return {"input_ids": pieces.ids}, labels, tagger.tokenizer.pad_token_id
    n = tagger.config.max_length
    ids, pairs = tagger.encode([tokens[:n] for tokens in dataset.tokens])
    number = {name: i for i, name in enumerate(tagger.tag_names)}
    labels = [[number[tag] for tag in tags[:n]] for tags in dataset.tags]
    return {"input_ids": ids, "pair_ids": pairs}, labels, 0


def objective_of(tagger: Tagger) -> Objective:
    """Return the loss: of whole paths by the CRF, else of each word by itself."""
    return crf_likelihood if isinstance(tagger, RecurrentTagger) else classification


def validation_of(
    tagger: Tagger, dataset: TaggedDataset, config: TrainingConfig
) -> Callable[[nn.Module], dict[str, float]]:
    """Return a function that gives the loss and the entities' micro F1."""
    batches = tag_batches(tagger, dataset, config)
    objective = objective_of(tagger)

    def validate(model: nn.Module) -> dict[str, float]:
        loss, count = 0.0, 0
        for item in batches.in_order():
            batch = to_device(batches.collate(item), device_of(model))
            with torch.no_grad():
                total, targets = objective(model, batch)
            loss, count = loss + float(total), count + int(targets)
        report = tagging_report(dataset.tags, tagger.predict(dataset.tokens))
        return {"loss": loss / max(1, count), "entity_f1": report.micro.f1}

    return validate


def fit_tagger(
    tagger: Tagger,
    train: TaggedDataset,
    validation: TaggedDataset | None,
    config: TrainingConfig,
    progress: bool = True,
) -> History:
    """Train ``tagger`` in place on ``train``; ``validation`` picks the best weights.

    Raises:
        DataError: a tag is not the tagger's, or a part has no sentences.
        TrainingError: see :func:`chapter2.training.train`.
    """
    batches = tag_batches(tagger, train, config)
    validate = validation_of(tagger, validation, config) if validation else None
    nn.Module.to(tagger.model, runtime.device())
    objective = objective_of(tagger)
    history = loop.train(
        tagger.model, objective, batches, config, validate=validate, progress=progress
    )
    tagger.model.eval()
    return history
