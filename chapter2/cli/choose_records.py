"""What ``chapter2 choose`` reads: DATA, whose kind is told, and the test file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.cli import sources
from chapter2.cli.console import Console

if TYPE_CHECKING:
    from chapter2.data import TextDataset


def records(given: dict[str, Any], console: Console) -> TextDataset:
    """Return the records of DATA, and say which kind of task they are.

    The kind of a file is told from its columns before it is read: for want of one label
    for each text the reader would only say that a column is not clear.

    Raises:
        UsageError, DataError: DATA cannot be read, or its kind has no candidates.
    """
    from chapter2.selection.kinds import check_candidates
    from chapter2.selection.reading import material, opened

    source, kind, decision = given["data"], given["kind"], None
    if Path(source).is_file():
        columns = (given["text"], given["label"], given["group"])
        _, decision = opened(Path(source), *columns, kind, given["encoding"])
        check_candidates(decision, source)
    names = ("text", "label", "group", "limit", "encoding", "seed")
    found = sources.read(source, **{name: given[name] for name in names})
    console.notice(*found.notices)
    if decision is None:  # an entry of the catalogue
        decision = material(found, kind=kind).decision
    overrule = "" if kind else " Where it is another, state it with --kind."
    console.notice(f"The kind of task is {decision}{overrule}")
    return found


def test_records(given: dict[str, Any], console: Console) -> TextDataset | None:
    """Return the records that only report; None: none were given.

    Raises:
        UsageError, DataError: they cannot be read.
    """
    if (source := given["test"]) is None:
        return None
    stated = {name: given[name] for name in ("text", "label", "encoding")}
    if given["group"] and Path(source).is_file():
        stated["group"] = _group(Path(source), given, console)
    found = sources.read(source, **stated, trainable=False)
    console.notice(*found.notices)
    return found


def _group(path: Path, given: dict[str, Any], console: Console) -> str | None:
    """Return the column of groups, where the test file has it too."""
    from chapter2.data.files.reader import open_table

    name = given["group"]
    names = open_table(path, given["encoding"], []).names
    if name.strip().casefold() in {each.strip().casefold() for each in names}:
        return str(name)
    console.notice(
        f"{path} has no column {name!r}: whether its groups were trained on cannot be"
        " told."
    )
    return None
