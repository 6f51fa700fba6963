"""Texts one at a time, from a file or a pipe, in constant memory.

:mod:`chapter2.data.files.reader` reads a labelled file whole; this is for texts that
only pass through: a record is handed on as soon as its last line has arrived.
"""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from gzip import GzipFile
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.data.files.defects import Defects
from chapter2.data.files.delimited import HEADER_REPEATED
from chapter2.data.files.encoding import encoding_of
from chapter2.data.files.opening import (
    KINDS,
    check_beginning,
    file_errors,
    open_binary,
)
from chapter2.data.files.parquet import ParquetTable, refuse_encoding
from chapter2.data.files.values import clean_text
from chapter2.errors import DataError, UsageError

LINE_LIMIT = 1_000_000  # characters; longer is a file without lines, not a text
UNDECODED = re.compile("[\udc80-\udcff]")  # what errors="surrogateescape" leaves
DELIMITERS = (",", "\t", ";", "|")
if TYPE_CHECKING:
    Peekable = BufferedReader[Any] | GzipFile  # bytes, to look at and to read
Placed = tuple[int, str]  # a text, and the line or row on which it begins, from 1
Notice = Callable[[str], object]  # takes one sentence


def stream_texts(
    source: Peekable,
    name: str,
    column: str | None = None,
    encoding: str | None = None,
    notice: Notice = warnings.warn,
) -> Iterator[str]:
    """Yield the texts of ``source``, a binary stream called ``name`` in messages.

    Without ``column`` each line is a text (an empty line is an empty text). With it
    the source is JSON lines where its first character is ``{``, else a table whose
    header has that column; the delimiter is the one under which it has. What had to
    be mended is said to ``notice`` at the end.

    Raises:
        DataError: a line cannot be decoded or parsed, or the column is not there.
        UsageError: ``encoding`` is not a text encoding known here.
    """
    defects = Defects(Path(name), "line")
    lines = _lines(source, name, encoding, notice)
    yield from _clean(_placed(lines, column, defects), column, defects, notice)


def _placed(
    lines: Iterator[str], column: str | None, defects: Defects
) -> Iterator[Placed]:
    if column is None:
        yield from ((i, line.rstrip("\r\n")) for i, line in enumerate(lines, 1))
        return
    first = next(lines, "")
    if not first.strip():
        raise DataError(
            f"{defects.path} is empty or begins with a blank line; give it a header"
            f" with the column {column!r}."
        )
    if first.lstrip().startswith("{"):
        yield from _json_texts(_chain(first, lines), str(defects.path), column)
    else:
        yield from _table_texts(first, lines, defects, column)


def stream_file(
    path: Path,
    column: str | None = None,
    encoding: str | None = None,
    notice: Notice = warnings.warn,
) -> Iterator[str]:
    """Return the texts of a file; its kind and packing are told by its name.

    Raises:
        UsageError: the file is a table and no column is named.
        DataError: there is no such file, or see :func:`stream_texts`.
    """
    if not path.exists() or path.is_dir():
        raise DataError(f"There is no file {path}; check the path.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((KINDS[end] for end in suffixes if end in KINDS), None)
    if kind and column is None:
        raise UsageError(f"{path} is a table; name the column of its texts by --text.")
    if kind == "parquet" and column is not None:
        return stream_parquet(path, column, encoding, notice)
    if path.is_file():  # what is taken from a pipe to look at it is gone
        check_beginning(path)
    return _opened_texts(path, column, encoding, notice)


def _opened_texts(
    path: Path, column: str | None, encoding: str | None, notice: Notice
) -> Iterator[str]:
    with file_errors(path), open_binary(path) as raw:
        yield from stream_texts(raw, str(path), column, encoding, notice)


def stream_parquet(
    path: Path,
    column: str,
    encoding: str | None = None,
    notice: Notice = warnings.warn,
) -> Iterator[str]:
    """Return the texts of one column of a Parquet file, 1,024 records in memory.

    Raises:
        DataError: the file is not Parquet, or has no such column of strings.
        UsageError: an encoding is stated, of which Parquet leaves no choice.
    """
    refuse_encoding(path, encoding)
    table = ParquetTable(path)
    place = _place(column, table.names, str(path))
    defects = Defects(path, table.unit)
    found = (
        (row, _as_text(value, defects.at(row), column))
        for row, (value,) in table.rows([place], defects)
    )
    return _clean(found, column, defects, notice)


def _clean(
    found: Iterable[Placed], column: str | None, defects: Defects, notice: Notice
) -> Iterator[str]:
    """Yield the texts as the reader of labelled files would make them plain."""
    for position, raw in found:
        text, replaced = clean_text(raw)
        if replaced:
            defects.note(replaced, position, column)
        yield text
    for sentence in defects.notices():
        notice(sentence)


def _lines(
    source: Peekable, name: str, stated: str | None, notice: Notice
) -> Iterator[str]:
    """Yield decoded lines with their ends; the place of a bad byte is known."""
    head = source.peek(1)  # what has arrived first; nothing is taken
    codec, said = encoding_of(head, Path(name), stated)
    for sentence in said:
        notice(sentence)
    encoding = codec.removesuffix("-sig")
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


def _json_texts(lines: Iterator[str], name: str, column: str) -> Iterator[Placed]:
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
        except (ValueError, RecursionError):  # a number of too many digits, brackets
            raise DataError(
                f"{place}: not JSON (nested too deeply, or a number too long); put one"
                " object on each line."
            ) from None
        if not isinstance(record, dict):
            raise DataError(f"{place}: not a JSON object; put one object on each line.")
        _place(column, list(record), place)
        yield number, _as_text(record[column], place, column)


def _table_texts(
    header: str, lines: Iterator[str], defects: Defects, column: str
) -> Iterator[Placed]:
    name = str(defects.path)
    delimiter, columns = _header(header, name, column)
    where = _place(column, columns, f"{name}, line 1")
    csv.field_size_limit(LINE_LIMIT)  # global, so not left to who set it last
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        begin = rows.line_num + 2  # the header is line 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise DataError(
                f"{name}, line {begin}: no table row begins here ({error});"
                " look for a quote that is not closed."
            ) from None
        if row is None:
            return
        if not row:  # an empty line between records
            continue
        if row == columns:  # as where files were joined
            defects.note(HEADER_REPEATED, begin)
            continue
        if len(row) != len(columns):
            raise DataError(
                f"{name}, line {begin}: {len(row)} cells where the header"
                f" has {len(columns)}; quote texts that hold the delimiter."
            )
        yield begin, row[where]


def _header(header: str, name: str, column: str) -> tuple[str, list[str]]:
    """Return the delimiter under which ``header`` has ``column``, and its columns."""
    tried = {mark: next(csv.reader([header], delimiter=mark)) for mark in DELIMITERS}
    for mark, columns in tried.items():
        if column in columns:
            return mark, columns
    _place(column, max(tried.values(), key=len), name)
    raise AssertionError("unreachable: the column is in none of the headers")


def _place(column: str, columns: list[str], where: str) -> int:
    """Return the position of the only column of that name."""
    if column not in columns:
        found = ", ".join(columns[:8]) + (", ..." if len(columns) > 8 else "")
        raise DataError(
            f"{where}: no column {column!r} among {found}; name one with --text."
        )
    if columns.count(column) > 1:
        numbers = [str(i) for i, name in enumerate(columns, 1) if name == column]
        raise DataError(
            f"{where}: columns {' and '.join(numbers)} are both called {column!r};"
            " rename all but the one that holds the texts."
        )
    return columns.index(column)


def _as_text(value: object, place: str, column: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(
            f"{place}: {column!r} holds a {type(value).__name__}, not a text;"
            " name the column of the texts with --text."
        )
    return value
