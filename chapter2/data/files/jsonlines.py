"""JSON lines: one object, one record on each line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from chapter2.data.files.defects import Defects
from chapter2.data.files.tables import HEAD, Record, text_lines
from chapter2.errors import DataError


class JsonTable:
    """JSON lines: one object on each line; columns are the keys of the first ones."""

    unit = "line"

    def __init__(self, path: Path, encoding: str) -> None:
        self.path, self.encoding = path, encoding
        self.notices: list[str] = []
        self._refuse_document()
        defects = Defects(path, self.unit)
        head = islice(self._objects(defects), HEAD)
        self.names = list(dict.fromkeys(key for _, row in head for key in row))
        if not self.names:
            defects.check(1)  # what stands there instead of objects
            raise DataError(f"{path} holds no records; write one object per line.")

    def _refuse_document(self) -> None:
        """Raise DataError where the file is one JSON document, not lines of them."""
        first = next(filter(str.strip, text_lines(self.path, self.encoding)), "")
        if first.lstrip().startswith("[") or first.strip() == "{":
            raise DataError(
                f"{self.path}, line 1: the file is one JSON document; write one object "
                "per line, without brackets or commas around them (JSONL)."
            )

    def _objects(self, defects: Defects) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in enumerate(text_lines(self.path, self.encoding), 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                self._skip_invalid(defects, number, error)
                continue
            if isinstance(value, dict):
                yield number, value
                continue
            defects.skip(
                "the line is no JSON object; such lines were skipped",
                number,
                "the line is valid JSON but not an object; write each record as "
                '{"text": ..., "label": ...}',
            )

    def _skip_invalid(
        self, defects: Defects, number: int, error: ValueError | RecursionError
    ) -> None:
        reason, place = "it is nested too deeply or too long", ""
        if isinstance(error, json.JSONDecodeError):
            reason, place = error.msg, f" at character {error.colno}"
        defects.skip(
            "the line is not valid JSON; such lines were skipped",
            number,
            f"the line is not valid JSON{place}: {reason}; write one object per line",
        )

    def rows(self, columns: Sequence[int], defects: Defects) -> Iterator[Record]:
        """Yield the values under the keys; an absent key is a missing value."""
        keys = [self.names[i] for i in columns]
        for number, row in self._objects(defects):
            yield number, tuple(row.get(key) for key in keys)
