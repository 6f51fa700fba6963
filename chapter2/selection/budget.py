"""The time that was granted, and how it is kept.

The budget is a contract: everything is inside it, the last refit, the export and the
report too. A run that was killed and goes on has used what it had used.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from chapter2.errors import UsageError
from chapter2.files import read_json, write_json

UNITS = {"s": 1, "m": 60, "h": 3600}


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


def parse_seconds(text: str) -> float:
    """Return the seconds of ``"90s"``, ``"10m"``, ``"1.5h"`` or ``"600"``.

    Raises:
        UsageError: it is no time, or not above zero.
    """
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    try:
        seconds = float(number) * UNITS[unit]
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"{text!r} is not a time; give one as 90s, 10m or 1.5h.")
    return seconds
