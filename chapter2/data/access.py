"""The door to the catalogue: list, fetch, verify and load its entries by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chapter2.data import catalogue, store
from chapter2.data.catalogue import Card, Dataset, card
from chapter2.errors import FetchError, UsageError

__all__ = ["Status", "card", "fetch", "folder", "load", "names", "status", "verify"]


@dataclass(frozen=True)
class Status:
    """What the cache holds of an entry."""

    name: str
    fetched: bool  # all of it is there, and its SHA-256s are right
    problems: tuple[str, ...]  # why not, one clause each
    folder: Path
    bytes: int  # on disk; entries of one package share them


def names() -> tuple[str, ...]:
    """Return the names of the catalogue's entries."""
    return tuple(catalogue.BY_NAME)


def status(name: str) -> Status:
    """Return what the cache holds of an entry; nothing is fetched."""
    source = card(name).source
    problems = tuple(source.problems())
    size = store.size(source.folder)
    return Status(name, not problems, problems, source.folder, size)


def fetch(name: str) -> Status:
    """Fetch an entry unless the cache holds it whole; mend it where it is damaged.

    Raises:
        FetchError: it cannot be had, or the cache cannot be written.
    """
    card(name).source.fetch()
    return status(name)


def verify(name: str) -> Status:
    """Check each cached file of an entry against its SHA-256; nothing is fetched.

    Raises:
        FetchError: the entry is not in the cache, or not as it was fetched.
    """
    found = status(name)
    if not found.fetched:
        raise FetchError(
            f"{name} is not whole in the cache ({'; '.join(found.problems)}): run "
            f"`chapter2 data fetch {name}`."
        )
    return found


def load(name: str, limit: int | None = None) -> Dataset:
    """Return a data set, fetched on first use and asserted to be as its card states.

    ``limit``: at most so many records, drawn at random with the balance of the whole.

    Raises:
        UsageError: no such entry, or the entry is a folder of weights.
        FetchError: it cannot be had.
        DataError: it is not what its card states.
    """
    entry: Card = card(name)
    if entry.parse is None:
        raise UsageError(
            f"{name} holds weights, no records: use data.folder({name!r})."
        )
    dataset = entry.parse(entry.source.fetch(), entry)
    catalogue.assert_as_stated(entry, dataset)
    return dataset.take(limit)


def folder(name: str) -> Path:
    """Return the folder of an entry's files (for weights: a Hugging Face folder).

    Raises:
        UsageError: no such entry.
        FetchError: it cannot be had.
    """
    return card(name).source.fetch()
