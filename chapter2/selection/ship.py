"""The shipped artefact is what was measured: refit, save, load afresh, compare.

The recommended candidate is fitted to all development records in a child process and
saved; then a fresh process, offline, loads the saved folder and nothing else, and gives
the probabilities of the test texts, of 500 where there are more. They must be those of
the child. Speed, memory and size are taken there too. Where no time is left for the
refit, the model of the first fold is shipped, and the report says so.

What a service answers is not ours to ship: its folder holds the address and the prompt,
a few texts are sent again to time it, and the answers that were measured are reported.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chapter2.data import TextDataset
from chapter2.deployment.whole import whole_folder
from chapter2.runtime import cores
from chapter2.selection.candidates import candidate
from chapter2.selection.plan import EFFORTS
from chapter2.selection.prepare import CHECKED
from chapter2.selection.race import Race
from chapter2.selection.trial import Trial
from chapter2.selection.worker import Order, write_records

if TYPE_CHECKING:
    from chapter2.deployment.measure import Footprint

# seconds that the check may take whatever is left. The reserve is meant to hold it; on
# a machine so busy that it does not, what was measured is worth more than the seconds
CHECK = 60.0
REFIT = -1  # the fold of the last refit: all development records
RESENT = 32  # texts that a service is sent again, which costs; or a very slow model


@dataclass(frozen=True)
class Shipped:
    """The model that the user gets."""

    name: str  # of the candidate
    folder: Path
    refit: bool  # False: the first fold's model, for want of time
    # (T, C) of the test texts: from the fresh process, or held against it on some
    probabilities: np.ndarray
    footprint: Footprint
    seconds: float  # of the refit
    effort: float = 1.0  # share of the schedule by which it was trained


def ship(race: Race, name: str, effort: float, test: TextDataset, out: Path) -> Shipped:
    """Make, save and measure the model ``name`` in ``out``; return what it is.

    ``effort`` is that of its trials; where there is time the last fit has more.

    Raises:
        ModelError: the saved model predicts otherwise than the one that was fitted.
        DataError: there is no model, because time ran out before any was fitted.
    """
    began = time.monotonic()
    fuller = last_effort(race, name, effort)
    trial = Trial(name, REFIT, len(race.records), fuller, race.plan.seed)
    outcome = race.outcome_of(trial, _order(race, trial, test))
    refit = outcome is not None and not outcome.failed
    seconds = time.monotonic() - began
    source = race.store.model(trial) if refit else first_fold_model(race, name, effort)
    with whole_folder(out) as aside:
        shutil.copytree(source, aside, dirs_exist_ok=True)
    expected = None if outcome is None or not refit else outcome.probabilities
    remote = candidate(name).entry.network
    left = max(CHECK, race.budget.left)
    footprint, found = _checked(out, test.texts, expected, remote, left)
    reached = fuller if refit else effort
    return Shipped(name, out, refit, found, footprint, seconds, reached)


def last_effort(race: Race, name: str, effort: float) -> float:
    """Return the highest effort of a last fit for which there is time.

    ``effort`` at least, which was measured; what is trained longer is seldom worse.
    """
    runner = race.plan.runner(name)
    if runner.by_epochs and not runner.parent:
        for more in (e for e in EFFORTS if e > effort):
            trial = Trial(name, REFIT, race.plan.development, more)
            if race.plan.refit(trial, race.outcomes) <= race.left:
                return more
    return effort


def _checked(
    out: Path,
    texts: Sequence[str],
    expected: np.ndarray | None,
    remote: bool,
    seconds: float,
) -> tuple[Footprint, np.ndarray]:
    """Return what the saved model costs, and its probabilities (T, C) of the texts."""
    from chapter2.deployment.measure import OutOfTimeError, measure

    if expected is None:
        footprint = measure(out, texts, timeout=seconds)
        return footprint, footprint.probabilities
    if remote:  # it need not answer twice the same
        return measure(out, texts[:RESENT], timeout=seconds), expected
    some = np.linspace(0, len(texts) - 1, min(CHECKED, len(texts))).astype(int)
    try:
        footprint = _held(out, texts, expected, some, seconds)
    except OutOfTimeError:  # the run is not lost for it
        some = some[:RESENT]
        footprint = _held(out, texts, expected, some, CHECK)
    found = np.array(expected)
    found[some] = footprint.probabilities
    return footprint, found


def _held(
    out: Path,
    texts: Sequence[str],
    expected: np.ndarray,
    some: np.ndarray,
    seconds: float,
) -> Footprint:
    """Measure the saved model on ``some`` texts, which it must predict as expected."""
    from chapter2.deployment.measure import measure

    asked = [texts[i] for i in some]
    return measure(out, asked, expected=expected[some], timeout=seconds)


def _order(race: Race, trial: Trial, test: TextDataset) -> Order:
    """Return the order to fit all development records and predict the test texts."""
    both = TextDataset(
        race.records.name,
        race.records.texts + test.texts,
        race.records.labels + test.labels,
        race.records.label_names,
    )
    path = race.store.folder / "all-records.json"
    write_records(path, both)
    rows = range(len(both))
    train, held_out = rows[: len(race.records)], rows[len(race.records) :]
    # nothing else runs by now: it has all the cores
    return race.order(trial, train, held_out, path, keep=True, threads=cores())


def first_fold_model(race: Race, name: str, effort: float) -> Path:
    """Return the model that the trial on the first whole fold has left."""
    trial = Trial(name, 0, len(race.folds[0][0]), effort, race.plan.seed)
    return race.store.model(trial)
