"""Topic and opinion of texts: two linear models, or two heads on one encoder.

The topic model learns from newswire (Reuters R8). No text of that kind is rated for
opinion in what ships with packages, so the opinion model learns from product reviews
and newspaper editorials, rated by 20 people each: neutral is a mean rating nearer to 0
than ``band``, on their scale from -4 to 4. On newswire it is outside its domain.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chapter2 import data
from chapter2.data.parsers.vader import NEAR_ZERO, opinion_of
from chapter2.data.records import TextDataset
from chapter2.errors import UsageError
from chapter2.evaluation import tfidf_logistic
from chapter2.models.linear_head import LinearHead
from chapter2.models.settings_file import read_settings, write_settings
from chapter2.models.sparse import SparseLinear
from chapter2.selection.candidates.frozen import on_vectors

if TYPE_CHECKING:  # the encoder's needs torch, which a linear model does without
    from chapter2.models.embedding import Embedder, EmbeddingLinear

RATED = ("product-snippets", "editorial-snippets")
TOPIC, OPINION = "topic", "opinion"  # subfolders of a saved scorer


def rated_sentences(band: float = NEAR_ZERO, limit: int | None = None) -> TextDataset:
    """Return the product and editorial sentences, negative, neutral or positive.

    ``limit``: at most so many of each. Reviews and articles are groups.

    Raises:
        UsageError: a band outside 0 to 4.
        FetchError: they cannot be had.
    """
    if not 0 < band < 4:
        raise UsageError(f"band is {band}; ratings lie from -4 to 4: give 0.5, say.")
    loaded = [data.load(name, limit, label="opinion") for name in RATED]
    parts = [part for part in loaded if isinstance(part, TextDataset)]
    scores = tuple(score for part in parts for score in part.scores or ())
    return TextDataset(
        name="rated sentences",
        texts=tuple(text for part in parts for text in part.texts),
        labels=tuple(opinion_of(score, band) for score in scores),
        label_names=parts[0].label_names,
        groups=tuple(f"{p.name} {group}" for p in parts for group in p.groups or ()),
        scores=scores,
    )


def first_words(dataset: TextDataset, words: int = 40) -> TextDataset:
    """Return the records cut to their first words: newswire begins with its news."""
    cut = (" ".join(text.split()[:words]) for text in dataset.texts)
    return replace(dataset, texts=tuple(cut))


@dataclass(frozen=True)
class LinearScorer:
    """TF-IDF and a linear layer, once for the topic and once for the opinion."""

    topic: SparseLinear
    opinion: SparseLinear

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics' names, (T,)."""
        return self.topic.label_names

    def score(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return topics (N,) and P(negative, neutral, positive), (N, 3)."""
        topics = self.topic.predict_proba(texts).argmax(axis=1)
        return topics, self.opinion.predict_proba(texts)

    @classmethod
    def fit(cls, topics: TextDataset, opinions: TextDataset) -> LinearScorer:
        """Learn from texts with topics and from others with opinions.

        Raises:
            DataError: one of the sets is empty or of one class.
        """
        sets = (topics, opinions)
        return cls(*(SparseLinear.of(tfidf_logistic(each, "en")) for each in sets))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write both models.

        Raises:
            ModelError: the folder cannot be written.
        """
        target = write_settings(folder, label_names=self.topics, kind="linear")
        self.topic.save(target / TOPIC)
        self.opinion.save(target / OPINION)
        return target


@dataclass(frozen=True)
class EncoderScorer:
    """One frozen encoder, read once a text, with a head for each question."""

    topic: EmbeddingLinear
    opinion: LinearHead  # on the vectors of topic.embedder

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics' names, (T,)."""
        return self.topic.label_names

    def score(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return topics (N,) and P(negative, neutral, positive), (N, 3)."""
        vectors = self.topic.embedder.embed(texts)
        topics = self.topic.head.predict_proba(vectors).argmax(axis=1)
        return topics, self.opinion.predict_proba(vectors)

    @classmethod
    def fit(
        cls, embedder: Embedder, topics: TextDataset, opinions: TextDataset
    ) -> EncoderScorer:
        """Learn two heads on the vectors of an encoder.

        Raises:
            DataError: one of the sets is empty or of one class.
        """
        found = [on_vectors(embedder, each) for each in (topics, opinions)]
        return cls(found[0], found[1].head)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the encoder and both heads.

        Raises:
            ModelError: the folder cannot be written.
        """
        target = write_settings(folder, label_names=self.topics, kind="encoder")
        self.topic.save(target / TOPIC)
        (target / OPINION).mkdir(exist_ok=True)
        self.opinion.save(target / OPINION)
        return target


def load_scorer(folder: str | os.PathLike[str]) -> LinearScorer | EncoderScorer:
    """Return what ``save`` of one of the two wrote.

    Raises:
        ModelError: the folder does not hold it whole.
    """
    source = Path(folder)
    kind = read_settings(source, "kind")["kind"]
    if kind == "encoder":
        from chapter2.models.embedding import EmbeddingLinear

        head, _ = LinearHead.load(source / OPINION)
        return EncoderScorer(EmbeddingLinear.load(source / TOPIC), head)
    models = (SparseLinear.load(source / part) for part in (TOPIC, OPINION))
    return LinearScorer(*models)
