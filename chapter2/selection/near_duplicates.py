"""Texts that are nearly the same: MinHash and locality-sensitive hashing.

Two texts are near duplicates where the Jaccard similarity of their sets of character
n-grams, |A and B| / |A or B|, is at least ``THRESHOLD``. Comparing all pairs takes
N^2 / 2 comparisons. MinHash (Broder, 1997): of a random order of all n-grams the first
one in A and the first one in B are equal with a probability of just that similarity
J. With K orders in b bands of r, two texts agree on a whole band with probability
1 - (1 - J^r)^b: 0.9998 at J = 0.8, a few in 10^6 at the 0.02 of two unrelated texts.
Texts that share a band are compared exactly, each with the first and the last one
before it, so that the work stays linear where a thousand texts follow one pattern.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from chapter2.data.components import Components
from chapter2.data.normalise import normalise
from chapter2.selection.ngrams import character_ngrams

THRESHOLD = 0.8  # at 0.8 two texts of 100 letters differ by a word or two
BANDS, ROWS = 16, 4  # K = 64 orders
CHARACTERS = 1000  # of each text that are read; bounds the time for long documents
CHUNK = 4_000_000  # hashes held at once: 32 MB


def near_duplicates(
    texts: Sequence[str], unspaced: bool = False, threshold: float = THRESHOLD
) -> list[list[int]]:
    """Return groups of texts that are nearly the same: rising lists of indices.

    Texts that are equal after :func:`chapter2.data.normalise` count as one: a group
    has at least two different texts. Its members need not all be alike: a chain of
    near duplicates is one group.
    """
    keys = [normalise(text) for text in texts]
    first: dict[str, int] = {}
    for i, key in enumerate(keys):
        first.setdefault(key, i)
    plain = list(first)
    sets = _shingles([key[:CHARACTERS] for key in plain], 2 if unspaced else 4)
    components = Components(len(plain))
    for i, j in _candidates(_signatures(sets)):
        known = components.find(i) == components.find(j)
        if not known and jaccard(sets[i], sets[j]) >= threshold:
            components.join(i, j)
    members: dict[int, list[int]] = {}
    place = {key: components.find(j) for j, key in enumerate(plain)}
    for i, key in enumerate(keys):
        members.setdefault(place[key], []).append(i)
    different = (group for group in members.values() if len(group) > 1)
    return [group for group in different if len({keys[i] for i in group}) > 1]


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """Return |A and B| / |A or B| of two sets, sorted arrays without repeats."""
    shared = len(np.intersect1d(a, b, assume_unique=True))
    union = len(a) + len(b) - shared
    return shared / union if union else 0.0


def _shingles(keys: Sequence[str], n: int) -> list[np.ndarray]:
    """Return the set of n-grams of each text; a blank at each end marks its words."""
    grams = character_ngrams([f" {key} ".ljust(n) for key in keys], n)
    ends = np.searchsorted(grams.rows, np.arange(len(keys) + 1))
    return [np.unique(grams.hashes[start:end]) for start, end in pairwise(ends)]


def _signatures(sets: Sequence[np.ndarray]) -> np.ndarray:
    """Return the first n-gram of each text in each of K orders, (N, K) uint32.

    An order is the value of (a h + b) mod 2^64 with a odd, of which the upper half is
    kept.
    """
    draw = np.random.default_rng(0)  # any orders do; the same ones on each run
    count = BANDS * ROWS
    factors = draw.integers(2**63, size=count, dtype=np.uint64) * np.uint64(2)
    factors += np.uint64(1)
    shifts = draw.integers(2**63, size=count, dtype=np.uint64)
    found = np.empty((len(sets), count), dtype=np.uint32)
    for rows in _chunks(sets):
        hashes = np.concatenate([sets[i] for i in rows])
        starts = np.cumsum([0, *(len(sets[i]) for i in rows[:-1])])
        for k in range(count):
            order = ((hashes * factors[k] + shifts[k]) >> np.uint64(32)).astype("u4")
            found[rows, k] = np.minimum.reduceat(order, starts)
    return found


def _chunks(sets: Sequence[np.ndarray]) -> Iterator[list[int]]:
    """Yield runs of texts with about CHUNK n-grams together; no set is empty."""
    rows: list[int] = []
    held = 0
    for i, one in enumerate(sets):
        rows.append(i)
        held += len(one)
        if held >= CHUNK:
            yield rows
            rows, held = [], 0
    if rows:
        yield rows


def _candidates(signatures: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield pairs of texts that share a band: with its first and its last one."""
    for band in range(BANDS):
        part = signatures[:, band * ROWS : (band + 1) * ROWS]
        rows = np.ascontiguousarray(part).view(f"V{4 * ROWS}").ravel()
        buckets: dict[bytes, tuple[int, int]] = {}
        for i, key in enumerate(rows.tolist()):
            if key in buckets:
                begin, last = buckets[key]
                yield begin, i
                yield last, i
                buckets[key] = begin, i
            else:
                buckets[key] = i, i
