"""What a message changes in the store: counted, late or repeated; windows that close.

Windows are those of the messages' own times. The newest time seen, less the allowance,
is how far the stream is taken to be complete; a window whose end lies behind that is
closed, and its observation goes to the CUSUM of its topic. A message of a closed window
is late: it is noted, not counted, since the alarm has been decided without it.

All of it depends on the order of the lines alone, not on how they were batched.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass

from chapter2.applications.financial_opinion import detector
from chapter2.applications.financial_opinion.messages import Message, Reject
from chapter2.applications.financial_opinion.settings import Settings
from chapter2.applications.financial_opinion.store import UNIT

NAMES = ("negative", "neutral", "positive")  # opinions, in the order of their index
COUNT = """
INSERT INTO windows VALUES (:topic, :start, 1, :negative, :neutral, :positive, :score,
  :score * :score)
ON CONFLICT DO UPDATE SET texts = texts + 1, negative = negative + :negative,
  neutral = neutral + :neutral, positive = positive + :positive,
  total = total + :score, squares = squares + :score * :score
"""


@dataclass(frozen=True)
class Scored:
    """A message with what the models say of it."""

    message: Message
    line: int
    topic: int
    opinion: int  # 0 negative, 1 neutral, 2 positive
    score: int  # P(positive) - P(negative), in 1/UNIT


class Ledger:
    """Writes to a store, within the transaction of whoever calls."""

    def __init__(
        self, connection: sqlite3.Connection, settings: Settings, source: str
    ) -> None:
        self.db, self.settings, self.source = connection, settings, source
        self.tally: Counter[str] = Counter()
        clock = connection.execute("SELECT newest, closed FROM clock").fetchone()
        self.newest, self.closed = float(clock[0]), int(clock[1])

    def refuse(self, reject: Reject) -> None:
        """Note a line that is no message."""
        self.tally.update(("read", "rejected"))
        row = [self.source, reject.line, reject.reason, reject.begins]
        self.db.execute("INSERT INTO rejects VALUES (?, ?, ?, ?)", row)

    def take(self, scored: Scored) -> None:
        """Count a message, once and in its window, or note why not."""
        self.tally["read"] += 1
        message = scored.message
        row = [message.id, message.time, scored.topic, scored.opinion, scored.score]
        insert = "INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?)"
        if not self.db.execute(insert, row).rowcount:
            self.tally["repeated"] += 1
            return
        start = self.settings.start(message.time)
        if start < self.closed:
            self._note_late(scored)
            return
        self.tally["counted"] += 1
        flags = {n: int(scored.opinion == i) for i, n in enumerate(NAMES)}
        values = {"topic": scored.topic, "start": start, "score": scored.score}
        self.db.execute(COUNT, values | flags)
        if message.time > self.newest:
            self.newest = message.time
            self.close(self.settings.start(self.newest - self.settings.allowance))

    def _note_late(self, scored: Scored) -> None:
        self.tally["late"] += 1
        message = scored.message
        behind = self.newest - message.time
        row = [self.source, scored.line, message.id, message.time, behind]
        self.db.execute("INSERT INTO late VALUES (?, ?, ?, ?, ?)", row)

    def close(self, until: int) -> None:
        """Close the windows that begin before ``until``, oldest first."""
        if until <= self.closed:
            return
        query = """SELECT topic, start, texts, total FROM windows
          WHERE start >= ? AND start < ? ORDER BY start, topic"""
        for topic, *window in self.db.execute(query, [self.closed, until]).fetchall():
            self._observe(topic, *window)
        self.closed = until
        forgotten = self.newest - self.settings.remember
        self.db.execute("DELETE FROM messages WHERE time < ?", [forgotten])

    def _observe(self, topic: int, start: int, texts: int, total: int) -> None:
        """Give a closed window to the CUSUM of its topic."""
        reference = self.settings.references.get(self.settings.topics[topic])
        if reference is None:
            return
        query = "SELECT upper, lower, rose, fell FROM cusum WHERE topic = ?"
        row = self.db.execute(query, [topic]).fetchone()
        before = detector.State(*row) if row else detector.State()
        z = detector.observation(total / texts / UNIT, texts, reference)
        k, h = self.settings.k, reference.threshold
        after, alarm = detector.step(before, z, k, h, start)
        self.db.execute(
            "INSERT OR REPLACE INTO cusum VALUES (?, ?, ?, ?, ?)",
            [topic, after.upper, after.lower, after.rose, after.fell],
        )
        if alarm:
            found = [topic, start, alarm.direction, alarm.since, alarm.statistic]
            self.db.execute("INSERT INTO alarms VALUES (?, ?, ?, ?, ?)", found)

    def write_down(self) -> None:
        """Write what the ledger kept in mind: tallies, and how far windows closed."""
        add = "UPDATE tally SET n = n + ? WHERE name = ?"
        self.db.executemany(add, [(n, name) for name, n in self.tally.items()])
        self.db.execute(
            "UPDATE clock SET newest=?, closed=?", [self.newest, self.closed]
        )
