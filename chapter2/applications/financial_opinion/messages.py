"""What comes in: one line of a stream, read as a message or refused with a reason.

A line is a JSON object with ``id`` (text or whole number), ``time`` (ISO 8601 with its
zone, or seconds since 1970) and ``text``; further keys are ignored.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SKEW = 60.0  # seconds by which a sender's clock may run ahead of ours
LONGEST = 20_000  # characters of a text; a longer one is a broken sender's
SHOWN = 200  # characters of a refused line that are kept


@dataclass(frozen=True)
class Message:
    """One text of a stream."""

    id: str
    time: float  # when it was written, seconds since 1970 (UTC)
    text: str


@dataclass(frozen=True)
class Line:
    """One line of the source, and the byte behind it."""

    number: int  # from 1
    raw: bytes
    end: int  # position in bytes at which the next line begins


@dataclass(frozen=True)
class Reject:
    """A line that is no message."""

    line: int
    reason: str
    begins: str  # its first characters


def read(line: Line, now: Callable[[], float] = time.time) -> Message | Reject:
    """Return the message of a line, or why it is none.

    A time in the future is refused: it would close the windows in which all others
    still have to be counted.
    """
    try:
        return _message(line.raw, now())
    except ValueError as error:
        begins = line.raw[: 4 * SHOWN].decode("utf-8", errors="replace")[:SHOWN]
        return Reject(line.number, str(error), begins.rstrip("\r\n"))


def _message(raw: bytes, now: float) -> Message:
    value = _object(raw)
    for key in ("id", "time", "text"):
        if value.get(key) is None:
            raise ValueError(f"no {key}")
    moment = _moment(value["time"])
    if moment > now + SKEW:
        raise ValueError("time lies in the future")
    return Message(_identity(value["id"]), moment, _text(value["text"]))


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError("not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _identity(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError("id is neither a text nor a whole number")
    return _storable(str(value), "id")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text is not a text, or is empty")
    if len(value) > LONGEST:
        raise ValueError(f"text is longer than {LONGEST} characters")
    return _storable(value, "text")


def _storable(value: str, key: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:  # half a surrogate pair, as JSON allows it
        raise ValueError(f"{key} holds half a character") from error
    return value


def _moment(value: Any) -> float:
    """Return a time as seconds since 1970."""
    if isinstance(value, str):
        try:
            read = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("time is not ISO 8601") from error
        if read.tzinfo is None:
            raise ValueError("time has no zone; write 2024-05-01T09:30:00Z")
        return _since_1970(read.timestamp())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("time is neither ISO 8601 nor seconds since 1970")
    try:
        return _since_1970(float(value))
    except OverflowError as error:
        raise ValueError("time is not finite") from error


def _since_1970(seconds: float) -> float:
    """Return the time itself: windows are counted from 1970."""
    if not math.isfinite(seconds):
        raise ValueError("time is not finite")
    if seconds < 0:
        raise ValueError("time is before 1970")
    return seconds
