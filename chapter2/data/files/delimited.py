"""CSV and TSV: RFC 4180, strictly, with the delimiter told from the first records."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from chapter2.data.files.defects import Defects
from chapter2.data.files.tables import HEAD, LINE_LIMIT, Record, text_lines
from chapter2.errors import DataError

HEADER_REPEATED = "the header is repeated; such lines were skipped"


class DelimitedTable:
    """CSV or TSV: RFC 4180 quoting, the delimiter told from the first records."""

    unit = "line"

    def __init__(
        self, path: Path, encoding: str, delimiter: str, stated: Sequence[str] = ()
    ) -> None:
        self.path, self.encoding = path, encoding
        self.notices: list[str] = []
        csv.field_size_limit(LINE_LIMIT)  # global; the default of 131,072 is too low
        head = list(islice(text_lines(path, encoding), 2 * HEAD))
        self.delimiter = _delimiter(head, delimiter, stated)
        if self.delimiter != delimiter:
            self.notices.append(f"{path}: the delimiter is {self.delimiter!r}.")
        self.quoting = self._quoting(head)
        first = next((row for _, row in self._parse() if any(map(str.strip, row))), [])
        if not first:
            raise DataError(f"{path} holds nothing but blanks; it needs a header.")
        self.names = first

    def _quoting(self, head: list[str]) -> int:
        """Return whether quotation marks quote; in tab-separated text they may not."""
        if self.delimiter == "\t":
            try:
                list(csv.reader(head, delimiter="\t", strict=True))
            except csv.Error as error:
                if "unexpected end" not in str(error) or len(head) < 2 * HEAD:
                    self.notices.append(
                        f"{self.path}: quotation marks are read as plain characters, "
                        "since they do not quote whole fields."
                    )
                    return csv.QUOTE_NONE
        return csv.QUOTE_MINIMAL

    def _parse(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line on which each record begins, and its fields."""
        reader = csv.reader(
            text_lines(self.path, self.encoding),
            delimiter=self.delimiter,
            quoting=self.quoting,  # type: ignore[arg-type]
            strict=True,
        )
        begin = 1
        try:
            for row in reader:
                yield begin, row
                begin = reader.line_num + 1
        except csv.Error as error:
            raise self._broken(begin, reader.line_num, str(error)) from None

    def _broken(self, begin: int, line: int, message: str) -> DataError:
        if "expected after" in message:
            return DataError(
                f"{self.path}, line {line}: after a closing quotation mark something "
                f"else than {self.delimiter!r} follows (the record begins on line "
                f"{begin}); double each quotation mark inside a quoted field."
            )
        return DataError(
            f"{self.path}, line {begin}: a quotation mark is opened and not closed "
            f"up to line {line}; close it, or double it if it belongs to the text."
        )

    def rows(self, columns: Sequence[int], defects: Defects) -> Iterator[Record]:
        """Yield the records below the header, without blank lines and repeats of it."""
        width = len(self.names)
        records = self._parse()
        next(row for _, row in records if any(map(str.strip, row)))
        for line, row in records:
            if len(row) > width and not any(row[width:]):
                row = row[:width]  # delimiters at the end of the line, nothing lost
            if row == self.names:
                defects.note(HEADER_REPEATED, line)
            elif len(row) == width:
                yield line, tuple(row[i] for i in columns)
            elif row and not (len(row) == 1 and not row[0].strip()):
                defects.skip(
                    "the number of fields differs from the header's; such records "
                    "were skipped",
                    line,
                    f"the record has {len(row)} field(s) where the header has {width}; "
                    f"quote texts that hold the delimiter {self.delimiter!r}",
                )


def _delimiter(head: list[str], usual: str, stated: Sequence[str]) -> str:
    """Return the delimiter under which the header has the most sense.

    That is: the stated columns are in it, the records are as wide as it, it has the
    most columns; the ending's usual delimiter wins a tie, or where none splits it.
    """
    wanted = {name.strip().casefold() for name in stated}
    best, choice = (False, 0.0, 1), usual
    for delimiter in dict.fromkeys((usual, ",", "\t", ";", "|")):
        rows = [row for row in csv.reader(head, delimiter=delimiter) if row]
        if not rows or len(rows[0]) < 2:
            continue
        names = {name.strip().casefold() for name in rows[0]}
        alike = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        key = (wanted <= names, round(alike, 1), len(rows[0]))
        if key > best:
            best, choice = key, delimiter
    return choice
