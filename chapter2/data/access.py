"""The door to the catalogue: list, fetch, verify and load its entries by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chapter2.data.cards.card import Card, Dataset
from chapter2.data.catalogue import BY_NAME, card
from chapter2.data.records import TextDataset
from chapter2.data.sources import store
from chapter2.errors import DataError, FetchError, UsageError


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
    return tuple(BY_NAME)


def status(name: str) -> Status:
    """Return what the cache holds of an entry; nothing is fetched.

    Raises:
        UsageError: no such entry.
    """
    source = card(name).source
    problems = tuple(source.problems())
    size = store.size(source.folder)
    return Status(name, not problems, problems, source.folder, size)


def fetch(name: str) -> Status:
    """Fetch an entry unless the cache holds it whole; mend it where it is damaged.

    Raises:
        UsageError: no such entry.
        FetchError: it cannot be had, or the cache cannot be written.
    """
    folder(name)
    return status(name)


def verify(name: str) -> Status:
    """Check each cached file of an entry against its SHA-256; nothing is fetched.

    Raises:
        UsageError: no such entry.
        FetchError: the entry is not in the cache, or not as it was fetched.
    """
    found = status(name)
    if not found.fetched:
        raise FetchError(
            f"{name} is not whole in the cache ({'; '.join(found.problems)}): run "
            f"`chapter2 data fetch {name}`."
        )
    return found


def folder(name: str) -> Path:
    """Return the folder of an entry's files, fetched on first use.

    For weights it is a folder that ``from_pretrained`` reads.

    Raises:
        UsageError: no such entry.
        FetchError: it cannot be had, or the cache cannot be written.
    """
    return card(name).source.fetch()


def load(name: str, limit: int | None = None, label: str | None = None) -> Dataset:
    """Return a data set, fetched on first use and asserted to be as its card states.

    ``limit``: at most so many records, drawn at random with the balance of the whole
    (documents of a corpus: just at random).
    ``label``: one of the label sets of the card's ``balances``; None takes the first.

    Raises:
        UsageError: no such entry or label set, or the entry holds weights.
        FetchError: it cannot be had, or the cache cannot be written.
        DataError: it is not what its card states.
    """
    entry = card(name)
    if entry.parse is None:
        raise UsageError(
            f"{name} holds weights, no records: use data.folder({name!r})."
        )
    label = _label_set(entry, label)
    dataset = entry.parse(folder(name), entry, label)
    assert_as_stated(entry, label, dataset)
    return dataset.take(limit)


def _label_set(entry: Card, label: str | None) -> str:
    if label is not None and label not in entry.balances:
        raise UsageError(
            f"{entry.name} has no label {label!r}; it has {', '.join(entry.balances)}."
        )
    return label or next(iter(entry.balances))


def assert_as_stated(entry: Card, label: str, dataset: Dataset) -> None:
    """Hold parsed data to its card: label set, balance, number of records.

    Raises:
        DataError: one of them differs.
    """
    stated, found = dict(entry.balances[label]), dataset.counts()
    if list(found.items()) != list(stated.items()):  # the order is the labels' index
        raise DataError(
            f"{entry.name} should hold {stated} by {label} but holds {found}: do not "
            "train on it, report it."
        )
    classified = isinstance(dataset, TextDataset)
    expected = sum(stated.values()) if classified else entry.records
    if len(dataset) != expected:
        raise DataError(
            f"{entry.name} should hold {expected} records but holds {len(dataset)}: do "
            "not train on it, report it."
        )
