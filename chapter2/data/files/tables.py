"""What every reader of records offers: named columns, and rows one after the other.

Each reader holds a bounded part of its file in memory, whatever the file's size, and
says for each record where it stands: the physical line on which it begins, or the
row (both from 1; a header is line 1).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from chapter2.data.files.defects import Defects
from chapter2.data.files.encoding import undecodable
from chapter2.data.files.opening import file_errors, open_binary
from chapter2.errors import DataError

LINE_LIMIT = 10_000_000  # characters in one line or field; bounds the memory
HEAD = 100  # records from which delimiter and columns are told
Record = tuple[int, tuple[Any, ...]]  # position, values of the columns asked for


class Table(Protocol):
    """A file of records with named columns."""

    path: Path
    unit: str  # what positions count: "line" or "row"
    names: list[str]
    notices: list[str]

    def rows(self, columns: Sequence[int], defects: Defects) -> Iterator[Record]:
        """Yield each record's position and its values; None is a missing value."""


def text_lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines of ``path`` with their ends: \\n, \\r\\n or \\r.

    Raises:
        DataError: a line does not decode, or is longer than LINE_LIMIT characters.
    """
    with (
        file_errors(path),
        open_binary(path) as raw,
        io.TextIOWrapper(raw, encoding, newline="") as stream,
    ):
        number = 0
        try:
            while line := stream.readline(LINE_LIMIT):
                number += 1
                if len(line) == LINE_LIMIT:
                    raise DataError(
                        f"{path}, line {number}: the line is longer than "
                        f"{LINE_LIMIT:,} characters; put one record on each line."
                    )
                yield line
        except UnicodeDecodeError:
            raise undecodable(path, encoding) from None
