"""The time that was granted, and how it is kept.

The budget is a contract: everything is inside it, the last refit, the export and the
report too. A run that was killed and goes on has used what it had used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from chapter2.files import read_json, write_json

T = TypeVar("T")


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
    """What the budget is used for."""

    def __init__(self, budget: Budget) -> None:
        self.ended = {"reading": budget.used}  # phase: seconds, in their order

    def run(self, phase: str, function: Callable[..., T], *args: Any, **more: Any) -> T:
        """Return what ``function`` returns, and note its seconds."""
        began = time.monotonic()
        try:
            return function(*args, **more)
        finally:
            self.ended[phase] = time.monotonic() - began
