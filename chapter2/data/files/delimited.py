"""CSV and TSV: RFC 4180, strictly, with the delimiter told from the first records."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from chapter2.data.files.defects import Defects
from chapter2.data.files.tables import HEAD, LINE_LIMIT, Record, text_lines
from chapter2.errors import DataError

if TYPE_CHECKING:
    from _csv import Reader
HEADER_REPEATED = "the header is repeated; such lines were skipped"
PLAIN_MARKS = (
    "quotation marks are read as plain characters, since they do not quote whole fields"
)
JOINED = (
    "between quotation marks, lines were read as one record that are records on their "
    "own as well; double each quotation mark that belongs to a text"
)
Row = tuple[int, list[str]]  # the line on which a record begins, its fields
LINE_END = re.compile("\r\n?|\n")


@dataclass(frozen=True)
class Dialect:
    """How a file parts its fields; in tab-separated text quotes may be plain."""

    delimiter: str
    quoting: int  # csv.QUOTE_MINIMAL or csv.QUOTE_NONE

    def records(self, path: Path, lines: Iterator[str]) -> Iterator[Row]:
        """Yield the line on which each record begins, and its fields.

        Raises:
            DataError: quotation marks do not quote whole fields.
        """
        reader = _reader(lines, self.delimiter, self.quoting)
        begin = 1
        try:
            for row in reader:
                yield begin, row
                begin = reader.line_num + 1
        except csv.Error as error:
            raise self._broken(path, begin, reader.line_num, str(error)) from None

    def _broken(self, path: Path, begin: int, line: int, message: str) -> DataError:
        if "expected after" in message:
            return DataError(
                f"{path}, line {line}: after a closing quotation mark something "
                f"else than {self.delimiter!r} follows (the record begins on line "
                f"{begin}); double each quotation mark inside a quoted field."
            )
        return DataError(
            f"{path}, line {begin}: a quotation mark is opened and not closed "
            f"up to line {line}; close it, or double it if it belongs to the text."
        )

    def body(
        self, records: Iterator[Row], names: list[str], defects: Defects
    ) -> Iterator[Row]:
        """Yield the records below the header, without blank lines and repeats of it."""
        width = len(names)
        for line, row in records:
            row = _trimmed(row, width)
            if self.delimiter == "\t" and _joined(row, width):
                defects.note(JOINED, line)
            if row == names:
                defects.note(HEADER_REPEATED, line)
            elif len(row) == width:
                yield line, row
            elif row and not (len(row) == 1 and not row[0].strip()):
                defects.skip(
                    "the number of fields differs from the header's; such records "
                    "were skipped",
                    line,
                    f"the record has {len(row)} field(s) where the header has {width}; "
                    f"quote texts that hold the delimiter {self.delimiter!r}",
                )


class DelimitedTable:
    """CSV or TSV: RFC 4180 quoting, the delimiter told from the first records."""

    unit = "line"

    def __init__(
        self, path: Path, encoding: str, delimiter: str, stated: Sequence[str] = ()
    ) -> None:
        self.path, self.encoding = path, encoding
        self.notices: list[str] = []
        head = list(islice(text_lines(path, encoding), 2 * HEAD))
        self.dialect = dialect_of(head, delimiter, stated)
        if self.dialect.delimiter != delimiter:
            self.notices.append(f"{path}: the delimiter is {self.dialect.delimiter!r}.")
        if self.dialect.quoting == csv.QUOTE_NONE:
            self.notices.append(f"{path}: {PLAIN_MARKS}.")
        _, self.names = header(self._records())
        if not self.names:
            raise DataError(f"{path} holds nothing but blanks; it needs a header.")

    def _records(self) -> Iterator[Row]:
        return self.dialect.records(self.path, text_lines(self.path, self.encoding))

    def rows(self, columns: Sequence[int], defects: Defects) -> Iterator[Record]:
        """Yield the records below the header, without blank lines and repeats of it."""
        records = self._records()
        header(records)
        for line, row in self.dialect.body(records, self.names, defects):
            yield line, tuple(row[i] for i in columns)


def header(records: Iterator[Row]) -> Row:
    """Return the first record that is not blank; an empty one where there is none."""
    return next((one for one in records if any(map(str.strip, one[1]))), (1, []))


def dialect_of(head: Sequence[str], usual: str, stated: Sequence[str]) -> Dialect:
    """Return the dialect in which ``head``, the first lines of a file, has most sense.

    The ``usual`` delimiter of its ending stands back where the columns ``stated`` are
    those of another one, or the records are wider under it.
    """
    delimiter = _delimiter(head, usual, stated)
    return Dialect(delimiter, _quoting(head, delimiter))


def _quoting(head: Sequence[str], delimiter: str) -> int:
    """Return whether quotation marks quote; in tab-separated text they may not.

    They do not where they break the rules of quoting, nor where a quoted field joins
    lines each of which is a record as it stands.
    """
    if delimiter != "\t":
        return csv.QUOTE_MINIMAL
    try:
        rows = list(_reader(head, "\t"))
    except csv.Error as error:
        if "unexpected end" not in str(error) or len(head) < 2 * HEAD:
            return csv.QUOTE_NONE
        rows = []  # a field may end after the head
    lines = [line.rstrip("\r\n") for line in head if line.strip()]
    width = lines[0].count("\t") + 1 if lines else 1
    plain = len(rows) < len(head) and _are_records(lines, width)
    return csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL


def _are_records(lines: Sequence[str], width: int) -> bool:
    """Tell whether each tab-separated line has ``width`` fields, which are several."""
    return width > 1 and all(
        len(_trimmed(line.split("\t"), width)) == width for line in lines
    )


def _joined(row: Sequence[str], width: int) -> bool:
    """Tell whether a tab-separated record of several lines may be as many records."""
    lines = LINE_END.split("\t".join(row))
    return len(lines) > 1 and _are_records(lines, width)


def _trimmed(row: list[str], width: int) -> list[str]:
    """Return the row without delimiters at the end of its line: nothing is lost."""
    return row[:width] if len(row) > width and not any(row[width:]) else row


def _reader(
    lines: Iterable[str],
    delimiter: str,
    quoting: int = csv.QUOTE_MINIMAL,
    strict: bool = True,
) -> Reader:
    csv.field_size_limit(LINE_LIMIT)  # global, so not left to who set it last
    return csv.reader(
        lines,
        delimiter=delimiter,
        quoting=quoting,  # type: ignore[arg-type]
        strict=strict,
    )


def _delimiter(head: Sequence[str], usual: str, stated: Sequence[str]) -> str:
    """Return the delimiter under which the header has the most sense.

    That is: the stated columns are in it, the records are as wide as it, it has the
    most columns; the ending's usual delimiter wins a tie, or where none splits it.
    """
    wanted = {name.strip().casefold() for name in stated}
    best, choice = (False, 0.0, 1), usual
    for delimiter in dict.fromkeys((usual, ",", "\t", ";", "|")):
        try:
            found = list(_reader(head, delimiter, strict=False))
        except csv.Error:  # a field without an end
            continue
        rows = [row for row in found if any(map(str.strip, row))]
        if not rows or len(rows[0]) < 2:
            continue
        names = {name.strip().casefold() for name in rows[0]}
        alike = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        key = (wanted <= names, round(alike, 1), len(rows[0]))
        if key > best:
            best, choice = key, delimiter
    return choice
