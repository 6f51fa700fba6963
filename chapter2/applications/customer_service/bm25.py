r"""BM25: how well the terms of a query fit a stored text.

.. math:: s(q, d) = \sum_{t \in q} \ln\Bigl(1 + \frac{N - n_t + 1/2}{n_t + 1/2}\Bigr)
          \frac{f_{td}\,(k_1 + 1)}{f_{td} + k_1 (1 - b + b\, l_d / \bar l)}

with N texts, of which n_t hold the term t, f_td times in the text d of l_d terms
(Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
2009). A term that the query repeats counts as often. Departure: the paper's logarithm
has no 1, so that terms of more than half of the texts count against a text; with it no
weight is negative.

Shapes: N texts, V different terms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from chapter2.applications.customer_service.terms import terms
from chapter2.errors import UsageError

if TYPE_CHECKING:
    from scipy.sparse import csc_array


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class BM25:
    """The counts of N texts' terms, by term: a query reads the columns of its own."""

    counts: csc_array  # (N, V), f_td, float64
    vocabulary: Mapping[str, int]  # term -> column
    k1: float = 1.2  # how soon a term's repetition stops to count; usual: 1.2 to 2
    b: float = 0.75  # how much long texts are held back; 0: not at all, 1: wholly
    lengths: np.ndarray = field(init=False)  # (N,), l_d

    def __post_init__(self) -> None:
        if self.k1 < 0 or not 0 <= self.b <= 1:
            raise UsageError(
                f"k1 is {self.k1} and b is {self.b}; give k1 of 0 or more, and b from "
                "0 to 1."
            )
        object.__setattr__(self, "lengths", self.counts.sum(axis=1))

    @classmethod
    def of(cls, texts: Sequence[str], k1: float = 1.2, b: float = 0.75) -> BM25:
        """Return the index of ``texts``.

        Raises:
            UsageError: k1 is negative, or b no share.
        """
        counts, vocabulary = _count(texts, {})
        return cls(counts, vocabulary, k1, b)

    def __len__(self) -> int:
        return self.counts.shape[0]

    def with_texts(self, texts: Sequence[str]) -> BM25:
        """Return an index with ``texts`` after the ones that it has."""
        from scipy.sparse import csc_array

        more, vocabulary = _count(texts, self.vocabulary)
        old, (number, width) = self.counts, more.shape
        starts = np.full(width + 1, old.nnz)  # columns of new terms are empty
        starts[: len(old.indptr)] = old.indptr
        # each column is continued at its end: sparse.vstack takes three times as long
        ends = np.repeat(starts[1:], np.diff(more.indptr))
        data = np.insert(old.data, ends, more.data)
        rows = np.insert(old.indices, ends, more.indices + len(self))
        shape = len(self) + number, width
        counts = csc_array((data, rows, starts + more.indptr), shape=shape)
        return BM25(counts, vocabulary, self.k1, self.b)

    def scores(self, query: str) -> np.ndarray:
        """Return s(q, d) for each text d, (N,); 0 where no term is shared."""
        scores = np.zeros(len(self))
        for column, repeats in self._known(query):
            rows, weights = self._weights(column)
            scores[rows] += repeats * weights
        return scores

    def most(self, query: str) -> float:
        """Return what no text can exceed: every term of the query, without end.

        f -> infinity leaves idf (k1 + 1); a term that no text holds counts as well.
        """
        found = Counter(terms(query))
        columns = [self.vocabulary.get(term) for term in found]
        held = [0 if c is None else self._held(c) for c in columns]
        repeats = np.fromiter(found.values(), float, len(found))
        return float((self.k1 + 1) * repeats @ self._idf(np.array(held, float)))

    def _known(self, query: str) -> list[tuple[int, int]]:
        """Return column and number of each term of the query that some text holds."""
        found = Counter(terms(query))
        return [
            (self.vocabulary[term], number)
            for term, number in found.items()
            if term in self.vocabulary
        ]

    def _weights(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the texts that hold a term, and what it counts in each."""
        start, end = self.counts.indptr[column], self.counts.indptr[column + 1]
        rows, f = self.counts.indices[start:end], self.counts.data[start:end]
        relative = self.lengths[rows] / self.lengths.mean()
        # idf(t) f (k1 + 1) / (f + k1 (1 - b + b l / mean l))
        norm = f + self.k1 * (1 - self.b + self.b * relative)
        return rows, self._idf(self._held(column)) * f * (self.k1 + 1) / norm

    def _held(self, column: int) -> float:
        """Return n_t, the number of texts that hold the term of ``column``."""
        return float(self.counts.indptr[column + 1] - self.counts.indptr[column])

    def _idf(self, held: np.ndarray | float) -> np.ndarray | float:
        """Return ln(1 + (N - n + 1/2) / (n + 1/2))."""
        return np.log1p((len(self) - held + 0.5) / (held + 0.5))


def _count(
    texts: Sequence[str], known: Mapping[str, int]
) -> tuple[csc_array, dict[str, int]]:
    """Return the counts (N, V), and the vocabulary with the texts' new terms."""
    from scipy.sparse import csc_array

    vocabulary = dict(known)
    rows: list[int] = []
    columns: list[int] = []
    values: list[int] = []
    for row, text in enumerate(texts):
        for term, number in Counter(terms(text)).items():
            rows.append(row)
            columns.append(vocabulary.setdefault(term, len(vocabulary)))
            values.append(number)
    shape = len(texts), len(vocabulary)
    data = np.asarray(values, dtype=float)
    return csc_array((data, (rows, columns)), shape=shape), vocabulary
