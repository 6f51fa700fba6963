"""Folds for cross-validation: stratified, seeded, and without a leak.

Each record is held out once, so a score may rest on all N of them. As in a split,
records that are equal after :func:`normalise`, or share a group, are never parted:
scikit-learn's ``StratifiedGroupKFold`` keeps groups together, but not duplicates, and
not chains of both.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from chapter2.data.dealing import deal, units_of
from chapter2.data.records import TextDataset
from chapter2.errors import DataError, UsageError


class Fold(NamedTuple):
    """One division of the records: those to train on, and those held out."""

    train: np.ndarray  # int64, rising
    test: np.ndarray  # int64, rising


def folds(dataset: TextDataset, k: int = 5, seed: int = 0) -> tuple[Fold, ...]:
    """Return ``k`` divisions of ``dataset``; each record is held out in exactly one.

    No group and no two texts that are equal after :func:`normalise` cross a fold. Each
    class stands in each training part. Sizes and shares of the classes are as near to
    one another as the groups allow. The result depends on the data, ``k`` and ``seed``
    alone. Marks of the source (``dataset.parts``) are not looked at: hand over the
    part that may be trained on.

    Raises:
        UsageError: ``k`` is below 2.
        DataError: too few independent records, of all or of one class.
    """
    if k < 2:
        raise UsageError(f"k is {k}; cross-validation needs 2 folds or more.")
    units = units_of(dataset)
    contents = [Counter(dataset.labels[i] for i in unit) for unit in units]
    _check_possible(dataset, contents, k)
    dealt = _dealt(contents, len(dataset.label_names), k, seed)
    fold_of = _spread(dataset, contents, dealt, k)
    held = np.empty(len(dataset), dtype=np.int64)  # the fold of each record
    for unit, fold in zip(units, fold_of, strict=True):
        held[unit] = fold
    parts = ((np.flatnonzero(held != f), np.flatnonzero(held == f)) for f in range(k))
    return tuple(Fold(train, test) for train, test in parts)


def _check_possible(dataset: TextDataset, contents: list[Counter[int]], k: int) -> None:
    """Refuse a data set with fewer units than folds, or a class of one unit."""
    if len(contents) < k:
        raise DataError(
            f"{dataset.name}: the {len(dataset)} records form {len(contents)} "
            "independent unit(s), because duplicates and records of one group stay "
            f"together, and {k} folds need at least {k}; add records or take fewer "
            "folds."
        )
    standing = Counter(label for content in contents for label in content)
    for label, spread in sorted(standing.items()):
        if spread < 2:
            raise DataError(
                f"{dataset.name}: all records of the label "
                f"{dataset.label_names[label]!r} are one independent unit, so it would "
                "be held out without being trained on; add records of it from other "
                "sources, merge it with another label or remove it."
            )


def _dealt(contents: list[Counter[int]], classes: int, k: int, seed: int) -> list[int]:
    """Return the fold of each unit, with equal shares of each class and of all.

    A pseudo-class C that each record belongs to makes the sizes equal too. An empty
    fold lacks the most of it, so none stays empty.
    """
    counted = [Counter({**content, classes: content.total()}) for content in contents]
    total: Counter[int] = sum(counted, Counter())
    share = np.array([total[label] / k for label in range(classes + 1)])  # (C + 1,)
    order = np.random.default_rng(seed).permutation(len(contents)).tolist()
    return deal(counted, np.tile(share, (k, 1)), order)


def _spread(
    dataset: TextDataset, contents: list[Counter[int]], fold_of: list[int], k: int
) -> list[int]:
    """Return the folds, with units moved so that no class stands in one fold alone.

    A class held out whole would be asked for without having been taught.
    """
    found = list(fold_of)
    by_size = sorted(range(len(contents)), key=lambda u: contents[u].total())
    for label, name in enumerate(dataset.label_names):
        units = [u for u in by_size if label in contents[u]]
        if len({found[u] for u in units}) != 1:  # no record at all, or two folds
            continue
        moves = [(u, f) for u in units for f in range(k) if f != found[u]]
        allowed = [move for move in moves if _keeps(contents, found, *move)]
        if not allowed:
            raise DataError(
                f"{dataset.name}: the label {name!r} cannot stand in two of {k} folds "
                "without dividing a group; take more folds or another seed."
            )
        found[allowed[0][0]] = allowed[0][1]
    return found


def _keeps(
    contents: list[Counter[int]], fold_of: list[int], unit: int, fold: int
) -> bool:
    """Whether each class of ``unit`` stands elsewhere too once it is in ``fold``."""
    others = [u for u in range(len(contents)) if u != unit and fold_of[u] != fold]
    return all(any(label in contents[u] for u in others) for label in contents[unit])
