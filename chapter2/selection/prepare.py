"""From records to a race: the test part, the folds, the runners."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from chapter2.data import TextDataset, folds, leave_out, split
from chapter2.data.dealing import unit_numbers
from chapter2.errors import DataError
from chapter2.evaluation.metrics import score_by
from chapter2.selection.candidates import candidate
from chapter2.selection.candidates.base import Entry
from chapter2.selection.kinds import check_candidates
from chapter2.selection.ladder import ladder
from chapter2.selection.plan import Plan
from chapter2.selection.reading import material
from chapter2.selection.runner import Runner
from chapter2.selection.trial import Outcome, Store, context_of

TEST_SHARE = 0.2  # of the records, where no test file is given
CHECKED = 500  # test texts at most that the saved model predicts again
FEW = 200  # development records up to which five folds are affordable and needed
LARGE = 100_000_000  # parameters
FOLDS = (5, 3)  # with few records, with more


@dataclass(frozen=True)
class Prepared:
    """What every trial of a run shares."""

    development: TextDataset
    test: TextDataset
    folds: tuple[tuple[np.ndarray, np.ndarray], ...]
    notices: tuple[str, ...]
    kind: str = "classification"  # of task

    @property
    def labels(self) -> np.ndarray:
        """The true labels (N,) of the development records."""
        return np.asarray(self.development.labels)

    @cached_property
    def units(self) -> np.ndarray:
        """The unit (N,) of each development record; no unit crosses a fold."""
        return unit_numbers(self.development)

    @cached_property
    def test_units(self) -> np.ndarray:
        """The unit of each test record."""
        return unit_numbers(self.test)

    @property
    def whole(self) -> dict[int, int]:
        """The number of training records of each fold."""
        return {i: len(train) for i, (train, _) in enumerate(self.folds)}


def prepare(
    dataset: TextDataset, test: TextDataset | None, seed: int, kind: str | None = None
) -> Prepared:
    """Set the test part aside and part the rest into folds; nothing crosses either.

    Of records that share a text or a group with a given ``test`` set, those to be
    trained on are left out. ``kind`` is that of the task where it is stated.

    Raises:
        UsageError, DataError: no candidate is made for this kind of task.
        DataError: too few records for that, of all or of one class.
    """
    decision = material(dataset, kind=kind).decision
    check_candidates(decision, dataset.name)
    notices: list[str] = []
    if test is None:
        parts = split(dataset, (1 - TEST_SHARE, 0.0, TEST_SHARE), seed)
        development, test = parts.train, parts.test
        notices.extend(parts.notices)
    else:
        if test.label_names != dataset.label_names:
            test = same_labels(test, dataset.label_names)
        development, left = leave_out(dataset, test)
        check_left(dataset, development, test)
        notices.extend(left)
    count = FOLDS[0] if len(development) <= FEW else FOLDS[1]
    smallest = min(n for n in development.counts().values() if n)
    made = folds(development, max(2, min(count, smallest)), seed)
    parted = tuple((f[0], f[1]) for f in made)
    return Prepared(development, test, parted, tuple(notices), decision.kind)


def check_left(before: TextDataset, after: TextDataset, test: TextDataset) -> None:
    """Raise DataError where no record of a label is left to train on."""
    left = after.counts()
    lost = [name for name, count in before.counts().items() if count and not left[name]]
    if lost:
        raise DataError(
            f"{before.name}: each record of the label {lost[0]!r} shares its text or "
            f"its group with {test.name}, so that none is left to train on; give test "
            "records that were taken from elsewhere, or leave the test file out."
        )


def same_labels(test: TextDataset, names: Sequence[str]) -> TextDataset:
    """Return ``test`` with its labels numbered as the development records' are.

    Raises:
        DataError: it has a label that they lack.
    """
    place = {name: i for i, name in enumerate(names)}
    unknown = [name for name in test.label_names if name not in place]
    if unknown:
        raise DataError(
            f"{test.name} has the label {unknown[0]!r}, which the training records "
            "lack; add records of it to them, or remove it from the test file."
        )
    labels = tuple(place[test.label_names[label]] for label in test.labels)
    return replace(test, labels=labels, label_names=tuple(names))


def plan_for(
    prepared: Prepared, entries: Sequence[Entry], metric: str, seed: int
) -> Plan:
    """Return the plan, and in it the order in which candidates are first tried."""
    order = sorted(entries, key=_turn)
    # an endpoint is sent the same texts on each rung: the small ones are spared
    runners = [
        Runner(
            *(e.name, is_light(e), e.trains_by_epochs),
            climbs=not e.network,
            parent=e.parent,
            reads_once=e.reads_once,
            work=getattr(candidate(e.name), "work", float),
        )
        for e in order
    ]
    sizes = [len(train) for train, _ in prepared.folds]
    classes = len(prepared.development.label_names)
    return Plan(
        tuple(runners),
        ladder(sizes, classes),
        len(prepared.development),
        Scorer(prepared.labels, classes, metric),
        seed,
        len(prepared.test) + min(CHECKED, len(prepared.test)),
    )


def _turn(entry: Entry) -> tuple[bool, bool, bool, bool, int]:
    """Cheap ones first, then one pass of an encoder, then those that change the most.

    Of the cheap ones the simplest begins, which takes no time, and the slowest follows:
    side by side they end together, and the first answer waits for all.

    A small budget tries few: those that win most often must come before the others.
    What is large (over 10^8 numbers) is slow to answer, whatever it answers.
    """
    large = (entry.parameters or 0) > LARGE
    learns = entry.simplicity > 0
    light = is_light(entry)
    return not light, large, entry.trains_by_epochs, learns, -entry.simplicity


def is_light(entry: Entry) -> bool:
    """Whether the candidate needs no torch and is fitted in seconds."""
    return not (entry.weights or entry.trains_by_epochs or entry.network)


@dataclass(frozen=True)
class Scorer:
    """Judges an outcome by ``metric`` on the rows that it predicted."""

    labels: np.ndarray  # (N,)
    classes: int
    metric: str

    def __call__(self, outcome: Outcome) -> float:
        predicted = outcome.probabilities.argmax(1)
        true = self.labels[outcome.rows]
        return score_by(self.metric, true, predicted, self.classes)


def store_for(
    prepared: Prepared, folder: Path, settings: Mapping[str, object]
) -> Store:
    """Return where the trials of these records stand: changed ones find nothing.

    Nor do the same records in other folds, as another column of groups makes them.
    """
    held_out = repr([held.tolist() for _, held in prepared.folds])
    told = {**settings, "folds": hashlib.sha256(held_out.encode()).hexdigest()}
    both = prepared.development.fingerprint() + prepared.test.fingerprint()
    return Store(folder, context_of(both, len(prepared.folds), told))
