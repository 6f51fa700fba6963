"""What is said where time was too little: what was measured, and what would do."""

from __future__ import annotations

import math
from collections.abc import Mapping

from chapter2.errors import DataError
from chapter2.selection.budget import MOST_RESERVED
from chapter2.selection.closing import closing
from chapter2.selection.race import PATIENCE, Race
from chapter2.selection.trial import Trial

FIRST = 5.0  # seconds of a first trial, its imports among them, where nothing is known
KEPT = 45.0  # seconds that a large budget keeps for what follows the trials, at most
AGAIN = 2.0  # times what a trial had that was ended
MORE = 1.2  # times the budget that was too small, at least


def none_measured(race: Race) -> DataError:
    """Return the error: no candidate was measured on a whole fold."""
    told = [line for r in race.plan.runners if (line := _told(race, r.name))]
    failed = {o.trial.candidate for o in race.outcomes if o.failed}
    alive = [r.name for r in race.plan.runners if r.name not in failed]
    if not alive:
        return DataError(f"No candidate could be measured. {' '.join(told)}")
    measured = " ".join(told) or "No trial was begun."
    quick = [name for name in alive if name in race.light] or alive
    name = min(quick, key=lambda each: _least(race, each))
    seconds = _least(race, name)
    return DataError(
        f"The budget of {race.budget.seconds:g} s was too small to measure a candidate "
        f"on a whole fold. {measured} Grant about {_rounded(seconds)} s, by what is "
        f"known so far of {name}. {_kept()}"
    )


def none_ready(race: Race, barred: Mapping[str, str]) -> DataError:
    """Return the error: candidates were measured, and none could be checked in time."""
    told = [line for r in race.plan.runners if (line := _told(race, r.name))]
    why = " ".join(f"{name}: {reason}" for name, reason in barred.items())
    seconds = race.budget.used + min(closing(race, name) for name in barred)
    seconds = max(seconds, MORE * race.budget.seconds)
    return DataError(
        f"The budget of {race.budget.seconds:g} s was too small to make a model ready. "
        f"{' '.join(told)} {why} Grant about {_rounded(seconds)} s. {_kept()}"
    )


def _told(race: Race, name: str) -> str | None:
    """Say in a sentence what is known of a candidate; None: it was not begun."""
    mine = [o for o in race.outcomes if o.trial.candidate == name]
    for failed in (o for o in mine if o.failed):
        return f"{name} failed: {failed.error}"
    if mine:
        last = max(mine, key=lambda o: o.trial.records)
        return (
            f"{name} has {race.plan.score(last):.3f} after training on "
            f"{last.trial.records:,} of {len(race.folds[last.trial.fold][0]):,} records"
            f" ({sum(o.seconds for o in mine):.1f} s)."
        )
    for trial, seconds in race.ended.items():
        if trial.candidate == name:
            return f"{name} was ended after {seconds:.1f} s."
    return None


def _least(race: Race, name: str) -> float:
    """Return the budget in seconds with which ``name`` would have been measured."""
    plan, known = race.plan, race.outcomes
    whole = Trial(name, 0, _whole(race), 1.0, plan.seed)
    needed = plan.forecast(whole, known)
    if needed is None:
        needed = max(FIRST, AGAIN * _wanted(race, name))
    needed += plan.refit(whole, known)
    # what a new run needs before its first trial
    needed += race.prepared + race.imports(light=name in race.light)
    least = min(needed / (1 - MOST_RESERVED), needed + KEPT)
    return max(least, MORE * race.budget.seconds)


def _wanted(race: Race, name: str) -> float:
    """Return the seconds in which the trials of ``name`` that were ended would fit."""
    return max(
        (
            seconds if trial.records == _whole(race) else seconds / PATIENCE
            for trial, seconds in race.ended.items()
            if trial.candidate == name
        ),
        default=0.0,
    )


def _whole(race: Race) -> int:
    return len(race.folds[0][0])


def _rounded(seconds: float) -> int:
    """Round up, to 5 s from 20 s on."""
    step = 5 if seconds > 20 else 1
    return step * math.ceil(seconds / step)


def _kept() -> str:
    return "What was measured is kept, and used again by the same command."
