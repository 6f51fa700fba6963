"""Hashes of all character n-grams of N texts at once, without a loop over texts.

The texts are laid end to end as code points, and a polynomial hash is computed for all
windows together; windows that would cross from one text into the next are dropped. Two
different n-grams share a 64-bit hash so rarely that hashes stand for the n-grams.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

BASE = np.uint64(0x9E3779B97F4A7C15)  # odd; from Knuth's multiplicative hashing
BUCKETS = 2**20  # columns of the feature matrix; at most one in ten n-grams collides


class Grams(NamedTuple):
    """The n-grams of N texts, in order: G hashes, and the text each stands in."""

    hashes: np.ndarray  # (G,) uint64
    rows: np.ndarray  # (G,) int64, rising


def character_ngrams(texts: Sequence[str], n: int) -> Grams:
    """Return the hashes of all windows of ``n`` characters; shorter texts have none."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(joined, dtype=np.uint32).astype(np.uint64)  # (characters,)
    rows = np.repeat(np.arange(len(texts)), lengths)
    windows = len(codes) - n + 1
    if windows < 1:
        return Grams(np.empty(0, np.uint64), np.empty(0, np.int64))
    hashes = np.zeros(windows, dtype=np.uint64)
    for j in range(n):
        # h <- h B + c (mod 2^64)
        hashes = hashes * BASE + codes[j : j + windows] + np.uint64(1)
    inside = rows[:windows] == rows[n - 1 :]
    return Grams(mix(hashes[inside]), rows[:windows][inside])


def mix(values: np.ndarray) -> np.ndarray:
    """Return 64-bit values spread evenly: the finaliser of MurmurHash3."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        values = (values ^ (values >> np.uint64(33))) * np.uint64(factor)
    return values ^ (values >> np.uint64(33))


def character_counts(texts: Sequence[str], sizes: Sequence[int] = (1, 2, 3)) -> Any:
    """Return how often each n-gram stands in each text: SciPy CSR (N, BUCKETS)."""
    from scipy.sparse import coo_matrix

    grams = [character_ngrams(texts, n) for n in sizes]
    rows = np.concatenate([one.rows for one in grams])
    columns = np.concatenate([one.hashes for one in grams]) % np.uint64(BUCKETS)
    ones = np.ones(len(rows))
    shape = (len(texts), BUCKETS)
    return coo_matrix((ones, (rows, columns.astype(np.int64))), shape=shape).tocsr()
