"""A text classifier: a pretrained encoder, a head for C classes, and its tokenizer.

What :meth:`Classifier.save` writes is a plain Hugging Face folder; transformers'
``pipeline("text-classification", folder)`` reads it without this library.
Shapes: N texts, B batch, L length, C classes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from chapter2.data.batching import LengthBatches, encode, pad, restore
from chapter2.errors import ModelError, UsageError
from chapter2.models.checkpoint import (
    has_head,
    read_config,
    read_tokenizer,
    read_weights,
    stored_labels,
    window,
    write_folder,
)
from chapter2.models.fast_bert import classify
from chapter2.models.hub import resolve
from chapter2.models.tiny import tiny_random

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TOKEN_BUDGET = 16_384  # padded tokens of one batch when predicting; bounds memory


@dataclass
class Classifier:
    """A model that gives each text a probability for each of C labels."""

    model: PreTrainedModel  # a transformers *ForSequenceClassification
    tokenizer: PreTrainedTokenizerBase
    label_names: tuple[str, ...]  # (C,)
    max_length: int  # tokens, special ones included; longer texts lose their end
    notices: tuple[str, ...] = ()  # what was handled while loading

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, cut at ``max_length``."""
        return encode(texts, self.tokenizer, self.max_length)

    def truncated(self, texts: Sequence[str]) -> int:
        """Return how many of the texts are longer than ``max_length`` tokens."""
        # one token more than fits is enough to tell
        longer = encode(texts, self.tokenizer, self.max_length + 1)
        return sum(len(ids) > self.max_length for ids in longer)

    @torch.inference_mode()
    def predict_proba(
        self, texts: Sequence[str], batch_size: int = 64, progress: bool = False
    ) -> np.ndarray:
        """Return the probabilities, float64 (N, C), in the order of ``texts``.

        The texts are run sorted by length, so that little of a batch is padding.
        """
        from tqdm.auto import tqdm

        if not texts:
            return np.empty((0, len(self.label_names)))
        ids = self.encode(texts)
        lengths = [len(row) for row in ids]
        batches = LengthBatches(lengths, batch_size, TOKEN_BUDGET).in_order()
        was_training = self.model.training
        self.model.eval()
        bar = tqdm(batches, desc="predicting", unit="batch", disable=not progress)
        try:
            found = [self._probabilities([ids[i] for i in batch]) for batch in bar]
        finally:
            self.model.train(was_training)
        return restore(batches, found)

    def predict(
        self, texts: Sequence[str], batch_size: int = 64, progress: bool = False
    ) -> np.ndarray:
        """Return the most probable label's index of each text, int64 (N,)."""
        return self.predict_proba(texts, batch_size, progress).argmax(axis=1)

    def _probabilities(self, ids: list[list[int]]) -> np.ndarray:
        """Return p = softmax(logits), float64 (B, C), of one batch."""
        batch = pad(ids, self.tokenizer.pad_token_id)
        place = self.model.device
        logits = classify(self.model, {key: x.to(place) for key, x in batch.items()})
        return logits.cpu().double().softmax(dim=-1).numpy()

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write config, weights and tokenizer to ``folder``, made if need be.

        Raises:
            ModelError: the folder cannot be written.
        """
        return write_folder(folder, self.model, self.tokenizer)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Classifier:
        """Return the classifier that was saved to ``folder``, weights bit for bit.

        Raises:
            ModelError: the folder is not that of a whole text classifier.
        """
        source = Path(folder)
        names = stored_labels(read_config(source))
        tokenizer = read_tokenizer(source)
        model, missing = read_weights(source, names, seed=0, new_head=False)
        if missing:
            raise ModelError(
                f"{source} holds an encoder without a classification head (no "
                f"{missing[0]}); fine-tune it first."
            )
        return assemble(model, tokenizer, names, None, str(source), [])


def load_encoder(
    name: str,
    label_names: Sequence[str],
    seed: int = 0,
    max_length: int | None = None,
) -> Classifier:
    """Return the encoder ``name`` under a head for ``label_names``, ready to train.

    Args:
        name: ``minilm`` (embedded), ``tiny-random`` (random, for tests), a local
            folder, or a Hub id such as ``google-bert/bert-base-uncased``.
        label_names: (C,) the classes, in the order of the labels' indices.
        seed: of the new head (of all weights for ``tiny-random``).
        max_length: tokens kept of each text; None keeps as many as the model reads.

    A stored head is kept if its labels are just these; else it is replaced, and the
    notices say so.

    Raises:
        UsageError: fewer than two labels, a label twice, or a length out of range.
        ModelError: no such model, or one that cannot be loaded.
        FetchError: it must be fetched and cannot be.
    """
    labels = checked_labels(label_names)
    if name == "tiny-random":
        model, tokenizer = tiny_random(len(labels), seed)
        return assemble(model, tokenizer, labels, max_length, name, [])
    folder = resolve(name)
    config = read_config(folder)
    tokenizer = read_tokenizer(folder)
    model, missing = read_weights(folder, labels, seed, new_head=True)
    stored = stored_labels(config)
    notices = []
    if has_head(config) and stored != labels:
        renew_head(model, seed)
        notices.append(
            f"The head of {name} ({', '.join(stored)}) was replaced by a new one for "
            f"{', '.join(labels)}."
        )
    elif any(".pooler." in key for key in missing):
        notices.append(f"{name} stores no pooler; a new one starts from the seed.")
    return assemble(model, tokenizer, labels, max_length, name, notices)


def checked_labels(label_names: Sequence[str]) -> tuple[str, ...]:
    """Return the labels, or say why they do not serve.

    Raises:
        UsageError: fewer than two labels, or a label twice.
    """
    labels = tuple(label_names)
    if len(labels) < 2:
        raise UsageError(
            f"A classifier needs two labels or more, and got {list(labels)}."
        )
    if len(set(labels)) < len(labels):
        raise UsageError(f"A label stands twice in {list(labels)}; name each once.")
    return labels


def renew_head(model: PreTrainedModel, seed: int) -> None:
    """Draw the last layer, (C, D), anew from N(0, initializer_range), its bias 0."""
    generator = torch.Generator().manual_seed(seed)
    std = getattr(model.config, "initializer_range", 0.02)
    encoder = set(model.base_model.modules())
    for module in model.modules():
        last = getattr(module, "out_features", None) == model.config.num_labels
        if isinstance(module, torch.nn.Linear) and last and module not in encoder:
            torch.nn.init.normal_(module.weight, 0.0, std, generator)
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)


def assemble(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    labels: tuple[str, ...],
    max_length: int | None,
    name: str,
    notices: list[str],
) -> Classifier:
    """Fit model, tokenizer, labels and length to each other, or say what does not.

    Raises:
        ModelError: model and tokenizer belong to different models.
        UsageError: a length out of range.
    """
    if len(tokenizer) > model.config.vocab_size:
        raise ModelError(
            f"The tokenizer of {name} has {len(tokenizer)} entries but the model only "
            f"{model.config.vocab_size}; they belong to different models."
        )
    longest = window(model.config, tokenizer)
    if max_length is not None and not 3 <= max_length <= longest:
        raise UsageError(
            f"max_length is {max_length}; {name} reads from 3 to {longest} tokens."
        )
    if tokenizer.pad_token is None:  # decoders are trained without one
        tokenizer.pad_token = tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: i for i, label in enumerate(labels)}
    # stored with the tokenizer, so that a saved folder keeps the length
    tokenizer.model_max_length = max_length or longest
    return Classifier(
        model.eval(), tokenizer, labels, max_length or longest, tuple(notices)
    )
