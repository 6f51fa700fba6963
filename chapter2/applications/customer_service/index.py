"""Stored answers, and which of them fit a question: words and meaning, fused.

The search is exhaustive: each question is held against each stored text. Of an
exchange the text is the question and the answer after it; of an answer whose question
is not known, the answer alone. A question that is stored word for word comes first.

Shapes: N stored texts, D width of the vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from chapter2.applications.customer_service.bm25 import BM25
from chapter2.applications.customer_service.fusion import best, fuse
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
            UsageError: there is no entry, or bm25_share is no share.
        """
        kept = tuple(entries)
        if not kept:
            raise UsageError("An index needs a stored answer; give one or more.")
        texts = [entry.text for entry in kept]
        if embedder is None:
            vectors = None  # no question can be compared with them
        elif vectors is None:
            vectors = embed(texts, embedder)
        live = np.ones(len(kept), dtype=bool)
        keys: dict[str, tuple[int, ...]] = {}
        for place, entry in enumerate(kept):
            if entry.question is not None:
                key = normalise(entry.question)
                keys[key] = (*keys.get(key, ()), place)
        return cls(kept, BM25.of(texts), live, keys, embedder, vectors, bm25_share)

    def __len__(self) -> int:
        return int(self.live.sum())

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
        exact = self.same_question(question)
        words = np.where(self.live, self.bm25.scores(question), 0.0)
        meaning = self._cosines(question)
        if meaning is None:
            fused = words
            sure = words / max(self.bm25.most(question), 1e-9)
        else:
            weights = self.bm25_share, 1 - self.bm25_share
            fused = fuse((words, meaning), weights, max(depth, DEPTH))
            sure = meaning
        order = best(fused, depth + len(exact)).tolist()
        rest = [i for i in order if i not in exact]
        found = [Found(i, self.entries[i], 1.0, True) for i in exact]
        found += [Found(i, self.entries[i], float(sure[i]), False) for i in rest]
        return found[:depth]

    def _cosines(self, question: str) -> np.ndarray | None:
        """Return the cosine with each text, (N,); None where words alone count."""
        if self.embedder is None or self.vectors is None:
            return None
        if detect_language([question]) == "zh":
            return None  # the encoder has read no Chinese
        import torch  # here: an index of words alone does not need it

        vector = self.embedder.embed([question])[0].astype(np.float32)
        # by torch, not numpy: the threads of two libraries would wait for work side by
        # side, and the encoder's for a core that the other's keep busy
        cosines = torch.mv(torch.from_numpy(self.vectors), torch.from_numpy(vector))
        return np.where(self.live, cosines.numpy(), 0.0)


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
