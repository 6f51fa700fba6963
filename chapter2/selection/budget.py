"""The time that was granted, and how it is kept.

The budget is a contract: everything is inside it, the last refit, the export and the
report too. A run that was killed and goes on has used what it had used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from chapter2.files import read_json, write_json

T = TypeVar("T")
MOST_RESERVED = 0.4  # of a budget: a small one must leave time to measure anything
GRACE = 0.05  # of the budget: so much more breaks the contract
EARLIER = "before it was stopped"  # the phase of the runs that this one goes on with


@dataclass
class Budget:
    """Seconds granted and seconds used."""

    seconds: float
    used_before: float = 0.0  # by the runs that this one goes on with
    began: float = field(default_factory=time.monotonic)

    @property
    def used(self) -> float:
        """Seconds used so far."""
        return self.used_before + time.monotonic() - self.began

    @property
    def left(self) -> float:
        """Seconds that are left; below 0 after the end."""
        return self.seconds - self.used

    @property
    def grace(self) -> float:
        """Seconds until the contract is broken."""
        return self.left + GRACE * self.seconds

    def note(self, path: Path) -> None:
        """Write what is used, so that a run which goes on knows it."""
        write_json(path, {"used": self.used})

    @staticmethod
    def noted(path: Path) -> float:
        """Return what :meth:`note` last wrote there; 0 where nothing stands."""
        try:
            return float(read_json(path)["used"])
        except (OSError, ValueError, KeyError):
            return 0.0


class Phases:
    """What the budget is used for: each second of it belongs to one phase."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.ended = {"reading": budget.used}  # phase: seconds, in their order
        self._before = budget.used_before

    def run(self, phase: str, function: Callable[..., T], *args: Any, **more: Any) -> T:
        """Return what ``function`` returns; ``phase`` ends with it."""
        try:
            return function(*args, **more)
        finally:
            self.end(phase)

    def end(self, phase: str) -> None:
        """Give ``phase`` all that was used since the last one ended.

        What a run that was stopped had used is a phase of its own.
        """
        earlier = self.budget.used_before - self._before
        if earlier > 0:
            self.ended[EARLIER] = self.ended.get(EARLIER, 0.0) + earlier
            self._before = self.budget.used_before
        seconds = self.budget.used - sum(self.ended.values())
        self.ended[phase] = self.ended.get(phase, 0.0) + seconds


def beside(function: Callable[[], T]) -> Future[T]:
    """Run ``function`` in a thread that no end of this process waits for."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)  # raised where the result is asked for

    Thread(target=run, daemon=True).start()
    return future
