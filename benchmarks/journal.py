"""A sweep that is cut, and goes on: each order that has ended is a line of a file.

The first line says with which options the runs were made: with others a new journal is
needed, since no line says them.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import contest

MADE_WITH = "made_with"
# carries out an order, a dataclass; what it returns has the fields of the order too
Measure = Callable[[Any], dict[str, Any]]


def run_noted(
    measure: Measure,
    orders: Sequence[Any],
    jobs: int,
    journal: Path,
    made_with: dict[str, Any],
    minutes: float = math.inf,
) -> list[dict[str, Any]]:
    """Run, in the order given, what the journal lacks; return all that it then holds.

    Only what ``orders`` asks for comes back, in their order. After ``minutes`` none is
    begun any more, and the rest is left for the next call.

    Raises:
        SystemExit: the journal's runs were not ``made_with`` these options.
    """
    if not orders:
        return []
    begin(journal, made_with)
    kind = type(orders[0])
    keys = [key_of(asdict(order), kind) for order in orders]
    done = noted(journal, kind)
    left = [order for order, key in zip(orders, keys, strict=True) if key not in done]
    until = time.time() + 60 * minutes
    note = partial(run_and_note, measure=measure, journal=journal, until=until)
    contest.run_all(note, left, jobs)
    done = noted(journal, kind)
    return [done[key] for key in keys if key in done]


def run_and_note(
    order: Any, measure: Measure, journal: Path, until: float
) -> dict[str, Any]:
    """Run an order and add it to the journal; after ``until`` begin none any more."""
    if time.time() > until:
        return {}
    found = measure(order)
    add_line(journal, found)
    return found


def noted(journal: Path, kind: type) -> dict[str, dict[str, Any]]:
    """Return what the journal holds, by order."""
    return {key_of(found, kind): found for found in lines_of(journal)[1:]}


def begin(journal: Path, made_with: dict[str, Any]) -> None:
    """Write the first line of a journal, or hold it against the one that it has.

    Raises:
        SystemExit: its runs were made with other options.
    """
    lines, told = lines_of(journal), json.loads(json.dumps(made_with, default=str))
    if not lines:
        add_line(journal, {MADE_WITH: told})
    elif lines[0].get(MADE_WITH) != told:
        raise SystemExit(
            f"{journal} holds runs made with {lines[0].get(MADE_WITH)}, not with "
            f"{told}; name another file, or move this one away."
        )


def lines_of(journal: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal; one that was cut off is removed."""
    text = journal.read_text() if journal.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        journal.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


def add_line(journal: Path, found: dict[str, Any]) -> None:
    """Add what was found to a journal, whose folder is made if need be."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    with journal.open("a") as file:
        file.write(json.dumps(found) + "\n")


def key_of(values: dict[str, Any], kind: type) -> str:
    """Return what tells one order of a kind from another; ``values`` may have more."""
    return json.dumps({f.name: values[f.name] for f in fields(kind)}, sort_keys=True)
