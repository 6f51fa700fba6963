"""Reuters R8: newswire of 1987 with one of eight topics, in the usual two parts.

The eight most frequent single topics of Reuters-21578 (Lewis, 1997) in its ModApte
split; this copy, as A. Cardoso-Cachopo (2007) prepared it, is in lower case, without
digits, punctuation or dates.
"""

from __future__ import annotations

from pathlib import Path

from chapter2.data.records import TextDataset
from chapter2.errors import DataError

FILES = {"train": "reuters-r8-train.tab", "test": "reuters-r8-test.tab"}
HEADER = 3  # lines: names, types and roles of the columns


def parse(folder: Path, name: str, label_names: tuple[str, ...]) -> TextDataset:
    """Read both parts, lines of ``topic TAB text`` below three lines of header.

    Raises:
        DataError: a line is not of that form, or its topic is none of ``label_names``.
    """
    rows = [
        (part, *_row(file, number, line, label_names))
        for part, file in FILES.items()
        for number, line in _lines(folder / file)
    ]
    texts = tuple(text for _, _, text in rows)
    repeated = len(texts) - len(set(texts))
    return TextDataset(
        name=name,
        texts=texts,
        labels=tuple(label for _, label, _ in rows),
        label_names=label_names,
        parts=tuple(part for part, _, _ in rows),
        notices=(
            f"{repeated} texts repeat an earlier one; they were kept, and a split "
            "leaves out training texts that stand in the test part.",
        ),
    )


def _lines(path: Path) -> list[tuple[int, str]]:
    lines = path.read_text(encoding="utf-8").split("\n")
    numbered = list(enumerate(lines, 1))[HEADER:]
    return [(number, line) for number, line in numbered if line.strip()]


def _row(file: str, number: int, line: str, names: tuple[str, ...]) -> tuple[int, str]:
    topic, tab, text = line.partition("\t")
    if not tab or topic not in names or not text.strip():
        raise DataError(
            f"{file}, line {number}: expected one of {', '.join(names)}, a tab and a "
            "text; the file is not the one the catalogue describes."
        )
    return names.index(topic), text.strip()
