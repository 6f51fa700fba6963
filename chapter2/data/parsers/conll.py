"""CoNLL-2003: English newswire of 1996 with four types of entities, in three parts.

E. F. Tjong Kim Sang and F. De Meulder, "Introduction to the CoNLL-2003 Shared Task",
2003. A line is ``word part-of-speech chunk tag``, an empty one ends a sentence, and
``-DOCSTART-`` begins an article. This copy is in IOB2: each entity opens with B-,
where the task's own files have B- only between two entities of one type.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chapter2.data.records import TaggedDataset
from chapter2.errors import DataError

FILES = {"train": "train.txt", "validation": "valid.txt", "test": "test.txt"}
ARTICLE = "-DOCSTART-"
FIELDS = 4  # in a line
KINDS = ("LOC", "MISC", "ORG", "PER")
TAGS = ("O", *(f"{side}-{kind}" for kind in KINDS for side in "BI"))

Sentence = list[tuple[str, str]]  # words, each with its tag


def parse(folder: Path, name: str) -> TaggedDataset:
    """Read the sentences of the three parts, in the order of the files.

    Raises:
        DataError: a line is not of that form, or its tag is unknown.
    """
    read = [
        (part, sentence)
        for part, file in FILES.items()
        for sentence in _sentences(folder / file)
    ]
    tokens = tuple(tuple(word for word, _ in sentence) for _, sentence in read)
    tags = tuple(tuple(tag for _, tag in sentence) for _, sentence in read)
    repeated = len(tokens) - len(set(tokens))
    notices = (
        f"{repeated} sentences repeat an earlier one; they were kept, and a split "
        "leaves out training sentences that stand in another part.",
    )
    return TaggedDataset(name, tokens, tags, TAGS, notices, tuple(p for p, _ in read))


def _sentences(path: Path) -> Iterator[Sentence]:
    """Yield the sentences of one file."""
    sentence: Sentence = []
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate([*lines, ""], 1):
        if line.strip() and not line.startswith(ARTICLE):
            sentence.append(_word(path.name, number, line))
        elif sentence:
            yield sentence
            sentence = []


def _word(file: str, number: int, line: str) -> tuple[str, str]:
    fields = line.split(" ")
    if len(fields) != FIELDS or not fields[0] or fields[-1] not in TAGS:
        raise DataError(
            f"{file}, line {number}: expected a word, two fields and one of "
            f"{', '.join(TAGS)}; the file is not the one the catalogue describes."
        )
    return fields[0], fields[-1]
