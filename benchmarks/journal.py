"""A sweep that is cut, and goes on: each order that has ended is a line of a file."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import contest
import sweep
from sweep import Order


def run_noted(
    orders: Sequence[Order],
    jobs: int,
    records: int | None,
    journal: Path,
    minutes: float = math.inf,
) -> list[dict[str, Any]]:
    """Run, in the order given, what the journal lacks; return all that it then holds.

    Only what ``orders`` asks for comes back, in their order. After ``minutes`` none is
    begun any more, and the rest is left for the next call.
    """
    done = noted(journal)
    left = [order for order in orders if key_of(asdict(order)) not in done]
    until = time.time() + 60 * minutes
    note = partial(run_and_note, records=records, journal=journal, until=until)
    contest.run_all(note, left, jobs)
    done = noted(journal)
    keys = [key_of(asdict(order)) for order in orders]
    return [done[key] for key in keys if key in done]


def run_and_note(
    order: Order, records: int | None, journal: Path, until: float
) -> dict[str, Any]:
    """Run an order and add it to the journal; after ``until`` begin none any more."""
    if time.time() > until:
        return {}
    found = sweep.run(order, records)
    add_line(journal, found)
    return found


def noted(journal: Path) -> dict[str, dict[str, Any]]:
    """Return what the journal holds, by order."""
    return {key_of(found): found for found in lines_of(journal)}


def lines_of(journal: Path) -> list[dict[str, Any]]:
    """Return the lines of a journal; one that was cut off is removed."""
    text = journal.read_text() if journal.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        journal.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


def add_line(journal: Path, found: dict[str, Any]) -> None:
    """Add what was found to a journal."""
    with journal.open("a") as file:
        file.write(json.dumps(found) + "\n")


def key_of(values: dict[str, Any]) -> str:
    """Return what tells one order from another, of an order or of what was found."""
    return json.dumps({f.name: values[f.name] for f in fields(Order)}, sort_keys=True)
