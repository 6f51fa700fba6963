"""What ``choose.py`` has measured: noted part by part, kept from run to run."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

import contest
from journal import add_line, begin, lines_of

# options that do not say what is measured: files of this machine, and how much of it
PLACES = ("journal", "peers", "minutes", "seeds", "tasks")


def kept(options: Namespace) -> dict[str, Any]:
    """Return the options that a stored result is of."""
    told = {k: v for k, v in contest.chosen(options).items() if k not in PLACES}
    return dict(json.loads(json.dumps(told)))


class Notes:
    """The parts measured so far: of the stored result, and of the journal of a run.

    The parts of a cell are times of one machine, compared with each other. So a result
    holds whole cells only, and one that was cut in the middle goes on from the journal,
    which stays on its machine. A stored cell that lacks a part which is now asked for,
    a peer's say, is measured anew, all of it.

    Raises:
        SystemExit: the stored result, or the journal, is of other options.
    """

    def __init__(self, options: Namespace) -> None:
        self.journal = options.journal
        self.stored = {part["key"]: part for part in self._stored(options)}
        begin(self.journal, kept(options))
        self.done = {part["key"]: part for part in lines_of(self.journal)[1:]}

    @staticmethod
    def _stored(options: Namespace) -> list[dict[str, Any]]:
        if not options.json.exists():
            return []
        stored = json.loads(options.json.read_text())
        if stored["options"] != kept(options):
            raise SystemExit(
                f"{options.json} was measured with the options {stored['options']}; "
                "name another file by --json, or move it away."
            )
        return list(stored["cells"])

    def __call__(
        self,
        task: Any,
        seed: int,
        part: str,
        measure: Callable[..., dict[str, Any]],
        **more: Any,
    ) -> dict[str, Any]:
        """Return one part of a cell, measured now if it was not before."""
        key = self.key(task, seed, part)
        if key not in self.done:
            about = {"key": key, **asdict(task), "seed": seed, "part": part}
            about["date"] = date.today().isoformat()
            self.done[key] = {**about, **measure(task, seed, **more)}
            add_line(self.journal, self.done[key])
        return self.done[key]

    @staticmethod
    def key(task: Any, seed: int, part: str) -> str:
        """Return what tells a part from all others."""
        return f"{task.name} {task.records} {seed} {part}"

    def of(self, task: Any, seed: int, parts: Iterable[str]) -> list[dict[str, Any]]:
        """Return the parts of a cell, or none where one is missing."""
        keys = [self.key(task, seed, part) for part in parts]
        for known in (self.done, self.stored):
            if all(key in known for key in keys):
                return [known[key] for key in keys]
        return []

    def besides(self, found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the stored parts of cells that ``found`` has nothing of.

        A call that asks for fewer cells leaves the others as they are.
        """
        cells = {cell_of(part) for part in found}
        return [part for part in self.stored.values() if cell_of(part) not in cells]


def cell_of(part: dict[str, Any]) -> tuple[Any, ...]:
    """Return what the parts of one cell have in common."""
    return tuple(part[name] for name in ("data", "records", "label", "seed"))
