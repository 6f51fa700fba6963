"""The tables of an n-gram model: k-grams counted, sorted, and discounted.

Every k-gram gets a number. A key is the number of its first k - 1 tokens times V, plus
its last token; so a table, sorted by key, holds together what follows one context.

Shapes: P positions of the text, G different k-grams of one order, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# where a corpus is too small to estimate them; the values that KenLM takes there
FALLBACK = (0.5, 1.0, 1.5)


@dataclass(frozen=True)
class Table:
    """The k-grams of one order k, sorted by context (k - 1 tokens), then by token."""

    keys: np.ndarray  # int64 (G,): number of the context times V, plus the token
    counts: np.ndarray  # int64 (G,): occurrences (highest order) or continuations
    discounts: tuple[float, float, float]  # subtracted from counts of 1, 2, 3 and more
    starts: np.ndarray  # int64 (contexts + 1,): where each context's tokens begin
    totals: np.ndarray  # float64 (contexts,): c(u .)
    gammas: np.ndarray  # float64 (contexts,): the weight of the order below; 1 unseen

    def share(self, rows: np.ndarray, contexts: np.ndarray) -> np.ndarray:
        """Return max(c - D(c), 0) / c(u .) of the k-grams in these rows."""
        counts = self.counts[rows]
        cut = np.array((0.0, *self.discounts))[np.minimum(counts, 3)]
        return np.maximum(counts - cut, 0) / self.totals[contexts]


@dataclass(frozen=True)
class Grams:
    """The k-grams of one order, and where they stand in the text (P positions)."""

    keys: np.ndarray  # (G,)
    occurrences: np.ndarray  # (G,)
    first: np.ndarray  # (G,) a position that ends such a k-gram
    number: np.ndarray  # (P,) the k-gram that ends at each position, -1: none


def count(
    contexts: np.ndarray, tokens: np.ndarray, depth: np.ndarray, k: int, vocab_size: int
) -> Grams:
    """Count the k-grams of a text of P tokens.

    Args:
        contexts: (P,) the number of the k - 1 tokens before each token.
        tokens: (P,); ``depth``: (P,) how many tokens its sequence has before it.
    """
    at = np.flatnonzero(depth >= k - 1)  # where k tokens of one sequence end
    keys, first, inverse, counts = np.unique(
        contexts[at] * vocab_size + tokens[at],
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    number = np.full(len(tokens), -1)
    number[at] = inverse
    return Grams(keys, counts, at[first], number)


def continuations(gram: Grams, longer: Grams, opening: np.ndarray) -> np.ndarray:
    """Return how many tokens stand before each k-gram, a sequence's start as one."""
    before = np.bincount(gram.number[longer.first], minlength=len(gram.keys))
    before[np.unique(gram.number[opening])] += 1
    return before


def make_table(
    keys: np.ndarray, counts: np.ndarray, contexts: int, vocab_size: int
) -> Table:
    """Return a table with its discounts, and gamma(u) = sum of D(c(uw)) / c(u .)."""
    discounts = estimate_discounts(counts)
    of = keys // vocab_size
    totals = np.bincount(of, counts, contexts)
    # at most the count itself: what is subtracted is what gamma hands on
    cut = np.minimum(np.array((0.0, *discounts))[np.minimum(counts, 3)], counts)
    handed = np.bincount(of, cut, contexts)
    gammas = np.divide(handed, totals, out=np.ones(contexts), where=totals > 0)
    starts = np.searchsorted(of, np.arange(contexts + 1))
    return Table(keys, counts, discounts, starts, totals, gammas)


def estimate_discounts(counts: np.ndarray) -> tuple[float, float, float]:
    """Return D1, D2, D3+ from the counts of counts n1 to n4 (equation 26).

    .. math:: Y = n_1 / (n_1 + 2 n_2), \\quad D_i = i - (i + 1)\\, Y\\, n_{i+1} / n_i

    Where one of the n is 0, or a D is not above 0 and at most i, all three are
    ``FALLBACK``: a D of 0 hands nothing on, and what was not seen would be impossible.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    if not n[1:5].all():
        return FALLBACK
    y = n[1] / (n[1] + 2 * n[2])
    one, two, three = (float(i - (i + 1) * y * n[i + 1] / n[i]) for i in (1, 2, 3))
    inside = 0 < one <= 1 and 0 < two <= 2 and 0 < three <= 3
    return (one, two, three) if inside else FALLBACK


def find(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the row of each wanted key in the sorted ``keys``, -1 where it is not."""
    if not len(keys):  # every text was shorter than this order
        return np.full(len(wanted), -1)
    rows = np.searchsorted(keys, wanted)
    rows[rows == len(keys)] = 0
    return np.where(keys[rows] == wanted, rows, -1)
