"""The shipped artefact is what was measured: refit, save, load afresh, compare.

The recommended candidate is fitted to all development records in a child process and
saved; then a fresh process, offline, loads a copy of the saved folder and nothing else,
and gives the probabilities of the test texts, of 500 where there are more, of fewer
where there is little time. They must be those of the child; else there is no folder.
Speed, memory and size are taken there too. Where no time is left for the refit, the
model of the first fold is shipped, held against its answers there, and the report says
so.

What a service answers is not ours to ship: its folder holds the address and the prompt,
a few texts are sent again to time it, and the answers that were measured are reported.
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
from chapter2.errors import ModelError
from chapter2.runtime import cores
from chapter2.selection.candidates import candidate
from chapter2.selection.closing import checking
from chapter2.selection.plan import EFFORTS
from chapter2.selection.prepare import CHECKED
from chapter2.selection.race import Race
from chapter2.selection.trial import Outcome, Trial
from chapter2.selection.worker import Order, write_records

if TYPE_CHECKING:
    from chapter2.deployment.measure import Footprint

REFIT = -1  # the fold of the last refit: all development records
RESENT = 32  # texts that a service is sent again, which costs
HELD = 8  # texts at least that are held against the fitted model, however slow it is
MOMENT = 0.1  # seconds: what is begun has some


@dataclass(frozen=True)
class Shipped:
    """The model that the user gets."""

    name: str  # of the candidate
    folder: Path
    refit: bool  # False: a fold's model, for want of time
    # (T, C) of the test texts: from the fresh process, or held against it on some
    probabilities: np.ndarray
    footprint: Footprint
    seconds: float  # of the refit
    effort: float = 1.0  # share of the schedule by which it was trained
    # (T,) places in the test part, rising, of the texts that it had time to predict;
    # None: all
    asked: np.ndarray | None = None


def ship(
    race: Race,
    name: str,
    effort: float,
    test: TextDataset,
    out: Path,
    spare: float = 0.0,
) -> Shipped:
    """Make the model ``name``, save it, check it, and put it in ``out``.

    ``effort`` is that of its trials; where there is time the last fit has more.
    ``spare`` seconds are kept for another one, should this one be too slow.

    Raises:
        ModelError: the saved model predicts otherwise than the one that was fitted.
            Nothing is put in ``out`` then.
        OutOfTimeError: the time was too short to check it.
    """
    began = time.monotonic()
    fuller = last_effort(race, name, effort)
    trial = Trial(name, REFIT, len(race.records), fuller, race.plan.seed)
    outcome = race.outcome_of(trial, _order(race, trial, test))
    refit = outcome is not None and not outcome.failed
    seconds = time.monotonic() - began
    fitted = outcome if refit else whole_fold(race, name)
    if fitted is None:
        raise ModelError(
            f"{name} could not be fitted to all records, and no fold has left its "
            f"model in {race.store.folder}; delete that folder and measure again."
        )
    with whole_folder(out) as aside:
        shutil.copytree(race.store.model(fitted.trial), aside, dirs_exist_ok=True)
        left = max(MOMENT, checking(race) - spare)
        check = _refitted if refit else _of_a_fold
        footprint, found, asked = check(aside, fitted, race.records, test, left)
    reached = fuller if refit else effort
    return Shipped(name, out, refit, found, footprint, seconds, reached, asked)


def last_effort(race: Race, name: str, effort: float) -> float:
    """Return the highest effort of a last fit for which there is time.

    ``effort`` at least, which was measured; what is trained longer is seldom worse.
    """
    runner = race.plan.runner(name)
    if runner.by_epochs and not runner.parent:
        for more in (e for e in EFFORTS if e > effort):
            trial = Trial(name, REFIT, race.plan.development, more, race.plan.seed)
            made = race.store.find(trial)  # before this run was stopped
            if made and not made.failed:
                return more
            if race.plan.refit(trial, race.outcomes) <= race.left:
                return more
    return effort


Checked = tuple["Footprint", np.ndarray, np.ndarray | None]  # and Shipped.asked


def _refitted(
    folder: Path, fitted: Outcome, _: TextDataset, test: TextDataset, seconds: float
) -> Checked:
    """Check a model whose last fit has predicted the test texts, on some of them."""
    from chapter2.deployment.measure import measure

    expected, texts = fitted.probabilities, test.texts
    if candidate(fitted.trial.candidate).entry.network:  # need not answer twice alike
        footprint = measure(folder, texts[:RESENT], timeout=seconds, least=HELD)
        return footprint, expected, None
    some = _mixed(np.linspace(0, len(texts) - 1, min(CHECKED, len(texts))).astype(int))
    footprint = measure(
        folder,
        [texts[i] for i in some],
        expected=expected[some],
        timeout=seconds,
        least=HELD,
    )
    found = np.array(expected)
    found[some[: len(footprint.probabilities)]] = footprint.probabilities
    return footprint, found, None


def _of_a_fold(
    folder: Path,
    fitted: Outcome,
    records: TextDataset,
    test: TextDataset,
    seconds: float,
) -> Checked:
    """Check a fold's model on records that it has predicted; predict the test texts."""
    from chapter2.deployment.measure import measure

    remote = candidate(fitted.trial.candidate).entry.network
    held = _mixed(np.arange(len(fitted.rows)))[: 0 if remote else HELD]
    order = _mixed(np.arange(len(test)))
    footprint = measure(
        folder,
        [
            *(records.texts[fitted.rows[i]] for i in held),
            *(test.texts[i] for i in order),
        ],
        expected=None if remote else fitted.probabilities[held],
        timeout=seconds,
        least=len(held) + HELD,
    )
    found = footprint.probabilities[len(held) :]
    asked = order[: len(found)]
    rising = np.argsort(asked)
    whole = len(found) == len(test)
    return footprint, found[rising], None if whole else asked[rising]


def _mixed(rows: np.ndarray) -> np.ndarray:
    """Return the rows in an order of which each beginning comes from all over."""
    return np.random.default_rng(0).permutation(rows)


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


def whole_fold(race: Race, name: str) -> Outcome | None:
    """Return the outcome of ``name`` on the first whole fold that has left a model."""
    whole = [len(train) for train, _ in race.folds]
    mine = [
        o
        for o in race.outcomes
        if o.trial.candidate == name
        and not o.failed
        and o.trial.records == whole[o.trial.fold]
        and race.store.model(o.trial).is_dir()
    ]
    return min(mine, key=lambda o: o.trial.fold, default=None)
