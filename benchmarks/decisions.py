"""``chapter2 choose`` on the three tasks of page 3a, with more time than the page has.

Prints what is recommended on each, and how much of the granted time was used. The
stored reports hold no texts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import contest

from chapter2 import data
from chapter2.selection.choose import Options, choose
from chapter2.selection.report import as_record, write_report
from chapter2.selection.requirements import Requirements

STORED = contest.RESULTS / "decisions.json"
# of a report: long, of this one run only, or holding texts
DROPPED = ("errors", "profile", "trials", "notices", "repeat", "answer", "confusion")


@dataclass(frozen=True)
class Task:
    """A task of the page: what is read, and how long may be measured."""

    name: str
    data: str
    records: int
    minutes: float
    columns: dict[str, str] = field(default_factory=dict)
    left_out: str | None = None  # a label


TASKS = (
    Task("departments", "clothing-reviews", 3000, 3, {"label": "department"}, "Trend"),
    Task("chinese reviews", "chinese-reviews", 1500, 2),
    Task("film snippets", "movie-snippets", 1500, 20),
)


def decide(task: Task, seed: int) -> dict[str, Any]:
    """Run ``choose`` on a task; return its report, and the seconds from outside."""
    began = time.monotonic()
    sample = data.load(task.data, **task.columns)
    if task.left_out:
        sample = sample.without(task.left_out)
    sample = sample.take(task.records, seed)
    # no limit that matters, but one that has the costs of all measured
    limits = Requirements(
        maximum={"latency_ms_p95": 1000}, budget_seconds=60 * task.minutes
    )
    with tempfile.TemporaryDirectory() as folder:
        choice = choose(
            sample,
            limits,
            out=folder,
            options=Options(seed=seed),
            used=time.monotonic() - began,
            say=lambda line: print(f"  {line}", file=sys.stderr, flush=True),
        )
        told = as_record(write_report(choice, Path(folder)))
    seconds = time.monotonic() - began
    kept = {name: told[name] for name in told if name not in DROPPED}
    return {"task": task.name, **kept, "seconds": seconds}


def main() -> None:
    """Run the tasks, print a table, store the reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--tasks", nargs="+", default=[task.name for task in TASKS])
    add("--seed", type=int, default=0)
    add("--json", type=Path, default=STORED, help="where to store")
    options = parser.parse_args()
    found = []
    for task in (task for task in TASKS if task.name in options.tasks):
        told = decide(task, options.seed)
        share = told["seconds"] / told["budget"]["seconds"]
        print(
            f"{task.name:<16} {told['recommended']:<16} best {told['best']:<16} "
            f"{told['seconds']:.0f} s, {share:.0%} of the budget",
            flush=True,
        )
        found.append(told)
    contest.store(options.json, {"options": contest.chosen(options), "tasks": found})


if __name__ == "__main__":
    main()
