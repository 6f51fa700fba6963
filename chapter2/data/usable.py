"""Which records of a table can be used, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chapter2.data.columns import Columns
from chapter2.data.defects import Defects
from chapter2.data.tables import Table
from chapter2.data.values import RawLabel, clean_text, kind_of, missing, raw_label

UNLABELLED = "unlabelled"  # the one label name of texts read without labels


@dataclass(frozen=True)
class Usable:
    """A record with a text and a label."""

    position: int
    text: str
    label: RawLabel
    group: str


def usable(table: Table, columns: Columns, defects: Defects) -> Iterator[Usable]:
    """Yield the records that have a text and a label; count the others."""
    wanted = [i for i in (columns.text, columns.label, columns.group) if i is not None]
    for position, values in table.rows(wanted, defects):
        found = dict(zip(wanted, values, strict=True))
        text = _text(found[columns.text], position, columns, defects)
        if text is None:
            continue
        label = RawLabel(UNLABELLED, "string")
        if columns.label is not None:
            given = _label(found[columns.label], position, columns, defects)
            if given is None:
                continue
            label = given
        group = "" if columns.group is None else found[columns.group]
        if columns.group is not None and missing(group):
            what = "the group is missing; such records stand alone"
            defects.note(what, position, columns.group_name)
            group = ""
        yield Usable(position, text, label, str(group))


def _text(value: Any, position: int, columns: Columns, defects: Defects) -> str | None:
    """Return the text in a cell, None (and counted) where it holds none."""
    name = columns.text_name
    if missing(value):
        what = "the text is empty; such records were skipped"
        defects.note(what, position, name)
        return None
    if not isinstance(value, str):
        defects.skip(
            "the text is not a string; such records were skipped",
            position,
            f"the text is of the type {kind_of(value)}, not a string; name the column "
            "that holds the texts",
            name,
        )
        return None
    text, replaced = clean_text(value)
    if replaced:
        defects.note(replaced, position, name)
    return text


def _label(
    value: Any, position: int, columns: Columns, defects: Defects
) -> RawLabel | None:
    """Return the label in a cell, None (and counted) where it holds none."""
    name = columns.label_name
    if missing(value):
        what = "the label is missing; such records were skipped"
        defects.note(what, position, name)
        return None
    label = raw_label(value)
    if label is None:
        defects.skip(
            "the label is not a single value; such records were skipped",
            position,
            f"the label is of the type {kind_of(value)}; give each record one label, "
            "a string or a number",
            name,
        )
    return label
