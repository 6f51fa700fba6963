"""Where Optuna keeps a study: a journal on a disk that is shared, or a database.

A journal is a file to which each process only appends; a folder of the network serves
too. A database is named by its URL. What cannot be opened is said in one sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chapter2.errors import DataError, UsageError

if TYPE_CHECKING:
    from optuna.storages import BaseStorage, JournalStorage

# a database whose texts end at 64 KB, as those of MySQL do, cannot hold an outcome
DATABASES = ("sqlite", "postgresql")
WAIT = 30  # seconds that an SQLite file may be held by another process


def open_storage(place: Path | str) -> BaseStorage:
    """Return the storage at ``place``: a database's URL, or the file of a journal.

    Raises:
        UsageError: another kind of database, or one whose driver is not installed.
        DataError: nothing can be opened there.
    """
    if "://" not in str(place):
        return open_journal(Path(place))
    scheme = str(place).partition("://")[0]
    if scheme.partition("+")[0] not in DATABASES:
        raise UsageError(
            f"{shown(place)} begins with {scheme!r}; give a file, or the URL of a "
            f"database that begins with one of {', '.join(DATABASES)}."
        )
    from optuna.storages import RDBStorage, get_storage

    connect = {"timeout": WAIT} if scheme.startswith("sqlite") else {}
    try:
        return get_storage(RDBStorage(str(place), {"connect_args": connect}))
    except ImportError as error:
        wanted = getattr(error.__cause__, "name", None) or "its package"
        raise UsageError(
            f"The driver of the database {shown(place)} is not installed; install "
            f"{wanted}, or give a file on a shared folder."
        ) from error
    except failures() as error:
        raise DataError(
            f"{shown(place)} cannot be opened: {reason(error, place)}"
        ) from error


def open_journal(path: Path) -> JournalStorage:
    """Open the journal; a line that a kill has cut short is taken away first.

    Raises:
        DataError: the file is none, or cannot be read or made.
    """
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    try:
        if path.exists():
            _mend(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(path)))
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise DataError(
            f"{path} is not a journal of Optuna; give a file that does not exist."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {reason(error, path)}") from error


def _mend(path: Path) -> None:
    """Cut a journal after its last whole line, while no other process writes to it.

    Raises:
        ValueError, KeyError, TypeError: its first line is none of a journal's.
    """
    from optuna.storages.journal import JournalFileSymlinkLock

    lock = JournalFileSymlinkLock(str(path))
    lock.acquire()
    try:
        content = path.read_bytes()
        if content:
            json.loads(content.partition(b"\n")[0])["op_code"]
        if not content.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(content.rfind(b"\n") + 1)
    finally:
        lock.release()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from telling of each trial: the study holds it."""
    from optuna import logging

    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(level)


def failures() -> tuple[type[Exception], ...]:
    """Return what a storage raises where it cannot be read or written."""
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    # half a line in a journal: ValueError; tables of another version: RuntimeError;
    # a study that somebody has deleted: KeyError
    ours = OSError, ValueError, RuntimeError, KeyError
    return *ours, OptunaError, SQLAlchemyError


def reason(error: Exception, place: Path | str) -> str:
    """Return the first line of what went wrong, as the end of a sentence."""
    told = str(getattr(error, "strerror", None) or error or type(error).__name__)
    line = told.splitlines()[0].replace(str(place), shown(place))
    return line.rstrip(".") + "."


def shown(place: Path | str) -> str:
    """Return the place without the password that its URL may hold."""
    return re.sub(r"://([^:/@]*):[^@]*@", r"://\1:***@", str(place))
