"""The answerer: a stored answer, or a person where none is sure enough.

A message goes through: its language; the search for stored answers; re-ranking of the
first ten where that was found to pay; the threshold of the language. With turns before
it, the message is asked alone, and once more with the last of them before it; the surer
of the two counts. Both are read and searched in one go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from chapter2.applications.customer_service.index import (
    AnswerIndex,
    Embeds,
    Entry,
    Found,
    embed,
)
from chapter2.applications.customer_service.reranker import Reranker
from chapter2.applications.customer_service.store import Store
from chapter2.applications.customer_service.topics import Topic, Topics
from chapter2.errors import DataError, ModelError, UsageError
from chapter2.evaluation import detect_language
from chapter2.files import read_json, write_json

STORE, SETTINGS, RERANKER = "answers.sqlite", "service.json", "reranker"
NEVER = 2.0  # a threshold that no confidence reaches: all is handed over


@dataclass(frozen=True)
class Settings:
    """What is decided on validation questions, and how a conversation is read."""

    bm25_share: float = 0.1  # weight of BM25 in the fusion
    rerank: bool = False  # whether the cross-encoder reads the first candidates
    candidates: int = 10  # answers that it reads at most; each costs time
    # language -> confidence below which a person is asked
    thresholds: Mapping[str, float] = field(default_factory=dict)
    turns: int = 1  # of the customer's earlier messages that are read with the new one
    graph: bool = False  # whether faiss finds the vectors, faster and not all of them

    def __post_init__(self) -> None:
        if not 1 <= self.candidates <= 10:
            raise UsageError(
                f"candidates is {self.candidates}; re-rank from 1 to 10 answers."
            )
        if self.turns < 0:
            raise UsageError(f"turns is {self.turns}; give 0 or more.")


@dataclass(frozen=True)
class Reply:
    """What the customer gets, and why."""

    answer: str | None  # None: a person is asked
    confidence: float  # of the best stored answer; 0 where there is none
    candidates: tuple[Found, ...]  # best first
    language: str  # en or zh
    asked: str  # what was searched: the message, or the message and turns before it
    topic: Topic | None = None  # where topics were learned, of English messages

    @property
    def handed_over(self) -> bool:
        """Whether a person is asked."""
        return self.answer is None


class CustomerService:
    """Stored answers, the settings, and the models that search and re-rank."""

    def __init__(
        self,
        index: AnswerIndex,
        settings: Settings | None = None,
        reranker: Reranker | None = None,
        topics: Topics | None = None,
        store: Store | None = None,
    ) -> None:
        """Without a ``store`` corrections are lost at the end.

        Raises:
            UsageError: re-ranking is asked for without a re-ranker, or a graph
                without faiss.
        """
        self.settings = settings or Settings()
        if self.settings.rerank and reranker is None:
            raise UsageError(
                "rerank is set but there is no re-ranker; give one, or leave it out."
            )
        index = (
            index.with_graph() if self.settings.graph else replace(index, graph=None)
        )
        self.index = replace(index, bm25_share=self.settings.bm25_share)
        self.reranker, self.topics, self.store = reranker, topics, store

    def search(self, question: str) -> list[Found]:
        """Return the candidates for ``question``, best first."""
        return self._search_all([question])[0]

    def _search_all(self, questions: Sequence[str]) -> list[list[Found]]:
        """Return the candidates for each question, best first."""
        each = self.index.search_all(questions, self.settings.candidates)
        return [self._ordered(*pair) for pair in zip(questions, each, strict=True)]

    def _ordered(self, question: str, found: list[Found]) -> list[Found]:
        """Return what was found in the cross-encoder's order, where it is asked."""
        chinese = detect_language([question]) == "zh"
        if not (self.settings.rerank and self.reranker) or chinese or not found:
            return found
        scores = self.reranker.scores(question, [hit.entry.answer for hit in found])
        return reorder(found, scores)

    def answer(self, message: str, history: Sequence[str] = ()) -> Reply:
        """Return the reply to ``message``; ``history`` are the customer's before it.

        Raises:
            UsageError: the message is empty.
        """
        if not message.strip():
            raise UsageError("The message is empty; write a question.")
        asked, found = self._surest(message, history)
        language = detect_language([asked])
        confidence = found[0].confidence if found else 0.0
        # without a threshold only what is stored word for word is answered
        enough = confidence >= self.settings.thresholds.get(language, NEVER)
        given = bool(found) and (enough or found[0].exact)
        topic = self.topics.of(message) if self.topics and language == "en" else None
        text = found[0].entry.answer if given else None
        return Reply(text, confidence, tuple(found), language, asked, topic)

    def _surest(self, message: str, history: Sequence[str]) -> tuple[str, list[Found]]:
        """Return what was searched and found: the message alone, or with its turns."""
        before = [turn for turn in history if turn.strip()]
        last = before[max(0, len(before) - self.settings.turns) :]
        if not last or self.index.same_question(message):  # which is sure enough
            return message, self.search(message)
        joined = " ".join([*last, message])
        found, more = self._search_all([message, joined])
        sure = [hits[0].confidence if hits else 0.0 for hits in (found, more)]
        return (joined, more) if sure[1] > sure[0] else (message, found)

    def correct(self, question: str, answer: str) -> None:
        """Store ``answer`` as the one to ``question``; it is found at once.

        It stands in the place of all answers that the question had. With a store it
        is on the disk before it is used.

        Raises:
            UsageError: question or answer is empty.
            DataError: the store cannot be written; nothing has changed then.
        """
        entry = Entry(question.strip(), answer.strip())
        if not all(entry):
            raise UsageError("A correction needs a question and an answer; give both.")
        index = self.index.with_entry(entry)
        if self.store is not None:
            self.store.replace(
                entry, None if index.vectors is None else index.vectors[-1:]
            )
        self.index = index

    def save(self, folder: Path) -> None:
        """Write answers, vectors, settings and re-ranker; corrections then go there.

        The encoder and the topics are not written: give them again when loading.

        The answers come last: a folder without them holds no service, and what a
        failure left there is written over.

        Raises:
            UsageError: the folder holds a service already.
            DataError, ModelError: the folder cannot be written.
        """
        store = Store(folder / STORE)
        if store.path.exists():
            raise UsageError(f"{folder} holds a service already; give another folder.")
        if self.reranker is not None:
            self.reranker.save(folder / RERANKER)
        try:
            write_json(folder / SETTINGS, asdict(self.settings))
        except OSError as error:
            raise DataError(
                f"{folder} cannot be written ({error}); give another folder or make "
                "room."
            ) from error
        live = np.flatnonzero(self.index.live).tolist()
        vectors = None if self.index.vectors is None else self.index.vectors[live]
        store.make([self.index.entries[i] for i in live], vectors)
        self.store = store

    @classmethod
    def load(
        cls, folder: Path, embedder: Embeds | None = None, topics: Topics | None = None
    ) -> CustomerService:
        """Return the service of ``folder``, with all corrections made there.

        Raises:
            ModelError: the folder holds none, or its vectors are another encoder's.
            DataError: its answers cannot be read.
        """
        store = Store(folder / STORE)
        try:
            stored: dict[str, Any] = read_json(folder / SETTINGS)
            settings = Settings(**stored)
        except (OSError, ValueError, TypeError) as error:
            raise _no_service(folder, SETTINGS) from error
        if not store.path.exists():
            raise _no_service(folder, STORE)
        entries, vectors = store.read()
        if embedder is not None and vectors is not None:
            _check_encoder(folder, entries, vectors, embedder)
        index = AnswerIndex.of(entries, embedder, vectors=vectors)
        there = (folder / RERANKER).is_dir()
        reranker = Reranker.load(folder / RERANKER) if there else None
        return cls(index, settings, reranker, topics, store)


def _no_service(folder: Path, missing: str) -> ModelError:
    return ModelError(
        f"{folder} holds no customer service ({missing} cannot be read); save one "
        "there first."
    )


def _check_encoder(
    folder: Path, entries: Sequence[Entry], vectors: np.ndarray, embedder: Embeds
) -> None:
    """Refuse an encoder that gives a stored text another vector.

    The first that is not 0 tells: a Chinese text is 0 for any encoder.
    """
    first = int(np.argmax(vectors.any(axis=1)))
    stored, again = vectors[first], embed([entries[first].text], embedder)[0]
    # 0.01: far above what a device or precision changes, far below another encoder
    if stored.shape != again.shape or not np.allclose(stored, again, atol=0.01):
        raise ModelError(
            f"The answers in {folder} were read by another encoder; load them with the "
            "same one."
        )


def reorder(found: Sequence[Found], scores: np.ndarray) -> list[Found]:
    """Return ``found`` by falling score, which becomes the confidence.

    What is stored word for word stays in front.
    """
    scored = [
        hit if hit.exact else hit._replace(confidence=float(score))
        for hit, score in zip(found, scores, strict=True)
    ]
    return sorted(scored, key=lambda hit: (not hit.exact, -hit.confidence))
