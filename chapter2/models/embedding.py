r"""Texts as vectors: the mean of a pretrained encoder's outputs, and a linear layer.

.. math:: u = \frac{1}{L} \sum_t h_t, \qquad \hat u = u / \lVert u \rVert_2

as in Sentence-BERT (Reimers and Gurevych, 2019), the mean over the real tokens only.
Shapes: N texts, B batch, L length, D width, C classes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chapter2.data.batching import LengthBatches, encode, pad, restore
from chapter2.models.checkpoint import quiet
from chapter2.models.classifier import TOKEN_BUDGET, load_encoder
from chapter2.models.linear_head import LinearHead
from chapter2.models.settings_file import read_settings, write_settings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ENCODER = "encoder"  # subfolder of a saved model
UNUSED = ("unused", "head")  # labels of the head that is thrown away when loading


@dataclass(frozen=True)
class Embedder:
    """A pretrained encoder that gives each text a vector of length 1."""

    model: PreTrainedModel  # an encoder without a head
    tokenizer: PreTrainedTokenizerBase
    max_length: int  # tokens, special ones included; longer texts lose their end

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, cut at ``max_length``."""
        return encode(texts, self.tokenizer, self.max_length)

    def truncated(self, texts: Sequence[str]) -> int:
        """Return how many of the texts are longer than ``max_length`` tokens."""
        longer = encode(texts, self.tokenizer, self.max_length + 1)
        return sum(len(ids) > self.max_length for ids in longer)

    @torch.inference_mode()
    def embed(self, texts: Sequence[str], batch_size: int = 64) -> np.ndarray:
        """Return the vectors, float64 (N, D)."""
        if not len(texts):
            return np.empty((0, self.model.config.hidden_size))
        ids = self.encode(texts)
        lengths = [len(row) for row in ids]
        batches = LengthBatches(lengths, batch_size, TOKEN_BUDGET).in_order()
        self.model.eval()
        found = [self._vectors([ids[i] for i in batch]) for batch in batches]
        return restore(batches, found)

    def _vectors(self, ids: list[list[int]]) -> np.ndarray:
        batch = pad(ids, self.tokenizer.pad_token_id)
        place = self.model.device
        vectors = mean_vectors(self.model, {k: v.to(place) for k, v in batch.items()})
        return F.normalize(vectors, dim=-1).cpu().double().numpy()

    def save(self, folder: Path) -> None:
        """Write the encoder as a plain Hugging Face folder."""
        with quiet():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)


def mean_vectors(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the mean output (B, D) over the real tokens of ids and mask (B, L)."""
    hidden = model(**inputs).last_hidden_state  # (B, L, D)
    mask = inputs["attention_mask"].unsqueeze(-1).to(hidden)  # (B, L, 1)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)


def load_embedder(name: str, max_length: int | None = None, seed: int = 0) -> Embedder:
    """Return the encoder ``name``, as :func:`chapter2.models.load_encoder` finds it.

    Raises:
        UsageError: a length out of range.
        ModelError: no such model, or one that cannot be loaded.
        FetchError: it must be fetched and cannot be.
    """
    whole = load_encoder(name, UNUSED, seed, max_length)
    encoder = cast("PreTrainedModel", whole.model.base_model)  # torch types it Module
    return Embedder(encoder, whole.tokenizer, whole.max_length)


@dataclass(frozen=True)
class EmbeddingLinear:
    """An encoder, frozen or tuned beforehand, and a linear layer on its vectors."""

    label_names: tuple[str, ...]  # (C,)
    embedder: Embedder
    head: LinearHead  # on D features
    notices: tuple[str, ...] = ()  # what was handled while fitting; not stored

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities of the classes, float64 (N, C)."""
        return self.head.predict_proba(self.embedder.embed(texts))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the linear layer to ``folder``, and the encoder below it.

        Raises:
            ModelError: the folder cannot be written.
        """
        target = write_settings(folder, label_names=self.label_names)
        self.head.save(target)
        self.embedder.save(target / ENCODER)
        return target

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> EmbeddingLinear:
        """Return what :meth:`save` wrote; vectors bit for bit.

        Raises:
            ModelError: the folder does not hold it whole.
        """
        source = Path(folder)
        stored = read_settings(source)
        head, _ = LinearHead.load(source)
        return cls(stored["label_names"], load_embedder(str(source / ENCODER)), head)
