"""What a command says: results on stdout, notices and progress on stderr."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Console:
    """How a command speaks: ``json`` for programs, ``quiet`` without notices."""

    json: bool = False
    quiet: bool = False

    def notice(self, *sentences: str) -> None:
        """Say something beside the result, one sentence a line, on stderr."""
        if not self.quiet:
            for sentence in sentences:
                print(one_line(sentence), file=sys.stderr, flush=True)

    def result(self, text: str, value: Any) -> None:
        """Print the result on stdout: ``value`` with ``--json``, else ``text``."""
        print(to_json(value, indent=2) if self.json else text, flush=True)


def one_line(text: str) -> str:
    """Return ``text`` with every run of white space made one space."""
    return " ".join(text.split())


def to_json(value: Any, indent: int | None = None) -> str:
    """Return ``value`` as JSON that stdout can print; NaN is refused: JSON has none.

    Where stdout is not UTF-8 it would escape letters as Python does, which no JSON is.
    """
    plain = codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"
    return json.dumps(value, ensure_ascii=plain, indent=indent, allow_nan=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return an aligned table without colours or borders; numbers stand right."""
    body = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [columns, *body]) for i in range(len(columns))]
    right = [
        bool(body) and all(_is_number(row[i]) for row in body)
        for i in range(len(columns))
    ]
    lines = []
    for row in [columns, *body]:
        cells = [
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    return cell[:1].isdigit() or cell in ("", "-")


def size(number: int) -> str:
    """Return a number of bytes for people: ``83.5 MB``."""
    unit, name = (1e9, "GB") if number >= 1e9 else (1e6, "MB")
    return f"{number / unit:.1f} {name}"
