"""The trend of a topic: texts and mean opinion of each window, with intervals."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chapter2.applications.financial_opinion.store import TALLIES, UNIT, settings_of
from chapter2.errors import UsageError

SHOWN = 200  # windows, alarms and rejects of a live view, the newest


@dataclass(frozen=True)
class Window:
    """What was counted of one topic in one window."""

    start: int  # seconds since 1970
    texts: int
    texts_low: float  # 95 % interval of the rate that gave so many texts
    texts_high: float
    mean: float  # opinion, -1 to 1
    mean_low: float  # 95 % interval of the mean that gave these texts
    mean_high: float
    opinions: tuple[int, int, int]  # texts that are negative, neutral and positive


def trend(
    connection: sqlite3.Connection, topic: str, last: int = SHOWN
) -> list[Window]:
    """Return the last windows of a topic that hold a text, oldest first.

    Raises:
        UsageError: the store has no such topic.
    """
    topics = settings_of(connection).topics
    if topic not in topics:
        raise UsageError(f"There is no topic {topic!r}; it is of {', '.join(topics)}.")
    query = """SELECT start, texts, negative, neutral, positive, total, squares
      FROM windows WHERE topic = ? ORDER BY start DESC LIMIT ?"""
    rows = connection.execute(query, [topics.index(topic), last]).fetchall()
    return [window(*row) for row in reversed(rows)]


def window(
    start: int,
    texts: int,
    negative: int,
    neutral: int,
    positive: int,
    total: int,
    squares: int,
) -> Window:
    """Return a window from its sums, in 1/UNIT and its square.

    The count's interval is exact for a Poisson count (Garwood, 1936), the mean's is
    Student's, cut to -1 to 1; a single text tells nothing of the spread.
    """
    mean = total / texts / UNIT
    low, high = -1.0, 1.0
    if texts > 1:
        # s^2 = (sum x^2 - n mean^2) / (n - 1), in whole numbers until the division
        variance = (squares - total * total / texts) / (texts - 1) / UNIT**2
        half = student(texts - 1) * (max(0.0, variance) / texts) ** 0.5
        low, high = max(-1.0, mean - half), min(1.0, mean + half)
    few, many = poisson_interval(texts)
    opinions = (negative, neutral, positive)
    return Window(start, texts, few, many, mean, low, high, opinions)


@lru_cache(maxsize=4096)  # a live view asks for the same ones each second
def student(freedom: int, level: float = 0.95) -> float:
    """Return the quantile of Student's distribution for a two-sided interval."""
    from scipy.stats import t  # of scikit-learn's own requirements

    return float(t.ppf(0.5 + level / 2, freedom))


@lru_cache(maxsize=4096)
def poisson_interval(count: int, level: float = 0.95) -> tuple[float, float]:
    """Return Garwood's (1936) exact interval of the mean of a Poisson count."""
    from scipy.stats import chi2

    tail = (1 - level) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * count + 2)) / 2


def snapshot(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return all that a live view shows, ready for JSON, of one moment."""
    connection.execute("BEGIN")  # all is read of the same state
    try:
        settings = settings_of(connection)
        trends = {topic: trend(connection, topic) for topic in settings.topics}
        return {
            "tally": _tally(connection),
            "newest": connection.execute("SELECT newest FROM clock").fetchone()[0],
            "width": settings.window,
            "topics": {t: [vars(w) for w in found] for t, found in trends.items()},
            "alarms": alarms(connection),
            "rejects": _newest(connection, "line, reason, begins", "rejects"),
            "late": _newest(connection, "line, id, time, behind", "late"),
        }
    finally:
        connection.execute("COMMIT")


def _tally(connection: sqlite3.Connection) -> dict[str, int]:
    found = dict(connection.execute("SELECT name, n FROM tally").fetchall())
    return {name: found[name] for name in TALLIES}


def alarms(connection: sqlite3.Connection, last: int = SHOWN) -> list[dict[str, Any]]:
    """Return the last alarms, newest first."""
    topics = settings_of(connection).topics
    names = ("topic", "window", "direction", "since", "statistic")
    query = f"SELECT {', '.join(names)} FROM alarms ORDER BY window DESC, topic LIMIT ?"
    found = [
        dict(zip(names, row, strict=True)) for row in connection.execute(query, [last])
    ]
    return [{**each, "topic": topics[each["topic"]]} for each in found]


def _newest(
    connection: sqlite3.Connection, columns: str, table: str
) -> list[dict[str, Any]]:
    """Return the newest rows of a table; both names are ours, never a user's."""
    query = f"SELECT {columns} FROM {table} ORDER BY line DESC LIMIT ?"
    names = columns.split(", ")
    rows = connection.execute(query, [SHOWN])
    return [dict(zip(names, row, strict=True)) for row in rows]
