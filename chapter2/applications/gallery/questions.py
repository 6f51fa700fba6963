r"""Questions: yes or no by a passage, and the passage that a question asks for.

For yes or no, a pair of texts is classified. With u the frozen encoder's vector of the
question and v that of the passage, the features are

.. math:: x = [u ; v ; |u - v| ; u \circ v]

(Conneau et al., 2017), under a logistic regression. The encoder reads the two texts
apart, so no word of one ever meets a word of the other; a fine-tuned one reads both
together (:func:`fit_reader`).

Shapes: N pairs, Q questions, P passages, D width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chapter2.applications.customer_service.bm25 import BM25
from chapter2.applications.customer_service.measures import Ranks
from chapter2.applications.customer_service.reranker import pair_text
from chapter2.applications.text_study import TextStudy
from chapter2.data import TextDataset, unit_numbers
from chapter2.data.parsers.boolq_questions import question_and_passage
from chapter2.errors import DataError
from chapter2.evaluation import majority, tfidf_logistic
from chapter2.models import Classifier, load_encoder
from chapter2.models.embedding import Embedder
from chapter2.models.linear_head import LinearHead
from chapter2.selection.candidates.regression import fit_head
from chapter2.training import TrainingConfig, fine_tune

MAJORITY, QUESTION, PAIR = "majority", "TF-IDF of the question", "TF-IDF of both"
FROZEN = "frozen encoder"


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Passages:
    """P different passages with the vectors of the frozen encoder."""

    texts: tuple[str, ...]  # (P,), each once
    vectors: np.ndarray  # (P, D)
    bm25: BM25

    @classmethod
    def of(cls, pairs: Sequence[TextDataset], embedder: Embedder) -> Passages:
        """Return the passages of the records of ``pairs``, in their order."""
        both = [question_and_passage(text) for part in pairs for text in part.texts]
        texts = tuple(dict.fromkeys(passage for _, passage in both))
        return cls(texts, embedder.embed(texts), BM25.of(texts))

    def places(self, dataset: TextDataset) -> list[int]:
        """Return the place of each record's passage.

        Raises:
            DataError: it is not among these.
        """
        number = {text: i for i, text in enumerate(self.texts)}
        passages = [question_and_passage(text)[1] for text in dataset.texts]
        missing = [passage for passage in passages if passage not in number]
        if missing:
            raise DataError(
                f"{dataset.name} asks of {len(missing)} passages that are not among "
                f"the {len(self.texts)}; add its records."
            )
        return [number[passage] for passage in passages]


def questions_of(dataset: TextDataset) -> TextDataset:
    """Return the records without their passages."""
    questions = tuple(question_and_passage(text)[0] for text in dataset.texts)
    return replace(dataset, texts=questions)


def pair_features(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return [u ; v ; |u - v| ; u v] of vectors (N, D), as (N, 4 D)."""
    return np.concatenate([u, v, np.abs(u - v), u * v], axis=1)


@dataclass(frozen=True, eq=False)
class FrozenPairs:
    """Yes or no by a logistic regression on both vectors."""

    embedder: Embedder
    head: LinearHead

    @classmethod
    def fit(
        cls, train: TextDataset, passages: Passages, embedder: Embedder
    ) -> FrozenPairs:
        """Fit on ``train``, whose passages are among ``passages``.

        Raises:
            DataError: there are no records, or only of one class.
        """
        return cls(embedder, fit_head(train, _features(train, passages, embedder)))

    def predict(self, asked: TextDataset, passages: Passages) -> np.ndarray:
        """Return the more probable answer to each, int64 (N,)."""
        features = _features(asked, passages, self.embedder)
        return self.head.predict_proba(features).argmax(axis=1)


def _features(
    dataset: TextDataset, passages: Passages, embedder: Embedder
) -> np.ndarray:
    u = embedder.embed(questions_of(dataset).texts)
    return pair_features(u, passages.vectors[passages.places(dataset)])


def yes_no_study(
    known: TextDataset,
    asked: TextDataset,
    passages: Passages,
    embedder: Embedder,
    resamples: int = 1000,
) -> TextStudy:
    """Train four models on ``known`` and have them answer ``asked``.

    One of them sees the questions alone: what it gains is what the wording of a
    question gives away, and no reading of the passage.

    Raises:
        DataError: there are no records, or only of one class.
    """
    short, asked_short = questions_of(known), questions_of(asked)
    predicted = {
        MAJORITY: majority(known).predict(asked.texts),
        QUESTION: tfidf_logistic(short, "en").predict(asked_short.texts),
        PAIR: tfidf_logistic(known, "en").predict(asked.texts),
        FROZEN: FrozenPairs.fit(known, passages, embedder).predict(asked, passages),
    }
    true = np.array(asked.labels)
    units = unit_numbers(asked)
    return TextStudy(true, predicted, len(known), resamples, "accuracy", 2, units)


def by_words(passages: Passages) -> Callable[[Sequence[str]], np.ndarray]:
    """Return the search by BM25: questions in, scores (Q, P) out."""
    return lambda questions: np.stack([passages.bm25.scores(q) for q in questions])


def by_meaning(
    passages: Passages, embedder: Embedder
) -> Callable[[Sequence[str]], np.ndarray]:
    """Return the search by the cosine of the vectors: questions in, (Q, P) out."""
    return lambda questions: embedder.embed(questions) @ passages.vectors.T


def ranks(
    search: Callable[[Sequence[str]], np.ndarray],
    asked: TextDataset,
    passages: Passages,
) -> Ranks:
    """Return the place of each question's own passage among all of them.

    Passages with the same score come before it. Another passage that answers as well
    counts as wrong.

    Raises:
        DataError: a passage is not among ``passages``.
    """
    scores = search(questions_of(asked).texts)  # (Q, P)
    own = scores[np.arange(len(asked)), passages.places(asked)]
    places = (scores >= own[:, None]).sum(axis=1).astype(float)
    return Ranks(places, scores.max(axis=1))


def fit_reader(
    known: TextDataset,
    encoder: str = "minilm",
    config: TrainingConfig | None = None,
    max_length: int = 128,
    seed: int = 0,
) -> Classifier:
    """Fine-tune ``encoder`` on question and passage, read together.

    They are parted by [SEP], without segment numbers, so that any encoder serves; what
    is beyond ``max_length`` tokens is not read. Give :func:`joined` records to it.

    Raises:
        ModelError, FetchError: the encoder cannot be had.
        TrainingError: training failed.
    """
    config = config or TrainingConfig(monitor="step", seed=seed)
    reader = load_encoder(encoder, known.label_names, seed, max_length)
    fine_tune(reader, joined(known, reader), None, config, progress=False)
    return reader


def joined(dataset: TextDataset, reader: Classifier) -> TextDataset:
    """Return the records as ``question [SEP] passage``, with the reader's mark."""
    mark = reader.tokenizer.sep_token
    texts = [pair_text(*question_and_passage(text), mark) for text in dataset.texts]
    return replace(dataset, texts=tuple(texts))
