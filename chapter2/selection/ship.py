"""The shipped artefact is what was measured: refit, save, load afresh, compare.

The recommended candidate is fitted to all development records in a child process and
saved; then a fresh process, offline, loads the saved folder and nothing else, and gives
the probabilities of the test texts. They must be those of the child. Speed, memory and
size are taken there too, and the test score is that of these predictions. Where no time
is left for the refit, the model of the first fold is shipped, and the report says so.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chapter2.data import TextDataset
from chapter2.deployment.whole import whole_folder
from chapter2.runtime import cores
from chapter2.selection.race import Race
from chapter2.selection.trial import Trial
from chapter2.selection.worker import Order, write_records

if TYPE_CHECKING:
    from chapter2.deployment.measure import Footprint

REFIT = -1  # the fold of the last refit: all development records


@dataclass(frozen=True)
class Shipped:
    """The model that the user gets."""

    name: str  # of the candidate
    folder: Path
    refit: bool  # False: the first fold's model, for want of time
    probabilities: np.ndarray  # (T, C) of the test texts, from the fresh process
    footprint: Footprint
    seconds: float  # of the refit


def ship(race: Race, name: str, effort: float, test: TextDataset, out: Path) -> Shipped:
    """Make, save and measure the model ``name`` in ``out``; return what it is.

    Raises:
        ModelError: the saved model predicts otherwise than the one that was fitted.
        DataError: there is no model, because time ran out before any was fitted.
    """
    from chapter2.deployment.measure import measure

    began = time.monotonic()
    trial = Trial(name, REFIT, len(race.records), effort, race.plan.seed)
    outcome = race.outcome_of(trial, _order(race, trial, test))
    refit = outcome is not None and not outcome.failed
    seconds = time.monotonic() - began
    if refit:
        source, expected = race.store.model(trial), outcome
    else:
        source, expected = first_fold_model(race, name, effort), None
    with whole_folder(out) as aside:
        shutil.copytree(source, aside, dirs_exist_ok=True)
    footprint = measure(
        out,
        test.texts,
        expected=None if expected is None else expected.probabilities,
        timeout=max(10.0, race.budget.left),
    )
    return Shipped(name, out, refit, footprint.probabilities, footprint, seconds)


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
