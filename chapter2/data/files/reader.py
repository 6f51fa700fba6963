"""The reader's own CSV, TSV, JSONL or Parquet file as a data set.

The file is streamed. What stays in memory is a uniform random sample of bounded size
(a reservoir), so a file of any length can be read; where the file is smaller than the
bound, the sample is the whole of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from chapter2.data.files.columns import Columns, choose_columns
from chapter2.data.files.defects import Defects
from chapter2.data.files.delimited import DelimitedTable
from chapter2.data.files.encoding import find_encoding
from chapter2.data.files.jsonlines import JsonTable
from chapter2.data.files.opening import check_file, file_kind
from chapter2.data.files.parquet import ParquetTable, refuse_encoding
from chapter2.data.files.reservoir import Reservoir
from chapter2.data.files.suitability import (
    check_labels,
    check_regression,
    check_sample,
    check_texts,
)
from chapter2.data.files.tables import HEAD, Table
from chapter2.data.files.usable import Clean, Usable, clean, usable
from chapter2.data.files.values import Labels, unify
from chapter2.data.records import TextDataset
from chapter2.errors import DataError, UsageError

MAX_RECORDS = 200_000  # kept in memory, where no larger limit is stated
MAX_CHARACTERS = 400_000_000  # of all texts kept: 0.4 to 1.6 GB


def read_file(
    path: str | Path,
    text: str | None = None,
    label: str | None = None,
    group: str | None = None,
    limit: int | None = None,
    encoding: str | None = None,
    seed: int = 0,
    labelled: bool = True,
    trainable: bool = True,
) -> TextDataset:
    """Read the reader's own file; what was handled on the way is in its ``notices``.

    Args:
        path: ``.csv``, ``.tsv``, ``.jsonl`` (each also with ``.gz``) or ``.parquet``.
        text, label, group: names of columns; text and label are found if not named.
        limit, seed: take a stratified random sample of so many records.
        encoding: of a text file; detected if not named.
        labelled: False reads texts alone, under the one label ``unlabelled``.
        trainable: False also takes one class, or one record of a class: to test on.

    Raises:
        UsageError: an argument has no meaning for this file.
        DataError: the file cannot be used as it is.
    """
    path = Path(path)
    check_arguments(label, limit, labelled)
    table = open_table(path, encoding, [n for n in (text, label, group) if n])
    columns = choose_columns(
        path, table.names, _head(table), text, label, group, labelled
    )
    defects = Defects(path, table.unit)
    sample = _sample(table, columns, defects, limit, seed)
    whole, notices = _dataset(sample, columns, defects, labelled and trainable)
    dataset = whole.take(limit, seed)
    if labelled and trainable:
        check_sample(dataset, path)
    notices = [*table.notices, *columns.notices, *defects.notices(), *notices]
    notices += sampled(path, len(dataset), sample.seen, seed)
    return replace(dataset, notices=tuple(notices))


def sampled(path: Path, taken: int, usable_records: int, seed: int) -> list[str]:
    """Say that not all records were taken, where it is so."""
    if taken == usable_records:
        return []
    return [
        f"{path} holds {usable_records:,} usable records; a random sample of "
        f"{taken:,} of them was taken (seed {seed})."
    ]


def check_arguments(label: str | None, limit: int | None, labelled: bool) -> None:
    """Raise UsageError where the arguments have no meaning together."""
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise UsageError(f"limit is {limit!r}; set it to 1 or more records.")
    if label is not None and not labelled:
        raise UsageError(
            f"The label column {label!r} is named, but the labels are not to be read; "
            "leave it out."
        )


def open_table(path: Path, encoding: str | None, stated: Sequence[str]) -> Table:
    """Return the reader for the kind of ``path``, with its encoding found."""
    check_file(path)
    kind = file_kind(path)
    if kind == "parquet":
        refuse_encoding(path, encoding)
        return ParquetTable(path)
    codec, notices = find_encoding(path, encoding)
    table: DelimitedTable | JsonTable
    if kind == "jsonl":
        table = JsonTable(path, codec)
    else:
        usual = "\t" if kind == "tsv" else ","
        table = DelimitedTable(path, codec, usual, stated)
    table.notices[:0] = notices
    return table


def _head(table: Table) -> list[tuple[Any, ...]]:
    """Return the values of the first records; refuse a file that has none."""
    defects = Defects(table.path, table.unit)
    rows = table.rows(range(len(table.names)), defects)
    head = [row for _, row in islice(rows, HEAD)]
    if not head:
        defects.check(records=1)
        raise DataError(
            f"{table.path} holds a header but no records; add one record per line."
        )
    return head


def _sample(
    table: Table, columns: Columns, defects: Defects, limit: int | None, seed: int
) -> Reservoir[Usable]:
    """Stream the whole file through a reservoir of its usable records."""
    size = max(limit or 0, MAX_RECORDS)
    sample: Reservoir[Usable] = Reservoir(size, MAX_CHARACTERS, seed)
    for one in usable(table, columns, defects):
        sample.add(one, len(one.text))
    defects.check(sample.seen + defects.skipped)
    if not sample.seen:
        lacking = "a text" if columns.label is None else "both a text and a label"
        raise DataError(
            f"{defects.at(defects.first, columns.text_name)}: none of the records has "
            f"{lacking}; name another column."
        )
    return sample


def _dataset(
    sample: Reservoir[Usable], columns: Columns, defects: Defects, learn: bool
) -> tuple[TextDataset, list[str]]:
    """Return the sampled records in the order of the file, and what was unified."""
    # positions differ, so that sorting compares nothing else
    kept = list(clean(sorted(sample.items), columns, defects))
    check_texts([(one.position, one.text) for one in kept], defects, columns.text_name)
    labels = _labels(kept, columns, defects)
    if learn:
        positions = [one.position for one in kept]
        check_labels(labels, positions, defects, columns.label_name)
    dataset = TextDataset(
        name=defects.path.name,
        texts=tuple(one.text for one in kept),
        labels=labels.indices,
        label_names=labels.names,
        groups=None if columns.group is None else tuple(one.group for one in kept),
    )
    column = f"{defects.path}, column {columns.label_name!r}"
    return dataset, [f"{column}: {notice}." for notice in labels.notices]


def _labels(kept: Sequence[Clean], columns: Columns, defects: Defects) -> Labels:
    """Return the labels under one spelling each; refuse measurements."""
    found = [(one.position, one.label) for one in kept]
    check_regression(found, defects, columns.label_name)
    return unify([label for _, label in found])
