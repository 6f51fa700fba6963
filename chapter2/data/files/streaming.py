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
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.data.files.defects import Defects
from chapter2.data.files.delimited import PLAIN_MARKS, dialect_of, header
from chapter2.data.files.encoding import encoding_of
from chapter2.data.files.opening import (
    check_beginning,
    file_errors,
    kind_by_name,
    open_binary,
)
from chapter2.data.files.parquet import ParquetTable, refuse_encoding
from chapter2.data.files.tables import HEAD, LINE_LIMIT
from chapter2.data.files.values import clean_text
from chapter2.errors import DataError, UsageError

UNDECODED = re.compile("[\udc80-\udcff]")  # what errors="surrogateescape" leaves
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
    at_rest: bool = False,
) -> Iterator[str]:
    """Yield the texts of ``source``, a binary stream called ``name`` in messages.

    Without ``column`` each line is a text (an empty line is an empty text). With it
    the source is JSON lines where its first character is ``{``, else a table whose
    header has that column. Its delimiter and quotation marks are told from the header,
    and where the source is ``at_rest``, a file and no pipe, from the first records as
    the reader of labelled files does. What had to be mended is said to ``notice``.

    Raises:
        DataError: a line cannot be decoded or parsed, or the column is not there.
        UsageError: ``encoding`` is not a text encoding known here.
    """
    defects = Defects(Path(name), "line", strict=True)
    lines = _lines(source, name, encoding, notice, "\n" if column is None else "")
    found: Iterator[Placed]
    if column is None:
        found = ((i, line.rstrip("\r\n")) for i, line in enumerate(lines, 1))
    else:
        head, lines = _ahead(lines, 2 * HEAD if at_rest else 1)
        found = _column_texts(head, lines, column, defects, notice)
    yield from _clean(found, column, defects, notice)


def _ahead(lines: Iterator[str], most: int) -> tuple[list[str], Iterator[str]]:
    """Return the first lines, more than ``most`` if those are blank; and all lines.

    A fault among them waits until the lines before it have been taken.
    """
    head: list[str] = []
    fault: DataError | None = None
    try:
        for line in islice(lines, 2 * HEAD):
            head.append(line)
            if len(head) >= most and line.strip():
                break
    except DataError as error:
        fault = error

    def rest() -> Iterator[str]:
        if fault:
            raise fault
        yield from lines

    return head, chain(head, rest())


def _column_texts(
    head: list[str],
    lines: Iterator[str],
    column: str,
    defects: Defects,
    notice: Notice,
) -> Iterator[Placed]:
    first = next(filter(str.strip, head), "")
    if first.lstrip().startswith("{"):
        yield from _json_texts(lines, str(defects.path), column)
        return
    usual = "\t" if kind_by_name(defects.path) == "tsv" else ","
    dialect = dialect_of(head, usual, [column])
    records = dialect.records(defects.path, lines)
    line, names = header(records)
    if not names:
        raise DataError(
            f"{defects.path} is empty or holds nothing but blanks; give it a header"
            f" with the column {column!r}."
        )
    place = _place(column, names, defects.at(line))
    if dialect.quoting == csv.QUOTE_NONE:
        notice(f"{defects.path}: {PLAIN_MARKS}.")
    for line, row in dialect.body(records, names, defects):
        yield line, row[place]


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
    kind = kind_by_name(path)
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
        at_rest = path.is_file()
        yield from stream_texts(raw, str(path), column, encoding, notice, at_rest)


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
    source: Peekable, name: str, stated: str | None, notice: Notice, newline: str
) -> Iterator[str]:
    """Yield decoded lines with their ends; the place of a bad byte is known."""
    head = source.peek(1)  # what has arrived first; nothing is taken
    codec, said = encoding_of(head, Path(name), stated)
    for sentence in said:
        notice(sentence)
    encoding = codec.removesuffix("-sig")
    # with "\n" a lone carriage return inside a text does not end its line
    text = io.TextIOWrapper(source, codec, errors="surrogateescape", newline=newline)
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
