"""Which sentences to copy, by an encoder all of whose layers learn it.

:class:`chapter2.applications.gallery.summaries.Extractor` sees vectors that were made
for no task. Here a classifier reads each sentence and learns whether the oracle takes
it, and so learns what its vector should hold. What a sentence does not say of itself
stands before it in words: its place, and the rank (1: the first) of its likeness to
the mean of its article, where the other extractor sees the cosine itself (its length
can be read)::

    sentence 3 of 12, likeness 2 [SEP] The mayor opened a new bridge.

The oracle takes one of a dozen sentences. All the others would make the classes unequal
and cost most of the time, so a few of each article are drawn.

Shapes: S sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chapter2.applications.customer_service.reranker import pair_text
from chapter2.applications.gallery.summaries import (
    Article,
    best,
    nearness,
    oracle_labels,
)
from chapter2.data import TextDataset
from chapter2.errors import DataError, UsageError
from chapter2.models import Classifier, load_encoder
from chapter2.training import TrainingConfig, fine_tune

LABELS = ("leave", "take")
LENGTH = 64  # tokens of a text; longer sentences lose their end


@dataclass(frozen=True)
class FineTunedExtractor:
    """A fine-tuned classifier of sentences."""

    classifier: Classifier

    @classmethod
    def fit(
        cls,
        train: Sequence[Article],
        encoder: str = "minilm",
        config: TrainingConfig | None = None,
        negatives: int = 3,
        k: int = 1,
    ) -> FineTunedExtractor:
        """Fine-tune ``encoder`` on what the oracle takes of ``train``.

        Args:
            train: articles to learn from.
            encoder: as for :func:`chapter2.models.load_encoder`.
            config: the training's settings; its seed draws head and sentences too.
            negatives: sentences drawn beside each that the oracle takes, at most.
            k: how many the oracle takes.

        Raises:
            DataError: no article in which the oracle takes one and leaves one.
            UsageError: ``negatives`` is below 1.
            ModelError, FetchError: the encoder cannot be had.
            TrainingError: training failed.
        """
        config = config or TrainingConfig(epochs=3, monitor="step")
        classifier = load_encoder(encoder, LABELS, config.seed, LENGTH)
        mark = classifier.tokenizer.sep_token
        known = labelled_sentences(train, mark, negatives, k, config.seed)
        fine_tune(classifier, known, None, config, progress=False)
        return cls(classifier)

    def probabilities(self, article: Article) -> np.ndarray:
        """Return how probably the oracle takes each sentence, (S,)."""
        texts = texts_of(article, self.classifier.tokenizer.sep_token)
        return self.classifier.predict_proba(texts)[:, LABELS.index("take")]

    def __call__(self, article: Article, k: int = 1) -> list[int]:
        """Choose the ``k`` most probable sentences."""
        return best(self.probabilities(article), k)


def texts_of(article: Article, mark: str = "[SEP]") -> list[str]:
    """Return what is read of each sentence: its place, its likeness, itself; S texts.

    Of equally like sentences the first has the better rank.
    """
    count = len(article.sentences)
    ranks = np.empty(count, dtype=int)
    ranks[best(nearness(article), count)] = np.arange(1, count + 1)
    return [
        pair_text(f"sentence {place} of {count}, likeness {rank}", sentence, mark)
        for place, (rank, sentence) in enumerate(
            zip(ranks, article.sentences, strict=True), start=1
        )
    ]


def labelled_sentences(
    articles: Sequence[Article],
    mark: str = "[SEP]",
    negatives: int = 3,
    k: int = 1,
    seed: int = 0,
) -> TextDataset:
    """Return the sentences that the oracle takes, and ``negatives`` others for each.

    The others are drawn from the same article, all where there are no more. An article
    of which the oracle takes all sentences or none teaches no choice and is left out.

    Raises:
        DataError: no article is left.
        UsageError: ``negatives`` is below 1.
    """
    if negatives < 1:
        raise UsageError(f"negatives is {negatives}; a choice needs at least 1.")
    rng = np.random.default_rng(seed)
    texts: list[str] = []
    labels: list[int] = []
    for article in articles:
        takes = oracle_labels(article, k)
        taken, left = np.flatnonzero(takes), np.flatnonzero(takes == 0)
        if not len(taken) or not len(left):
            continue
        drawn = rng.permutation(left)[: negatives * len(taken)]
        read = texts_of(article, mark)
        texts += [read[i] for i in (*taken, *drawn)]
        labels += [1] * len(taken) + [0] * len(drawn)
    if not texts:
        raise DataError(
            "In no article the oracle takes a sentence and leaves one; give longer "
            "articles, or more."
        )
    return TextDataset("sentences", tuple(texts), tuple(labels), LABELS)
