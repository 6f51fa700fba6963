"""Texts one at a time, from a file or a pipe, in constant memory.

:mod:`chapter2.data.files.reader` reads a labelled file whole; this is for texts that
only pass through: a record is handed on as soon as its last line has arrived.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from chapter2.data.files.opening import KINDS, file_errors, open_binary
from chapter2.errors import DataError, UsageError

LINE_LIMIT = 1_000_000  # characters; longer is a file without lines, not a text
UNDECODED = re.compile("[\udc80-\udcff]")  # what errors="surrogateescape" leaves
DELIMITERS = (",", "\t", ";", "|")


def stream_texts(
    source: BinaryIO,
    name: str,
    column: str | None = None,
    encoding: str | None = None,
) -> Iterator[str]:
    """Yield the texts of ``source``, a binary stream called ``name`` in messages.

    Without ``column`` each line is a text (an empty line is an empty text). With it
    the source is JSON lines where its first character is ``{``, else a table whose
    header has that column; the delimiter is the one under which it has.

    Raises:
        DataError: a line cannot be decoded or parsed, or the column is not there.
        UsageError: ``encoding`` is not one that Python knows.
    """
    lines = _lines(source, name, _codec(encoding))
    if column is None:
        yield from (line.rstrip("\r\n") for line in lines)
        return
    first = next(lines, None)
    if first is None:
        raise DataError(
            f"{name} is empty; give it a header with the column {column!r}."
        )
    if first.lstrip().startswith("{"):
        yield from _json_texts(_chain(first, lines), name, column)
    else:
        yield from _table_texts(first, lines, name, column)


def stream_file(
    path: Path, column: str | None = None, encoding: str | None = None
) -> Iterator[str]:
    """Return the texts of a file; its kind and packing are told by its name.

    Raises:
        UsageError: the file is a table and no column is named.
        DataError: there is no such file, or see :func:`stream_texts`.
    """
    if not path.exists() or path.is_dir():
        raise DataError(f"There is no file {path}; check the path.")
    kind = next((KINDS[end] for end in path.suffixes if end in KINDS), None)
    if kind and column is None:
        raise UsageError(f"{path} is a table; name the column of its texts by --text.")
    if kind == "parquet" and column is not None:
        return stream_parquet(path, column)
    return _opened_texts(path, column, encoding)


def _opened_texts(
    path: Path, column: str | None, encoding: str | None
) -> Iterator[str]:
    with file_errors(path), open_binary(path) as raw:
        yield from stream_texts(raw, str(path), column, encoding)


def stream_parquet(path: Path, column: str) -> Iterator[str]:
    """Yield the texts of one column of a Parquet file, 1,024 records in memory.

    Raises:
        DataError: the file is not Parquet, or has no such column of strings.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise DataError(f"{path} is not a Parquet file.") from error
    with file:
        _require(column, file.schema_arrow.names, str(path))
        row = 0
        for batch in file.iter_batches(batch_size=1024, columns=[column]):
            for value in batch.column(0).to_pylist():
                row += 1
                yield _as_text(value, f"{path}, record {row}", column)


def _codec(encoding: str | None) -> str:
    try:
        return codecs.lookup(encoding or "utf-8").name
    except LookupError:
        raise UsageError(
            f"There is no encoding {encoding!r}; use utf-8, gb18030 or latin-1, say."
        ) from None


def _lines(source: BinaryIO, name: str, encoding: str) -> Iterator[str]:
    """Yield decoded lines with their ends; the place of a bad byte is known."""
    codec = "utf-8-sig" if encoding == "utf-8" else encoding  # drops a byte order mark
    # newline="\n": a lone carriage return inside a text does not end its line
    text = io.TextIOWrapper(source, codec, errors="surrogateescape", newline="\n")
    number = 0
    while line := _next_line(text, f"{name}, line {number + 1}", encoding):
        number += 1
        if len(line) >= LINE_LIMIT:
            raise DataError(
                f"{name}, line {number}: longer than {LINE_LIMIT:,} characters;"
                " put one text on each line."
            )
        if bad := UNDECODED.search(line):
            raise DataError(
                f"{name}, line {number}, column {bad.start() + 1}: not {encoding};"
                " name the file's encoding with --encoding."
            )
        yield line


def _next_line(text: io.TextIOWrapper, place: str, encoding: str) -> str:
    try:
        return text.readline(LINE_LIMIT)
    except UnicodeError:  # UTF-16 and its like cannot escape a bad byte
        raise DataError(
            f"{place}: not {encoding}; name the file's encoding with --encoding."
        ) from None


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _json_texts(lines: Iterator[str], name: str, column: str) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{name}, line {number}"
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                f"{place}, column {error.colno}: not JSON ({error.msg});"
                " put one object on each line."
            ) from None
        if not isinstance(record, dict):
            raise DataError(f"{place}: not a JSON object; put one object on each line.")
        _require(column, list(record), place)
        yield _as_text(record[column], place, column)


def _table_texts(
    header: str, lines: Iterator[str], name: str, column: str
) -> Iterator[str]:
    delimiter, columns = _header(header, name, column)
    where = columns.index(column)
    csv.field_size_limit(LINE_LIMIT)  # global, so not left to who set it last
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise DataError(
                f"{name}, line {rows.line_num + 1}: not a table row ({error});"
                " look for a quote that is not closed."
            ) from None
        if row is None:
            return
        if not row:  # an empty line between records
            continue
        if len(row) != len(columns):
            raise DataError(
                f"{name}, line {rows.line_num + 1}: {len(row)} cells where the header"
                f" has {len(columns)}; quote texts that hold the delimiter."
            )
        yield row[where]


def _header(header: str, name: str, column: str) -> tuple[str, list[str]]:
    """Return the delimiter under which ``header`` has ``column``, and its columns."""
    tried = {mark: next(csv.reader([header], delimiter=mark)) for mark in DELIMITERS}
    for mark, columns in tried.items():
        if column in columns:
            return mark, columns
    _require(column, max(tried.values(), key=len), name)
    raise AssertionError("unreachable: the column is in none of the headers")


def _require(column: str, columns: list[str], place: str) -> None:
    if column not in columns:
        found = ", ".join(columns[:8]) + (", ..." if len(columns) > 8 else "")
        raise DataError(
            f"{place}: no column {column!r} among {found}; name one with --text."
        )


def _as_text(value: object, place: str, column: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(
            f"{place}: {column!r} holds a {type(value).__name__}, not a text;"
            " name the column of the texts with --text."
        )
    return value
