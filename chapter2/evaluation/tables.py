"""Small tables: aligned for a terminal, Markdown for a page."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def display_width(text: str) -> int:
    """Return the terminal columns of ``text``; a Chinese character takes two."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    marks = sum(unicodedata.combining(c) > 0 for c in text)
    return len(text) + wide - marks


def _aligned(cell: str, width: int, left: bool) -> str:
    gap = " " * (width - display_width(cell))
    return cell + gap if left else gap + cell


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1
) -> str:
    """Return an aligned table; the first ``left`` columns align left, others right."""
    table = [header, *rows]
    widths = [max(map(display_width, column)) for column in zip(*table, strict=True)]
    lines = (
        "  ".join(_aligned(row[j], widths[j], j < left) for j in range(len(widths)))
        for row in table
    )
    return "\n".join(line.rstrip() for line in lines)


def escape_markdown(cell: str) -> str:
    """Return ``cell`` as plain text inside a Markdown table."""
    # & and < first: what they become holds none of the other characters
    cell = cell.replace("&", "&amp;").replace("<", "&lt;")
    for mark in "\\|*_`[]{}~$#":
        cell = cell.replace(mark, "\\" + mark)
    return " ".join(cell.split())


def markdown_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1
) -> str:
    """Return a Markdown table; the cells' own marks are escaped."""
    rules = [":--" if j < left else "--:" for j in range(len(header))]
    cells = [[escape_markdown(cell) for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in [list(header), rules, *cells]]
    return "\n".join(lines)


def shorten(text: str, width: int) -> str:
    """Return ``text`` on one line of at most ``width`` columns, cut by an ellipsis."""
    line = " ".join(text.split())
    if display_width(line) <= width:
        return line
    columns = 0
    for at, character in enumerate(line):
        columns += display_width(character)
        if columns > width - 1:  # one column is the ellipsis's
            return line[:at].rstrip() + "…"
    return line
