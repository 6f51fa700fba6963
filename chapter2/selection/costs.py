"""What the models cost in use, measured where a requirement limits it.

Each contender's model of the first fold is loaded by a fresh process and timed there,
one after the other, nothing else running, as the shipped one will be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chapter2.data import TextDataset
from chapter2.errors import Chapter2Error
from chapter2.selection.candidates import candidate
from chapter2.selection.quantities import cost_per_1000
from chapter2.selection.race import Race
from chapter2.selection.recommend import Contender
from chapter2.selection.requirements import Requirements
from chapter2.selection.ship import RESENT, first_fold_model

if TYPE_CHECKING:
    from chapter2.deployment.measure import Footprint

SAMPLE = 100  # texts: enough for a 95th percentile, over in seconds
SHIPPING = 15.0  # seconds that are kept for what follows


def measure_costs(
    race: Race,
    entrants: Sequence[Contender],
    limits: Requirements,
    records: TextDataset,
) -> list[Contender]:
    """Return the contenders, with their costs where a limit asks for them.

    What could not be measured, for want of time or by an error, stays without costs,
    and so does not meet the limits.
    """
    from chapter2.deployment.measure import measure

    if not limits.maximum:
        return list(entrants)
    found = []
    for e in entrants:
        left = race.budget.left - SHIPPING
        try:
            if left <= 0:
                raise TimeoutError
            folder = first_fold_model(race, e.name, e.effort)
            remote = candidate(e.name).entry.network
            some = records.texts[: RESENT if remote else SAMPLE]
            footprint = measure(folder, some, timeout=left)
            costs = costs_of(footprint, limits)
            if remote:
                costs.pop("cost_per_1000", None)  # the service's price is not known
            e = replace(e, costs=costs)
        except (Chapter2Error, TimeoutError) as error:
            race.say(f"{e.name}: its costs were not measured: {error}")
        found.append(e)
    return found


def costs_of(footprint: Footprint, limits: Requirements) -> dict[str, float]:
    """Return the costs by the names of the limits."""
    names = ("latency_ms_p50", "latency_ms_p95", "batch_ms_per_text")
    found = {name: getattr(footprint, name) for name in names}
    found |= {"memory_mb": footprint.memory_mb, "size_mb": footprint.size_mb}
    if limits.price_per_hour is not None:
        seconds = footprint.batch_ms_per_text / 1000
        found["cost_per_1000"] = cost_per_1000(seconds, limits.price_per_hour)
    return found
