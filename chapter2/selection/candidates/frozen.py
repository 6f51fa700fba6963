"""A pretrained encoder that stays as it is, and a linear layer on its vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chapter2.selection.candidates import notices
from chapter2.selection.candidates.base import READ, Entry
from chapter2.selection.candidates.regression import check_classes, fit_head

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.models.embedding import Embedder, EmbeddingLinear

MINILM_FACTS = (
    "Wang et al. (2020): MiniLM",
    "Reimers and Gurevych (2019): Sentence-BERT, the mean of the outputs as a vector",
    "its README: English, Apache-2.0",
)
FROZEN = Entry(
    name="minilm-frozen",
    title="Frozen MiniLM + logistic regression",
    simplicity=7,
    licence="Apache-2.0",
    languages=("en",),
    window=READ,
    parameters=22_713_216,
    weights="minilm",
    smallest_mb=90.0,
    reads_once=True,
    sources=MINILM_FACTS,
)


@dataclass(frozen=True)
class FrozenEncoder:
    """Mean vectors of an encoder, read once, and a logistic regression."""

    entry: Entry = FROZEN
    encoder: str = "minilm"
    max_length: int = READ  # tokens
    scratch: Path | None = None  # a folder in which the vectors of all trials are kept

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> EmbeddingLinear:
        """Fit in one go; see :class:`Candidate`."""
        from torch.nn import Module

        from chapter2 import runtime
        from chapter2.models.embedding import load_embedder
        from chapter2.selection.vectors import kept

        check_classes(train)
        embedder = load_embedder(self.encoder, self.max_length)
        Module.to(embedder.model, runtime.device())
        return on_vectors(kept(embedder, self.encoder, self.scratch), train)


def on_vectors(embedder: Embedder, train: TextDataset) -> EmbeddingLinear:
    """Fit a logistic regression on the encoder's vectors of ``train``."""
    from chapter2.models.embedding import EmbeddingLinear

    head = fit_head(train, embedder.embed(train.texts))
    longer = embedder.truncated(train.texts)
    said = notices.cut(longer, len(train), embedder.max_length)
    return EmbeddingLinear(train.label_names, embedder, head, said)
