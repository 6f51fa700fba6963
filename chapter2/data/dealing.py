"""Dealing out what must stay together: the piece that splits and folds share.

The unit that is dealt out is not the record but the connected component of "equal after
:func:`normalise`" and "same group". Shape legend: U units, P parts, C classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from chapter2.data.components import Components
from chapter2.data.normalise import normalise
from chapter2.data.records import TextDataset
from chapter2.errors import DataError


def units_of(
    dataset: TextDataset, keys: Sequence[str] | None = None
) -> list[list[int]]:
    """Return the sets of records that must stay together, as lists of indices.

    ``keys`` (N,) are the normalised texts, where they are at hand; an empty group joins
    nothing.
    """
    if keys is None:
        keys = [normalise(text) for text in dataset.texts]
    components = Components(len(dataset))
    components.join_equal(keys)
    components.join_equal([group or None for group in dataset.groups or ()])
    return components.units()


def unit_numbers(dataset: TextDataset) -> np.ndarray:
    """Return the number of each record's unit, (N,), 0 .. U-1: no split parts one."""
    numbers = np.empty(len(dataset), dtype=np.int64)
    for number, unit in enumerate(units_of(dataset)):
        numbers[unit] = number
    return numbers


def deal(
    contents: Sequence[Counter[int]], wanted: np.ndarray, order: Sequence[int]
) -> list[int]:
    """Give each unit to a part, largest unit first, ties in the seeded ``order``.

    ``contents`` (U) are the records per class of each unit, ``wanted`` (P, C) those
    that each part should hold; a part that wants none gets none.

    With r_p the records per class that part p still lacks and u those of the unit,
    the squared deviation changes by -2 r_p . u + |u|^2: the part with the largest
    r_p . u is the best choice. A class weighs 1/n_c, so that a small one counts too.
    """
    usable = [p for p in range(len(wanted)) if wanted[p].sum() > 0]
    weight = (1 / np.maximum(wanted.sum(0), 1)).tolist()
    lacking = wanted.tolist()
    part_of = [0] * len(contents)
    for unit in sorted(order, key=lambda u: -contents[u].total()):
        items = [(c, n, n * weight[c]) for c, n in contents[unit].items()]
        best = max(usable, key=lambda p: sum(w * lacking[p][c] for c, _, w in items))
        part_of[unit] = best
        for c, n, _ in items:
            lacking[best][c] -= n
    return part_of


def share_out(
    units: Sequence[Sequence[int]], shares: np.ndarray, seed: int, name: str, kind: str
) -> list[list[int]]:
    """Deal ``units`` at random into parts of these ``shares``; return their records.

    A unit goes where its middle lies, so that no part is off by more than half a unit.
    ``name`` is the set's and ``kind`` that of its records, for the error.

    Raises:
        DataError: a part with a share above 0 gets no record.
    """
    order = np.random.default_rng(seed).permutation(len(units))
    ends = list(accumulate(len(units[i]) for i in order))  # up to and with the unit
    edges = np.cumsum(shares) * sum(map(len, units))
    parts: list[list[int]] = [[] for _ in shares]
    for unit, end in zip(order, ends, strict=True):
        middle = end - len(units[unit]) / 2
        place = min(int(np.searchsorted(edges, middle)), len(parts) - 1)
        parts[place] += units[unit]
    if any(share > 0 and not part for share, part in zip(shares, parts, strict=True)):
        raise DataError(
            f"{name}: {len(units)} independent {kind} do not fill {len(parts)} parts; "
            f"add {kind} that share no text with these."
        )
    return [sorted(part) for part in parts]
