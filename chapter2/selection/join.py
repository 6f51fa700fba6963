"""The side door: a machine that carries out trials for a choice that another leads."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chapter2.data import TextDataset
from chapter2.errors import UsageError
from chapter2.runtime import on_device
from chapter2.selection.budget import Budget
from chapter2.selection.choose import Options, race_of
from chapter2.selection.entrants import entrants
from chapter2.selection.nursery import nursery
from chapter2.selection.prepare import prepare
from chapter2.selection.requirements import Requirements
from chapter2.selection.shared_race import SharedRace, study_name
from chapter2.selection.study import CANDIDATES, LEADER, POLL, SharedStudy, reaching
from chapter2.selection.trial import Outcome
from chapter2.selection.worker import LIGHT
from chapter2.studies import open_storage, shown

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

PATIENCE = 20.0  # seconds that a joiner waits for a choice to begin


def join(
    dataset: TextDataset,
    study: str | Path,
    requirements: Requirements | None = None,
    *,
    test: TextDataset | None = None,
    options: Options | None = None,
    say: Callable[[str], None] = print,
) -> tuple[Outcome, ...]:
    """Carry out trials of the choice that is shared at ``study``, until it has ended.

    Args:
        dataset, requirements, test, options: as for :func:`chapter2.choose` there; the
            budget is that of the leader. Of its candidates those are tried that suit
            this machine too.
        study: the file or the URL of the database that was given there.
        say: takes one line for each thing that is found on the way.

    Returns:
        What was measured here. The texts and models stand in a temporary folder, which
        is gone by then.

    Raises:
        UsageError: no choice on the same records, with the same settings and versions
            of packages, is under way there within 20 seconds.
        DataError: the study cannot be opened, or not be reached any more.
    """
    options = options or Options()
    limits = (requirements or Requirements()).check()
    with (
        on_device(limits.device),
        nursery(LIGHT) as warm,
        TemporaryDirectory(prefix="chapter2-", ignore_cleanup_errors=True) as folder,
    ):
        prepared = prepare(dataset, test, options.seed, options.kind)
        names, _ = entrants(prepared, limits, options)
        budget = Budget(math.inf)
        race = race_of(prepared, names, limits, options, Path(folder), budget, say)
        race.warm, race.first, race.reserve = warm, None, 0.0
        found, asked = find(study, study_name(race, options.metric), say)
        runners = tuple(r for r in race.plan.runners if r.name in asked)
        race.plan = replace(race.plan, runners=runners)
        with SharedRace(**vars(race), study=found) as helping:
            outcomes = helping.run()
    return tuple(o for o in outcomes if not o.elsewhere)


def find(
    place: Path | str, name: str, say: Callable[[str], None]
) -> tuple[SharedStudy, tuple[str, ...]]:
    """Return the study of a choice that is under way, and the candidates of the choice.

    Raises:
        UsageError: there is none, nor does one begin within :data:`PATIENCE`.
        DataError: nothing can be opened or read there.
    """
    until = time.monotonic() + PATIENCE
    storage = None
    waiting = f"Waiting for the choice to begin at {shown(place)}."
    while time.monotonic() < until:
        # looking for a journal must not make one
        if storage is None and ("://" in str(place) or Path(place).exists()):
            storage = open_storage(place)
        if storage and (found := _under_way(storage, place, name, say)):
            return found
        if waiting:
            say(waiting)
            waiting = ""
        time.sleep(POLL)
    raise UsageError(
        "No choice on these records, with these settings and versions of packages, is "
        f"under way at {shown(place)}; start it there with the same command without "
        "--join."
    )


def _under_way(
    storage: BaseStorage, place: Path | str, name: str, say: Callable[[str], None]
) -> tuple[SharedStudy, tuple[str, ...]] | None:
    with reaching(place):
        known = {each.study_name: each for each in storage.get_all_studies()}
        told = known[name].user_attrs if name in known else {}
        if LEADER not in told or told[LEADER]["sign"] is None:  # not yet, or it ended
            return None
        number = storage.get_study_id_from_name(name)
    study = SharedStudy(storage, number, str(place), False, say)
    study.begin()
    return study, tuple(told[CANDIDATES])
