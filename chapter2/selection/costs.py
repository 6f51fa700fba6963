"""What the models cost in use, measured where a requirement limits it.

Each contender's model of a whole fold is loaded by a fresh process and timed there, one
after the other, nothing else running, as the shipped one will be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chapter2.data import TextDataset
from chapter2.errors import Chapter2Error
from chapter2.selection.candidates import candidate
from chapter2.selection.closing import closing, starting
from chapter2.selection.contenders import Contender
from chapter2.selection.quantities import cost_per_1000
from chapter2.selection.race import Race
from chapter2.selection.requirements import Requirements
from chapter2.selection.ship import HELD, RESENT, whole_fold

if TYPE_CHECKING:
    from chapter2.deployment.measure import Footprint

SAMPLE = 100  # texts: enough for a 95th percentile, over in seconds
LAST = 0.5  # of the time left: more is not kept for the last fit and its check
SHARE = 0.5  # of the time left: a slow model leaves as much to all those after it


def measure_costs(
    race: Race,
    entrants: Sequence[Contender],
    limits: Requirements,
    records: TextDataset,
) -> list[Contender]:
    """Return the contenders, with their costs where a limit asks for them.

    What could not be measured, for want of time or by an error, stays without costs,
    and so does not meet the limits. The time of the last fit and its check is kept.
    """
    if not limits.maximum:
        return list(entrants)
    keep = kept(race, entrants)
    found = {}
    for i, e in enumerate(in_turn(race, entrants)):
        share = max(SHARE, 1 / (len(entrants) - i))
        seconds = share * (race.budget.left - keep)
        try:
            found[e.name] = _costs(race, e.name, limits, records, seconds)
        except (Chapter2Error, TimeoutError) as error:
            race.say(f"{e.name}: its costs were not measured: {error}")
    return [replace(e, costs=found.get(e.name, {})) for e in entrants]


def in_turn(race: Race, entrants: Sequence[Contender]) -> list[Contender]:
    """Return those that load in a moment first, then the best of the others."""
    score = {
        o.trial.candidate: race.plan.score(o) for o in race.outcomes if not o.failed
    }
    return sorted(
        entrants, key=lambda e: (e.name not in race.light, -score.get(e.name, 0.0))
    )


def kept(race: Race, entrants: Sequence[Contender]) -> float:
    """Return the seconds of the longest last fit that fits, and of what follows it.

    Of the time left that is half at most: without costs no limit is kept.
    """
    folds = [whole_fold(race, e.name) for e in entrants]
    fits = [race.plan.refit(o.trial, race.outcomes) for o in folds if o]
    longest = max((s for s in fits if s <= race.left), default=0.0)
    wanted = longest + max(closing(race, e.name) for e in entrants)
    return min(wanted, LAST * race.budget.left)


def _costs(
    race: Race, name: str, limits: Requirements, records: TextDataset, seconds: float
) -> dict[str, float]:
    """Return the costs of the model that a whole fold of ``name`` has left.

    Raises:
        TimeoutError, ModelError: they cannot be measured.
    """
    from chapter2.deployment.measure import measure

    fold = whole_fold(race, name)
    if fold is None or seconds <= starting(race, name) / 2:  # beside trials: slower
        raise TimeoutError("no time was left.")
    remote = candidate(name).entry.network
    some = records.texts[: RESENT if remote else SAMPLE]
    footprint = measure(race.store.model(fold.trial), some, timeout=seconds, least=HELD)
    return costs_of(footprint, limits, remote)


def costs_of(
    footprint: Footprint, limits: Requirements, remote: bool
) -> dict[str, float]:
    """Return the costs by the names of the limits; a service's price is not known."""
    names = ("latency_ms_p50", "latency_ms_p95", "batch_ms_per_text")
    found = {name: getattr(footprint, name) for name in names}
    found |= {"memory_mb": footprint.memory_mb, "size_mb": footprint.size_mb}
    if limits.price_per_hour is not None and not remote:
        seconds = footprint.batch_ms_per_text / 1000
        found["cost_per_1000"] = cost_per_1000(seconds, limits.price_per_hour)
    return found
