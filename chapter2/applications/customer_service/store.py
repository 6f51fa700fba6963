"""Stored answers on the disk, in SQLite: a correction is there whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np

from chapter2.applications.customer_service.index import Entry
from chapter2.data.normalise import normalise
from chapter2.errors import DataError

TABLE = """CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    question TEXT,
    key TEXT, -- the question normalised: equal keys are one question
    answer TEXT NOT NULL,
    vector BLOB -- float32, so that a restart need not read all texts again
)"""
# without it a correction would read the whole table to find its question
BY_KEY = "CREATE INDEX IF NOT EXISTS entries_by_key ON entries (key)"
INSERT = "INSERT INTO entries (question, key, answer, vector) VALUES (?, ?, ?, ?)"


class Store:
    """The file of the stored answers; made where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self, entries: Sequence[Entry], vectors: np.ndarray | None = None) -> None:
        """Make the file, which is not there yet, with ``entries``; leave no part of it.

        Raises:
            DataError: it cannot be written.
        """
        try:
            self.add(entries, vectors)
        except BaseException:
            with suppress(OSError):  # a folder that cannot be written, say
                self.path.unlink(missing_ok=True)
            raise

    def add(self, entries: Sequence[Entry], vectors: np.ndarray | None = None) -> None:
        """Add ``entries`` with their vectors (N, D), all of them or none.

        Raises:
            DataError: the file cannot be written, or is of another kind.
        """
        rows = [_row(entry, vectors, i) for i, entry in enumerate(entries)]
        with self._opened() as connection:
            connection.executemany(INSERT, rows)

    def replace(self, entry: Entry, vectors: np.ndarray | None = None) -> None:
        """Put ``entry`` in the place of those with its question; add it if none has.

        Raises:
            DataError: the file cannot be written, or is of another kind.
        """
        row = _row(entry, vectors, 0)
        with self._opened() as connection:
            connection.execute("DELETE FROM entries WHERE key = ?", (row[1],))
            connection.execute(INSERT, row)

    def read(self) -> tuple[tuple[Entry, ...], np.ndarray | None]:
        """Return the entries in the order in which they came, and vectors (N, D).

        None stands for the vectors where an entry lacks its own.

        Raises:
            DataError: the file cannot be read, or is of another kind.
        """
        with self._opened() as connection:
            query = "SELECT question, answer, vector FROM entries ORDER BY id"
            rows = connection.execute(query).fetchall()
        entries = tuple(Entry(question, answer) for question, answer, _ in rows)
        blobs = [blob for *_, blob in rows if blob is not None]
        if not rows or len(blobs) < len(rows):
            return entries, None
        return entries, np.stack([np.frombuffer(b, dtype=np.float32) for b in blobs])

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection; what is done with it is kept whole, or not at all."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path)) as connection, connection:
                connection.execute(TABLE)
                connection.execute(BY_KEY)
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise DataError(
                f"{self.path} cannot be used as a store of answers ({error}); give "
                "a file that does not exist, or make room and try again."
            ) from error


def _row(
    entry: Entry, vectors: np.ndarray | None, i: int
) -> tuple[str | None, str | None, str, bytes | None]:
    key = None if entry.question is None else normalise(entry.question)
    blob = None if vectors is None else vectors[i].astype(np.float32).tobytes()
    return entry.question, key, entry.answer, blob
