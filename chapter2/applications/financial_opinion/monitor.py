"""The monitor: lines of a source in, counted opinions and alarms in the store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

import numpy as np

from chapter2.applications.financial_opinion import messages, store
from chapter2.applications.financial_opinion.ledger import Ledger, Scored
from chapter2.applications.financial_opinion.messages import Line, Message, Reject
from chapter2.applications.financial_opinion.settings import Settings
from chapter2.applications.financial_opinion.source import (
    LOOK,
    Pace,
    Place,
    head_of,
    lines,
)
from chapter2.errors import UsageError

BATCH = 64  # lines in a transaction
LINGER = 0.2  # seconds: before a longer wait, what has come is counted


class Scorer(Protocol):
    """What gives each text a topic and an opinion."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics' names, (T,)."""

    def score(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return topics (N,) and P(negative, neutral, positive), (N, 3)."""


class Monitor:
    """Counts the messages of a source into a store, each once."""

    def __init__(
        self, path: Path, scorer: Scorer, settings: Settings | None = None
    ) -> None:
        """Open the store ``path``; ``settings`` None: those that it was made with.

        Raises:
            UsageError: the store has other settings or topics.
            DataError: there is no store, or it cannot be made.
        """
        if settings is not None:
            store.make(path, settings)
        with closing(store.connect(path)) as connection:
            self.settings = store.settings_of(connection)
        if self.settings.topics != tuple(scorer.topics):
            raise UsageError(
                f"{path} counts the topics {', '.join(self.settings.topics)}, and the "
                f"model has {', '.join(scorer.topics)}; take another file or model."
            )
        self.path, self.scorer = path, scorer

    def run(
        self,
        source: Path,
        speed: float | None = None,
        follow: bool = False,
        batch: int = BATCH,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Count what ``source`` holds behind the place where the last run ended.

        Args:
            source: a file of messages, one line of JSON each.
            speed: replay at so many times the speed of the messages' own times; None:
                as fast as can be.
            follow: wait for further lines, and end only when ``stopped``; else the file
                is taken as whole, and all windows are closed at its end.
            batch: lines in a transaction, at most.
            stopped: asked before each line, and twice a second while it waits.

        Raises:
            DataError: the source cannot be read, or is not the one that was begun.
            UsageError: another process counts it too, or a speed of 0 or less.
        """
        pace = Pace(speed) if speed is not None else None
        with closing(store.connect(self.path)) as connection:
            turn = _Turn(self, connection, source, batch, pace)
            while turn.read(whole=not follow, stopped=stopped) and follow:
                time.sleep(LOOK)
            if not follow and not stopped():
                turn.finish()


class _Turn:
    """One run over a source, with its connection."""

    def __init__(
        self,
        monitor: Monitor,
        connection: sqlite3.Connection,
        source: Path,
        batch: int,
        pace: Pace | None,
    ) -> None:
        self.monitor, self.db, self.source = monitor, connection, source
        self.batch, self.pace = batch, pace
        self.place: Place = store.place_of(connection, source.name)

    def read(self, whole: bool, stopped: Callable[[], bool]) -> bool:
        """Count the lines that are there; return False if stopped before their end."""
        waiting: list[Line] = []
        for line in lines(self.source, self.place, whole):
            if stopped():
                return False
            if not self._waited_for(line, waiting, stopped):
                return False
            waiting.append(line)
            if len(waiting) >= self.batch:
                self._count(waiting)
        self._count(waiting)
        return not stopped()

    def _waited_for(
        self, line: Line, waiting: list[Line], stopped: Callable[[], bool]
    ) -> bool:
        """Wait until a line is due, what came before it being counted.

        False: it was not due when ``stopped``.
        """
        if self.pace is None:
            return True
        message = messages.read(line)
        if not isinstance(message, Message):
            return True
        if self.pace.delay(message.time) > LINGER:
            self._count(waiting)
        return self.pace.until(message.time, stopped)

    def _count(self, waiting: list[Line]) -> None:
        """Count the lines in one transaction with the place behind them; empty them."""
        if not waiting:
            return
        read = [messages.read(line) for line in waiting]
        scored = iter(self._scored(waiting, read))  # before the store is locked
        last = waiting[-1]
        new = Place(last.end, last.number, head_of(self.source, last.end))
        with store.transaction(self.db):
            store.move_on(self.db, self.source.name, self.place, new)
            ledger = Ledger(self.db, self.monitor.settings, self.source.name)
            for each in read:
                if isinstance(each, Reject):
                    ledger.refuse(each)
                else:
                    ledger.take(next(scored))
            ledger.write_down()
        self.place = new
        waiting.clear()

    def _scored(
        self, waiting: list[Line], read: list[Message | Reject]
    ) -> list[Scored]:
        pairs = zip(waiting, read, strict=True)
        kept = [(line, each) for line, each in pairs if isinstance(each, Message)]
        if not kept:
            return []
        texts = [message.text for _, message in kept]
        topics, chances = self.monitor.scorer.score(texts)
        scores = np.rint((chances[:, 2] - chances[:, 0]) * store.UNIT)
        values = zip(kept, topics, chances.argmax(1), scores, strict=True)
        return [
            Scored(message, line.number, int(topic), int(opinion), int(score))
            for (line, message), topic, opinion, score in values
        ]

    def finish(self) -> None:
        """Close all windows: the source has ended."""
        with store.transaction(self.db):
            ledger = Ledger(self.db, self.monitor.settings, self.source.name)
            width = self.monitor.settings.window
            ledger.close(self.monitor.settings.start(ledger.newest) + width)
            ledger.write_down()
