"""Parquet, row by row, without ever holding a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chapter2.data.files.defects import Defects
from chapter2.data.files.opening import file_errors
from chapter2.data.files.tables import Record
from chapter2.errors import DataError, UsageError

BATCH = 1024  # rows decoded at once


def refuse_encoding(path: Path, encoding: str | None) -> None:
    """Raise UsageError where an encoding is stated for a Parquet file."""
    if encoding is not None:
        raise UsageError(
            f"{path} is Parquet, whose strings are UTF-8; leave out the encoding "
            f"{encoding!r}."
        )


class ParquetTable:
    """Parquet, decoded by batches of rows from buffered column chunks."""

    unit = "row"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: list[str] = []
        self.names: list[str] = list(self._open().schema_arrow.names)

    def _open(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with file_errors(self.path):
                # a buffer bounds what is read ahead; pre_buffer would fetch it whole
                return pq.ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False)
        except (pa.ArrowException, DataError):
            raise DataError(
                f"{self.path} is not a readable Parquet file (damaged, cut short or "
                "of another format); write or fetch it again."
            ) from None

    def rows(self, columns: Sequence[int], defects: Defects) -> Iterator[Record]:
        """Yield the values of the columns, each as the Python object it stands for."""
        import pyarrow as pa

        names = [self.names[i] for i in columns]
        done = 0
        try:
            for batch in self._open().iter_batches(BATCH, columns=names):
                where = [batch.schema.names.index(name) for name in names]
                found = [batch.column(i).to_pylist() for i in where]
                for values in zip(*found, strict=True):
                    done += 1
                    yield done, values
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            raise DataError(
                f"{self.path}, row {done + 1} or one of the {BATCH} after it: the data "
                "is damaged or not UTF-8; write or fetch the file again."
            ) from None
