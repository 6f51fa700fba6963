"""Training, validation and test parts of tagged sentences, without a leak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chapter2.data.components import Components
from chapter2.data.normalise import normalise
from chapter2.data.records import TaggedDataset
from chapter2.data.splits import PARTS, check_fractions
from chapter2.errors import DataError


@dataclass(frozen=True)
class TaggedSplit:
    """The three parts of a set of sentences, and what was noticed while parting it."""

    train: TaggedDataset
    validation: TaggedDataset
    test: TaggedDataset
    notices: tuple[str, ...] = ()


def split_tagged(
    dataset: TaggedDataset,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
) -> TaggedSplit:
    """Part ``dataset`` into train, validation and test.

    Where the source has the three parts (``dataset.parts``), they are kept, but
    training sentences that stand in another part are left out. Else sentences are dealt
    at random by ``fractions``, and those that are equal after :func:`normalise` stand
    in one part; the result depends on the sentences and ``seed`` alone.

    Raises:
        UsageError: the fractions are not three shares that sum to 1.
        DataError: a part would be empty that should not be.
    """
    shares = check_fractions(fractions)
    keys = [normalise(" ".join(tokens)) for tokens in dataset.tokens]
    if dataset.parts:
        members, notices = _given(dataset.parts, keys)
    else:
        members, notices = _dealt(keys, shares, seed), []
    for name, rows, share in zip(PARTS, members, shares, strict=True):
        if not rows and share > 0:
            raise DataError(
                f"{dataset.name}: the {name} part would be empty; add sentences."
            )
    unmarked = replace(dataset, parts=None)
    train, validation, test = (unmarked.select(rows) for rows in members)
    return TaggedSplit(train, validation, test, tuple(notices))


def _given(
    parts: Sequence[str], keys: Sequence[str]
) -> tuple[list[list[int]], list[str]]:
    """Return the rows of the source's parts, training ones that leak left out."""
    members = [[i for i, part in enumerate(parts) if part == name] for name in PARTS]
    held_out = {keys[i] for rows in members[1:] for i in rows}
    kept = [i for i in members[0] if keys[i] not in held_out]
    left = len(members[0]) - len(kept)
    notices = [
        "The three parts are the source's own.",
        f"{left} training sentence(s) that stand in another part were left out.",
    ]
    return [kept, *members[1:]], notices


def _dealt(keys: Sequence[str], shares: np.ndarray, seed: int) -> list[list[int]]:
    """Return the rows of each part: whole units at random, up to its share."""
    components = Components(len(keys))
    components.join_equal(keys)
    units = components.units()
    order = np.random.default_rng(seed).permutation(len(units))
    ends = np.cumsum([len(units[i]) for i in order])  # sentences up to and with it
    edges = np.cumsum(shares) * len(keys)
    members: list[list[int]] = [[], [], []]
    for unit, end in zip(order, ends, strict=True):
        # a unit goes where its middle lies
        middle = end - len(units[unit]) / 2
        members[min(int(np.searchsorted(edges, middle)), 2)] += units[unit]
    return [sorted(rows) for rows in members]
