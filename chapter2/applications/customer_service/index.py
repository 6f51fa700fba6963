"""Stored answers, and which of them fit a question: words and meaning, fused.

The search is exhaustive: each question is held against each stored text. Where that
takes too long, a graph finds the vectors (see :class:`Graph`). Of an exchange the text
is the question and the answer after it; of an answer whose question is not known, the
answer alone. A question that is stored word for word comes first.

Shapes: N stored texts, Q questions, D width of the vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from chapter2.applications.customer_service.bm25 import BM25
from chapter2.applications.customer_service.fusion import best, fuse
from chapter2.applications.customer_service.nearest import Graph, product
from chapter2.data.normalise import normalise
from chapter2.errors import UsageError
from chapter2.evaluation import detect_language

DEPTH = 100  # places of each ranking that are fused


class Embeds(Protocol):
    """What gives texts vectors of length 1: an Embedder, say."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors (N, D)."""


class Entry(NamedTuple):
    """A stored answer, and its question where it is known."""

    question: str | None
    answer: str

    @property
    def text(self) -> str:
        """What is searched."""
        return (
            self.answer if self.question is None else f"{self.question} {self.answer}"
        )


class Found(NamedTuple):
    """A stored answer as the search found it."""

    place: int  # in the index
    entry: Entry
    confidence: float  # cosine, or share of what BM25 could score; 1 where it is exact
    exact: bool  # the question is stored word for word


class Meaning(NamedTuple):
    """A question as the encoder reads it."""

    vector: np.ndarray  # (D,), float32
    cosines: np.ndarray  # (N,) with the stored texts; 0: not live, or not found


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class AnswerIndex:
    """N stored answers with what is searched of them."""

    entries: tuple[Entry, ...]
    bm25: BM25  # over the entries' texts
    live: np.ndarray  # (N,) bool; False: replaced by a correction
    keys: Mapping[str, tuple[int, ...]]  # normalised question -> live places
    embedder: Embeds | None = None
    vectors: np.ndarray | None = None  # (N, D) float32; 0 for Chinese texts
    bm25_share: float = 0.1  # weight of BM25 in the fusion; the encoder has the rest
    graph: Graph | None = None  # finds the vectors; without one all are compared

    def __post_init__(self) -> None:
        if not 0 <= self.bm25_share <= 1:
            raise UsageError(
                f"bm25_share is {self.bm25_share}; give a share from 0 to 1."
            )

    @classmethod
    def of(
        cls,
        entries: Sequence[Entry],
        embedder: Embeds | None = None,
        bm25_share: float = 0.1,
        vectors: np.ndarray | None = None,
    ) -> AnswerIndex:
        """Return the index of ``entries``; without an embedder BM25 is alone.

        ``vectors`` (N, D) are the embedder's of the entries, where they are known.

        Raises:
            UsageError: there is no entry, not a vector for each, or bm25_share is no
                share.
        """
        kept = tuple(entries)
        if not kept:
            raise UsageError("An index needs a stored answer; give one or more.")
        texts = [entry.text for entry in kept]
        if embedder is None:
            vectors = None  # no question can be compared with them
        elif vectors is None:
            vectors = embed(texts, embedder)
        elif len(vectors) != len(kept):
            raise UsageError(
                f"There are {len(vectors)} vectors for {len(kept)} stored answers; "
                "give one for each."
            )
        else:
            vectors = np.asarray(vectors, dtype=np.float32)
        live = np.ones(len(kept), dtype=bool)
        keys: dict[str, tuple[int, ...]] = {}
        for place, entry in enumerate(kept):
            if entry.question is not None:
                key = normalise(entry.question)
                keys[key] = (*keys.get(key, ()), place)
        return cls(kept, BM25.of(texts), live, keys, embedder, vectors, bm25_share)

    def __len__(self) -> int:
        return int(self.live.sum())

    def with_graph(self) -> AnswerIndex:
        """Return the index with a graph of its vectors; itself where it has none.

        Raises:
            UsageError: faiss, which builds it, is not installed.
        """
        if self.graph is not None or self.vectors is None:
            return self
        return replace(self, graph=Graph.of(self.vectors))

    def with_entry(self, entry: Entry) -> AnswerIndex:
        """Return the index with ``entry``, in place of those with its question."""
        live, keys, vectors = self.live.copy(), dict(self.keys), self.vectors
        if entry.question is not None:
            live[list(self.same_question(entry.question))] = False
            keys[normalise(entry.question)] = (len(self.entries),)
        if self.embedder is not None and vectors is not None:
            vectors = np.concatenate([vectors, embed([entry.text], self.embedder)])
        return replace(
            self,
            entries=(*self.entries, entry),
            bm25=self.bm25.with_texts([entry.text]),
            live=np.append(live, True),
            keys=keys,
            vectors=vectors,
        )

    def same_question(self, question: str) -> tuple[int, ...]:
        """Return the places of the live entries whose question is ``question``."""
        return self.keys.get(normalise(question), ())

    def search(self, question: str, depth: int = 10) -> list[Found]:
        """Return up to ``depth`` answers, best first; none where nothing is alike."""
        return self.search_all([question], depth)[0]

    def search_all(
        self, questions: Sequence[str], depth: int = 10
    ) -> list[list[Found]]:
        """Return what :meth:`search` does for each of Q questions, in less time.

        The encoder reads them in one go, and all vectors are gone through once.
        """
        meanings = self._meanings(questions, max(depth, DEPTH))
        return [
            self._found(question, meaning, depth)
            for question, meaning in zip(questions, meanings, strict=True)
        ]

    def _found(self, question: str, meaning: Meaning | None, depth: int) -> list[Found]:
        exact = self.same_question(question)
        fused = words = np.where(self.live, self.bm25.scores(question), 0.0)
        if meaning is not None:
            weights = self.bm25_share, 1 - self.bm25_share
            fused = fuse((words, meaning.cosines), weights, max(depth, DEPTH))
        order = best(fused, depth + len(exact))
        if meaning is None:
            sure = words[order] / max(self.bm25.most(question), 1e-9)
        else:  # compared anew: what words alone have found, a graph has not
            assert self.vectors is not None
            sure = self.vectors[order] @ meaning.vector
        found = [Found(i, self.entries[i], 1.0, True) for i in exact]
        found += [
            Found(i, self.entries[i], each, False)
            for i, each in zip(order.tolist(), sure.tolist(), strict=True)
            if i not in exact
        ]
        return found[:depth]

    def _meanings(self, questions: Sequence[str], depth: int) -> list[Meaning | None]:
        """Return what the encoder makes of each; None where words alone count."""
        found: list[Meaning | None] = [None] * len(questions)
        if self.embedder is None or self.vectors is None:
            return found
        # the encoder has read no Chinese
        read = [i for i, q in enumerate(questions) if detect_language([q]) != "zh"]
        if not read:
            return found
        asked = self.embedder.embed([questions[i] for i in read]).astype(np.float32)
        if self.graph is None:
            cosines = np.where(self.live, product(self.vectors, asked), 0.0)
        else:
            cosines = self.graph.cosines(self.vectors, asked, self.live, depth)
        for i, vector, row in zip(read, asked, cosines, strict=True):
            found[i] = Meaning(vector, row)
        return found


class Remembering:
    """An embedder that reads each text once: for measuring, where texts come again."""

    def __init__(self, embedder: Embeds) -> None:
        self.embedder = embedder
        self.vectors: dict[str, np.ndarray] = {}

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors (N, D)."""
        new = [text for text in dict.fromkeys(texts) if text not in self.vectors]
        if new or not len(texts):
            found = self.embedder.embed(new)
            self.vectors.update(zip(new, found, strict=True))
        return np.stack([self.vectors[text] for text in texts]) if len(texts) else found


def embed(texts: Sequence[str], embedder: Embeds) -> np.ndarray:
    """Return the vectors (N, D), float32; 0 for Chinese texts, which it cannot read."""
    english = [i for i, text in enumerate(texts) if detect_language([text]) != "zh"]
    found = embedder.embed([texts[i] for i in english])
    vectors = np.zeros((len(texts), found.shape[1]), dtype=np.float32)
    vectors[english] = found
    return vectors
