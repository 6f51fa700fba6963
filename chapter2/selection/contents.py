"""Texts that stand in a data set more than once, or in training and test alike."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chapter2.data.normalise import normalise
from chapter2.selection.near_duplicates import near_duplicates

ENDS = " .!。！…"  # at the end of a text they change no label


@dataclass(frozen=True)
class Repeats:
    """Texts that are equal after :func:`chapter2.data.normalise`."""

    groups: tuple[tuple[int, ...], ...]  # indices of equal texts, two or more each
    # equal apart from case, blanks and a full stop, and yet labelled differently
    contradictory: tuple[tuple[int, ...], ...]

    @property
    def surplus(self) -> int:
        """Records beyond the first of each text."""
        return sum(len(group) - 1 for group in self.groups)


@dataclass(frozen=True)
class Overlap:
    """Test records whose text also stands in training."""

    exact: tuple[int, ...]  # indices into the test set
    near: tuple[int, ...]  # nearly the same, and not exactly
    records: int  # of the test set

    @property
    def share(self) -> float:
        """Share of the test records that training knows."""
        return (len(self.exact) + len(self.near)) / max(1, self.records)


def repeats(texts: Sequence[str], labels: Sequence[int] | None) -> Repeats:
    """Return the equal texts among N, and those that carry different labels."""
    groups = _equal([normalise(text) for text in texts])
    if labels is None:
        return Repeats(groups, ())
    same = _equal([_said(text) for text in texts])
    differing = (group for group in same if len({labels[i] for i in group}) > 1)
    return Repeats(groups, tuple(differing))


def _equal(keys: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    members = defaultdict(list)
    for i, key in enumerate(keys):
        members[key].append(i)
    return tuple(tuple(group) for group in members.values() if len(group) > 1)


def _said(text: str) -> str:
    """Return what decides a label: ":)" and ":(" differ, which normalise drops."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(ENDS)


def overlap(
    train: Sequence[str],
    test: Sequence[str],
    unspaced: bool = False,
    limit: int | None = None,
    seed: int = 0,
) -> Overlap:
    """Return the test texts that are also, exactly or nearly, training texts.

    Equal texts are found among all, nearly equal ones in ``limit`` of either at most.
    """
    known = {normalise(text) for text in train}
    exact = {i for i, text in enumerate(test) if normalise(text) in known}
    learnt, asked = (_sample(len(texts), limit, seed) for texts in (train, test))
    texts = [*(train[i] for i in learnt), *(test[i] for i in asked)]
    near: set[int] = set()
    for group in near_duplicates(texts, unspaced):
        if group[0] < len(learnt):  # rising: a training text stands in it
            near.update(asked[j - len(learnt)] for j in group if j >= len(learnt))
    return Overlap(tuple(sorted(exact)), tuple(sorted(near - exact)), len(test))


def _sample(records: int, limit: int | None, seed: int) -> list[int]:
    """Return the places of at most ``limit`` records, drawn at random, rising."""
    drawn = np.random.default_rng(seed).permutation(records)[:limit]
    return np.sort(drawn).tolist()
