"""Which records of a table can be used, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from chapter2.data.files.columns import Columns
from chapter2.data.files.defects import Defects
from chapter2.data.files.tables import Table
from chapter2.data.files.values import RawLabel, clean_text, kind_of, missing, raw_label

UNLABELLED = "unlabelled"  # the one label name of texts read without labels


class Usable(NamedTuple):
    """A record with a text and a label, as they stand in the file."""

    position: int
    text: str
    label: Any
    group: Any


class Clean(NamedTuple):
    """A record made plain."""

    position: int
    text: str
    label: RawLabel
    group: str


def usable(table: Table, columns: Columns, defects: Defects) -> Iterator[Usable]:
    """Yield the records that have a text and a label; count the others.

    Every record of the file passes here, so only what decides is looked at; what is
    to be mended waits for :func:`clean`, which sees those that were sampled.
    """
    places = (columns.text, columns.label, columns.group)
    wanted = [i for i in places if i is not None]
    absent: list[Any] = [UNLABELLED] if columns.label is None else []
    for position, values in table.rows(wanted, defects):
        text, label, *group = (*values[:1], *absent, *values[1:])
        if type(text) is str and not missing(text):
            if not missing(label) and not isinstance(label, list | dict | bytes):
                yield Usable(position, text, label, group[0] if group else "")
            else:
                _refuse_label(label, position, columns, defects)
        else:
            _refuse_text(text, position, columns, defects)


def _refuse_text(value: Any, position: int, columns: Columns, defects: Defects) -> None:
    """Count a record without a text."""
    name = columns.text_name
    if missing(value):
        what = "the text is empty; such records were skipped"
        defects.note(what, position, name)
        return
    defects.skip(
        "the text is not a string; such records were skipped",
        position,
        f"the text is of the type {kind_of(value)}, not a string; name the column "
        "that holds the texts",
        name,
    )


def _refuse_label(
    value: Any, position: int, columns: Columns, defects: Defects
) -> None:
    """Count a record without a label."""
    name = columns.label_name
    if missing(value):
        what = "the label is missing; such records were skipped"
        defects.note(what, position, name)
        return
    defects.skip(
        "the label is not a single value; such records were skipped",
        position,
        f"the label is of the type {kind_of(value)}; give each record one label, "
        "a string or a number",
        name,
    )


def clean(
    found: Iterable[Usable], columns: Columns, defects: Defects
) -> Iterator[Clean]:
    """Yield the records made plain; count what had to be changed."""
    for position, raw, label, group in found:
        text, replaced = clean_text(raw)
        if replaced:
            defects.note(replaced, position, columns.text_name)
        if columns.group is not None and missing(group):
            what = "the group is missing; such records stand alone"
            defects.note(what, position, columns.group_name)
            group = ""
        yield Clean(position, text, raw_label(label), str(group))
