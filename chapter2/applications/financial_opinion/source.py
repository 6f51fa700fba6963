"""Lines of a file that may still grow, read from a position, at a chosen speed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chapter2.applications.financial_opinion.messages import Line
from chapter2.errors import DataError, UsageError

HEAD = 4096  # bytes at the beginning by which a file is known again
LOOK = 0.5  # seconds between two looks: at a file that may grow, at who may stop it


@dataclass(frozen=True)
class Place:
    """How far a source has been read."""

    position: int = 0  # bytes
    line: int = 0  # lines that end there
    head: str = ""  # SHA-256 of the bytes up to min(position, HEAD)


def head_of(path: Path, position: int) -> str:
    """Return the SHA-256 of what stands before ``position``, of HEAD bytes at most.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.sha256(file.read(min(position, HEAD))).hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path} cannot be read ({error.strerror}): name a file of JSON lines."
    )


def lines(path: Path, place: Place, whole: bool = True) -> Iterator[Line]:
    """Yield the lines behind ``place``.

    ``whole``: the file will not grow, so a last line without its end is a line too;
    else it is left until its end has been written.

    Raises:
        DataError: the file cannot be read, or is not the one that was begun.
    """
    try:
        _check(path, place)
        with path.open("rb") as file:
            file.seek(place.position)
            end, number = place.position, place.line
            for raw in file:
                if not raw.endswith(b"\n") and not whole:
                    return
                end, number = end + len(raw), number + 1
                yield Line(number, raw, end)
    except OSError as error:
        raise _unreadable(path, error) from error


def _check(path: Path, place: Place) -> None:
    size = path.stat().st_size
    if size < place.position or (
        place.position and head_of(path, place.position) != place.head
    ):
        raise DataError(
            f"{path} is not the file of which {place.position} bytes were counted: "
            "restore it, or begin with a new store."
        )


@dataclass
class Pace:
    """Waits so that messages come at ``speed`` times the speed of their own times."""

    speed: float  # 1: as it was written; 60: a minute in a second
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    _began: tuple[float, float] | None = None  # (time of a message, clock then)

    def __post_init__(self) -> None:
        """Refuse a speed at which nothing ever comes.

        Raises:
            UsageError: a speed of 0 or less.
        """
        if not self.speed > 0:
            raise UsageError(f"speed is {self.speed}; give a number above 0, as 60.")

    def delay(self, moment: float) -> float:
        """Return the seconds until a message of the time ``moment`` is due."""
        now = self.clock()
        if self._began is None:
            self._began = (moment, now)
        first, started = self._began
        return max(0.0, started + (moment - first) / self.speed - now)

    def until(self, moment: float, stopped: Callable[[], bool]) -> bool:
        """Wait until a message of the time ``moment`` is due; False if stopped before.

        A night without messages can be long, so ``stopped`` is asked all the while.
        """
        while (seconds := self.delay(moment)) > 0:
            if stopped():
                return False
            self.wait(min(seconds, LOOK))
        return True
