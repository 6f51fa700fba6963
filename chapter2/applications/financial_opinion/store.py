"""The store of a monitor: one SQLite file that a killed process leaves whole.

A batch is one transaction: its messages, the windows and sums that they changed, and
the position in the source behind them. A process that is killed leaves all of it or
nothing, and the next one goes on at the position that stands beside what was counted.

In WAL mode a reader (the live view) and the writer do not wait for each other. With
``synchronous=NORMAL`` a loss of power may take the last transactions back, but whole,
position included: the lines are read again, and nothing is lost or counted twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from chapter2.applications.financial_opinion.settings import Settings
from chapter2.applications.financial_opinion.source import Place
from chapter2.errors import DataError, UsageError

UNIT = 10_000  # an opinion is kept as a whole number of 1/UNIT: sums are exact
BUSY = 10.0  # seconds to wait for another writer
MARK = 0x4332464F  # "C2FO", SQLite's application_id: tells a store from other files
TALLIES = ("read", "counted", "late", "repeated", "rejected")
SCHEMA = """
CREATE TABLE settings (value TEXT NOT NULL);
CREATE TABLE clock (newest REAL NOT NULL, closed INTEGER NOT NULL);
CREATE TABLE source (name TEXT PRIMARY KEY, position INTEGER NOT NULL,
  line INTEGER NOT NULL, head TEXT NOT NULL);
CREATE TABLE tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE messages (id TEXT PRIMARY KEY, time REAL NOT NULL, topic INTEGER NOT NULL,
  opinion INTEGER NOT NULL, score INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX messages_time ON messages (time);
CREATE TABLE windows (topic INTEGER NOT NULL, start INTEGER NOT NULL,
  texts INTEGER NOT NULL, negative INTEGER NOT NULL, neutral INTEGER NOT NULL,
  positive INTEGER NOT NULL, total INTEGER NOT NULL, squares INTEGER NOT NULL,
  PRIMARY KEY (start, topic)) WITHOUT ROWID;
CREATE TABLE cusum (topic INTEGER PRIMARY KEY, upper REAL NOT NULL,
  lower REAL NOT NULL, rose INTEGER, fell INTEGER);
CREATE TABLE alarms (topic INTEGER NOT NULL, window INTEGER NOT NULL,
  direction INTEGER NOT NULL, since INTEGER NOT NULL, statistic REAL NOT NULL,
  PRIMARY KEY (window, topic)) WITHOUT ROWID;
CREATE TABLE late (source TEXT NOT NULL, line INTEGER NOT NULL, id TEXT NOT NULL,
  time REAL NOT NULL, behind REAL NOT NULL, PRIMARY KEY (source, line)) WITHOUT ROWID;
CREATE TABLE rejects (source TEXT NOT NULL, line INTEGER NOT NULL,
  reason TEXT NOT NULL, begins TEXT NOT NULL, PRIMARY KEY (source, line)) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open a store that is there.

    Raises:
        DataError: it is not there, or no store.
    """
    try:
        address = f"{path.resolve().as_uri()}?mode=rw"
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY, isolation_level=None
        )
        try:
            (mark,) = connection.execute("PRAGMA application_id").fetchone()
            if mark != MARK:
                raise sqlite3.DatabaseError("another program's database")
            connection.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise DataError(
            f"{path} is no store of a monitor ({error}): name the file that one made."
        ) from error
    return connection


def make(path: Path, settings: Settings) -> None:
    """Make a new store, or check that the one there has these settings.

    Raises:
        UsageError: the store that is there has others.
        DataError: the file is no store, or cannot be made.
    """
    if not path.exists():
        _create(path, settings)
    with closing(connect(path)) as connection:
        if settings_of(connection) != settings:
            raise UsageError(
                f"{path} was made with other settings; take these, or another file."
            )


def _create(path: Path, settings: Settings) -> None:
    aside = path.with_name(f".{path.name}.new")  # a kill must leave no half of a store
    try:
        aside.unlink(missing_ok=True)
        with closing(sqlite3.connect(aside, isolation_level=None)) as new:
            new.execute("PRAGMA journal_mode=WAL")  # kept in the file
            new.execute(f"PRAGMA application_id={MARK}")
            new.executescript(SCHEMA)
            new.execute("INSERT INTO settings VALUES (?)", [settings.dumps()])
            new.execute("INSERT INTO clock VALUES (0, 0)")
            new.executemany("INSERT INTO tally VALUES (?, 0)", [(n,) for n in TALLIES])
        aside.replace(path)
    except (sqlite3.Error, OSError) as error:
        raise DataError(
            f"{path} cannot be made ({error}): name a file in a folder that can be "
            "written."
        ) from error


def settings_of(connection: sqlite3.Connection) -> Settings:
    """Return the settings with which the store was made."""
    return Settings.loads(
        connection.execute("SELECT value FROM settings").fetchone()[0]
    )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all that stands within, or nothing.

    Raises:
        DataError: the store cannot be written: the disk is full, or another process
            holds the store for longer than BUSY.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:  # on some errors SQLite rolls back by itself
            with suppress(sqlite3.Error):  # closing does so too
                connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise DataError(
                f"The store cannot be written ({error}); make room or end what holds "
                "it, and run again: all whole batches are counted."
            ) from error
        raise


def place_of(connection: sqlite3.Connection, name: str) -> Place:
    """Return how far the source ``name`` was counted."""
    query = "SELECT position, line, head FROM source WHERE name = ?"
    row = connection.execute(query, [name]).fetchone()
    return Place(*row) if row else Place()


def move_on(connection: sqlite3.Connection, name: str, old: Place, new: Place) -> None:
    """Note that the source was counted up to ``new``; within a transaction.

    Raises:
        UsageError: it no longer stands at ``old``, because another process counts it.
    """
    if place_of(connection, name) != old:
        raise UsageError(
            f"Another process counts {name} into the same store: end one of the two."
        )
    connection.execute(
        "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?)",
        [name, new.position, new.line, new.head],
    )
