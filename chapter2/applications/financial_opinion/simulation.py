"""A stream whose truth is known: newswire with simulated times and injected opinions.

R8 has neither dates nor opinions. A message here is the beginning of an R8 text, which
gives it its topic, and a rated sentence, which gives it its opinion; it comes at
a time of a Poisson process. A shift changes, from a moment on and for one topic, the
shares with which the rated sentences are drawn. So both are known of each message, but
no editor wrote it: what is measured on it is the monitor, not a market.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chapter2.data.records import TextDataset
from chapter2.errors import UsageError

CALM = (0.3, 0.4, 0.3)  # shares of negative, neutral and positive without a shift
BEGIN = 1_700_000_000  # seconds since 1970 (November 2023): a moment like any other


@dataclass(frozen=True)
class Shift:
    """From a moment on, the opinions on a topic are of other shares."""

    topic: str
    after: float  # seconds from the begin of the stream
    shares: tuple[float, float, float] = (0.7, 0.2, 0.1)  # they sum to 1


@dataclass(frozen=True)
class Sent:
    """A message of the simulation, with its truth."""

    id: str
    time: float
    text: str
    topic: str
    opinion: int  # 0 negative, 1 neutral, 2 positive

    def line(self) -> str:
        """Return the line of JSON that a sender writes; it does not tell the truth."""
        values = {"id": self.id, "time": round(self.time, 3), "text": self.text}
        return json.dumps(values) + "\n"


def simulate(
    news: TextDataset,
    rated: TextDataset,
    messages: int,
    seed: int,
    rate: float = 60.0,
    shifts: Sequence[Shift] = (),
    words: int = 40,
) -> list[Sent]:
    """Return ``messages`` messages in the order of their times.

    Args:
        news: texts with topics, drawn with replacement.
        rated: sentences with opinions 0, 1 and 2, drawn with replacement.
        messages: how many.
        seed: of all that is drawn.
        rate: messages an hour, on average.
        shifts: what changes, and when.
        words: of a text of ``news`` that are kept.

    Raises:
        UsageError: a shift of an unknown topic, or shares that do not sum to 1.
    """
    _check(news, shifts)
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(3600 / rate, messages))
    by_opinion = [np.flatnonzero(np.asarray(rated.labels) == i) for i in range(3)]
    found = []
    for number, (seconds, i) in enumerate(
        zip(times, rng.integers(len(news), size=messages), strict=True)
    ):
        topic = news.label_names[news.labels[i]]
        opinion = int(rng.choice(3, p=_shares(topic, seconds, shifts)))
        sentence = rated.texts[rng.choice(by_opinion[opinion])]
        text = " ".join([*news.texts[i].split()[:words], sentence])
        sent = Sent(f"m{number}", BEGIN + float(seconds), text, topic, opinion)
        found.append(sent)
    return found


def _check(news: TextDataset, shifts: Sequence[Shift]) -> None:
    for shift in shifts:
        if shift.topic not in news.label_names or abs(sum(shift.shares) - 1) > 1e-9:
            raise UsageError(
                f"A shift is of {shift.topic!r} to {shift.shares}; name one of "
                f"{', '.join(news.label_names)}, and shares that sum to 1."
            )


def _shares(topic: str, seconds: float, shifts: Sequence[Shift]) -> Sequence[float]:
    """Return the shares of the opinions at a moment: those of the latest shift."""
    past = [s for s in shifts if s.topic == topic and s.after <= seconds]
    return max(past, key=lambda s: s.after).shares if past else CALM


@dataclass(frozen=True)
class Trouble:
    """Shares of the messages to which something happens on their way."""

    repeated: float = 0.02  # sent again, a little later
    late: float = 0.02  # arrive ``delay`` later than written
    malformed: float = 0.01  # followed by a line that is no message
    delay: float = 300.0  # seconds


BROKEN = (
    '{"id": "x", "time": 17',
    '["no", "object"]',
    '{"id": "x", "text": "no time"}',
    '{"id": "x", "time": "yesterday", "text": "no time that can be read"}',
    '{"id": "x", "time": 1700000000, "text": "  "}',
)


def lines(sent: Iterable[Sent], seed: int, trouble: Trouble | None = None) -> list[str]:
    """Return the lines of a source in the order of arrival, with some trouble.

    ``trouble`` None: none.
    """
    rng = np.random.default_rng(seed)
    chances = trouble or Trouble(0, 0, 0)
    arrivals: list[tuple[float, str]] = []
    for each in sent:
        slow = chances.delay * rng.uniform(0.5, 1.5)
        at = each.time + slow * (rng.random() < chances.late)
        arrivals.append((at, each.line()))
        if rng.random() < chances.repeated:
            arrivals.append((at + slow, each.line()))
        if rng.random() < chances.malformed:
            arrivals.append((at, str(rng.choice(BROKEN)) + "\n"))
    return [line for _, line in sorted(arrivals, key=lambda pair: pair[0])]


def write(path: Path, written: Sequence[str]) -> Path:
    """Write lines to a file and return its path."""
    path.write_text("".join(written), encoding="utf-8", newline="")
    return path
