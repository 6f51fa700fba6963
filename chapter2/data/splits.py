"""Training, validation and test parts: stratified, seeded, and without a leak.

A model that has seen a test text in training is measured on its memory. Three things
leak: the same text twice, nearly the same text twice, and two texts of one source
(a product, an article). So the unit that is dealt out is not the record but the
connected component of "equal after :func:`normalise`" and "same group".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chapter2.data.dealing import deal, units_of
from chapter2.data.normalise import normalise
from chapter2.data.records import TextDataset
from chapter2.errors import DataError, UsageError

PARTS = ("train", "validation", "test")
SIZE_TOLERANCE = 0.02  # of all records: a part further off its fraction is reported


@dataclass(frozen=True)
class Split:
    """The three parts of a data set, and what was noticed while parting it."""

    train: TextDataset
    validation: TextDataset
    test: TextDataset
    notices: tuple[str, ...] = ()


def check_fractions(fractions: Sequence[float]) -> np.ndarray:
    """Return the fractions as an array (3,).

    Raises:
        UsageError: they are not three shares that sum to 1.
    """
    shares = np.asarray(fractions, dtype=float)
    if shares.shape != (3,) or not (shares >= 0).all() or shares[0] == 0:
        raise UsageError(
            f"fractions are {tuple(fractions)}; give three shares for train, "
            "validation and test, none below 0 and train above 0."
        )
    if abs(shares.sum() - 1) > 1e-6:
        raise UsageError(
            f"fractions {tuple(fractions)} sum to {shares.sum():g}; "
            "make them sum to 1, for example 0.8, 0.1, 0.1."
        )
    return shares


def _check_possible(dataset: TextDataset, units: list[list[int]], parts: int) -> None:
    """Refuse a data set of which some part would lack records, or a class."""
    if len(units) < parts:
        raise DataError(
            f"{dataset.name}: the {len(dataset)} records form {len(units)} independent "
            f"unit(s), because duplicates and records of one group stay together, and "
            f"{parts} parts need at least {parts}; add records or name another group."
        )
    spread: Counter[int] = Counter()
    for unit in units:
        spread.update({dataset.labels[i] for i in unit})
    for label, records in enumerate(dataset.counts().values()):
        if records and spread[label] < parts:
            raise DataError(
                f"{dataset.name}: the label {dataset.label_names[label]!r} has "
                f"{records} record(s) in {spread[label]} independent unit(s), too few "
                f"for {parts} parts; add records of it, merge it with another label or "
                "remove it."
            )


def _targets(counts: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the wanted number of records (3, C): share times count, but at least 1.

    What a small class needs beyond its share is taken from its largest part.
    """
    wanted = shares[:, None] * counts[None, :]
    raised = np.where((shares[:, None] > 0) & (counts > 0), np.maximum(wanted, 1), 0)
    largest = int(np.argmax(shares))
    others = np.arange(3) != largest
    raised[largest] = counts - raised[others].sum(0)
    return raised


def _repair(
    contents: list[Counter[int]], part_of: list[int], usable: list[int]
) -> tuple[int, int] | None:
    """Move units until each class stands in each part; return a (part, class) left.

    A unit may leave its part only where each of its classes has a second unit.
    """
    holds: Counter[tuple[int, int]] = Counter()
    for unit, content in enumerate(contents):
        holds.update((part_of[unit], c) for c in content)
    classes = sorted({c for content in contents for c in content})
    for part, label in [(p, c) for c in classes for p in usable if not holds[p, c]]:
        if holds[part, label]:
            continue  # an earlier move brought it
        movable = [
            u
            for u, content in enumerate(contents)
            if label in content and all(holds[part_of[u], c] > 1 for c in content)
        ]
        if not movable:
            return part, label
        unit = min(movable, key=lambda u: (contents[u].total(), u))
        holds.subtract((part_of[unit], c) for c in contents[unit])
        holds.update((part, c) for c in contents[unit])
        part_of[unit] = part
    return None


def _parts(
    dataset: TextDataset,
    units: list[list[int]],
    shares: np.ndarray,
    usable: list[int],
    seed: int,
) -> list[int]:
    """Return the part (0, 1 or 2) of each unit, or say which class has no place."""
    contents = [Counter(dataset.labels[i] for i in unit) for unit in units]
    counts = np.array(list(dataset.counts().values()), dtype=float)
    order = np.random.default_rng(seed).permutation(len(units)).tolist()
    part_of = deal(contents, _targets(counts, shares), order)
    missing = _repair(contents, part_of, usable)
    if missing:
        raise DataError(
            f"{dataset.name}: no record of the label "
            f"{dataset.label_names[missing[1]]!r} could be placed in the "
            f"{PARTS[missing[0]]} part without dividing a group; add records of it "
            "from other sources, merge it with another label or remove it."
        )
    return part_of


def _duplicate_notices(dataset: TextDataset, keys: Sequence[str]) -> list[str]:
    """Say how many records repeat an earlier text, and how many texts disagree."""
    labels = defaultdict(set)
    for key, label in zip(keys, dataset.labels, strict=True):
        labels[key].add(label)
    repeats = len(keys) - len(labels)
    conflicts = sum(len(found) > 1 for found in labels.values())
    notices = []
    if repeats:
        notices.append(
            f"{repeats} record(s) repeat an earlier text (equal after normalisation); "
            "each stays in the part of its first occurrence."
        )
    if conflicts:
        notices.append(f"{conflicts} repeated text(s) carry more than one label.")
    return notices


def _size_notices(sizes: np.ndarray, shares: np.ndarray) -> list[str]:
    """Say which parts are off their fraction, as large groups make them."""
    actual = sizes / sizes.sum()
    return [
        f"The {PARTS[p]} part holds {actual[p]:.1%} of the records instead of "
        f"{shares[p]:.1%}, because large groups or small classes are not divided."
        for p in range(3)
        if abs(actual[p] - shares[p]) > max(SIZE_TOLERANCE, 1 / sizes.sum())
    ]


def _split_keeping_test(dataset: TextDataset, shares: np.ndarray, seed: int) -> Split:
    """Keep the source's own test part, and part only its training part.

    What stands in both is left out of the training part.
    """
    marks = dataset.parts or ()
    unmarked = replace(dataset, parts=None)
    test = unmarked.select(i for i, mark in enumerate(marks) if mark == "test")
    others = unmarked.select(i for i, mark in enumerate(marks) if mark != "test")
    kept, left = leave_out(others, test)
    train, validation = shares[:2] / shares[:2].sum()
    inner = split(kept, (train, validation, 0), seed)
    notices = [f"The test part is the source's own, {len(test)} record(s).", *left]
    return Split(inner.train, inner.validation, test, (*notices, *inner.notices))


def leave_out(
    records: TextDataset, test: TextDataset
) -> tuple[TextDataset, tuple[str, ...]]:
    """Return the records that share no text and no group with ``test``, and notices.

    A given test part is not ours to change: a score is comparable with other people's
    only on all of it. So what stands in both goes from the records to be trained on.
    """
    texts, groups = {normalise(text) for text in test.texts}, {*(test.groups or ())}
    known = [normalise(text) in texts for text in records.texts]
    shared = [bool(g) and g in groups for g in records.groups or [""] * len(records)]
    kept = [i for i in range(len(records)) if not (known[i] or shared[i])]
    related = len(records) - len(kept) - sum(known)  # by their group alone
    notices = []
    if any(known):
        notices.append(
            f"{sum(known)} training record(s) that repeat a test text were left out."
        )
    if related:
        notices.append(
            f"{related} training record(s) of a group that is also in the test part "
            "were left out."
        )
    return records.select(kept), tuple(notices)


def split(
    dataset: TextDataset,
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
) -> Split:
    """Part ``dataset`` into train, validation and test by ``fractions``.

    Each record stands in exactly one part, in its original order; records that are
    equal after :func:`normalise`, or share a non-empty group, stand in the same one.
    Each class stands in each part, with a share near that of the whole. The result
    depends on the data and ``seed`` alone. A fraction of 0 leaves that part empty.
    Where the source has a test part of its own (``dataset.parts``), that one is kept,
    and train and validation share the rest in the proportion of their fractions.

    Raises:
        UsageError: the fractions are not three shares that sum to 1.
        DataError: too few independent records, of all or of one class.
    """
    shares = check_fractions(fractions)
    if dataset.parts and "test" in dataset.parts and shares[2] > 0:
        return _split_keeping_test(dataset, shares, seed)
    usable = [p for p in range(3) if shares[p] > 0]
    keys = [normalise(text) for text in dataset.texts]
    units = units_of(dataset, keys)
    _check_possible(dataset, units, len(usable))
    part_of = _parts(dataset, units, shares, usable, seed)
    members: list[list[int]] = [[], [], []]
    for unit, part in zip(units, part_of, strict=True):
        members[part].extend(unit)
    notices = _duplicate_notices(dataset, keys)
    notices += _size_notices(np.array([len(m) for m in members]), shares)
    train, validation, test = (dataset.select(sorted(m)) for m in members)
    return Split(train, validation, test, tuple(notices))
