"""How long what follows the trials takes: a model in a fresh process, and the report.

On a busy machine most of it is imports. How long they take was seen here, where the
trials' processes were prepared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chapter2.selection.budget import MOST_RESERVED

if TYPE_CHECKING:
    from chapter2.selection.race import Race

ALONE = 4.0  # seconds of a model in a fresh process, imports not counted
SPARE = 1.0  # the same, of one that needs no torch
REPORT = 2.0  # seconds of the report, which is written after everything else


def starting(race: Race, name: str) -> float:
    """Return the seconds of torch's imports before ``name`` is loaded; 0: not known."""
    return 0.0 if name in race.light else race.imports(light=False)


def spare(race: Race, name: str) -> float:
    """Return the seconds in which one without torch could ship instead of ``name``."""
    return 0.0 if name in race.light else race.imports(light=True) + SPARE


def closing(race: Race, name: str) -> float:
    """Return the seconds to keep for what follows the last fit of ``name``."""
    wanted = starting(race, name) + spare(race, name) + ALONE + REPORT
    return min(wanted, MOST_RESERVED * race.budget.seconds)


def checking(race: Race) -> float:
    """Return the seconds that a check may take, so that the report is in time.

    To draw lasts about as long as to import.
    """
    report = max(REPORT, race.imports(light=True))
    return race.budget.grace - min(report, MOST_RESERVED * race.budget.seconds)
