"""The reader's own running text as a corpus: plain text, or a table with a column.

Plain text holds one document in each block of lines between blank lines. A table is
read as :func:`chapter2.data.read_file` reads it, without labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from chapter2.data.corpus import Corpus, Document
from chapter2.data.files.defects import Defects
from chapter2.data.files.encoding import find_encoding
from chapter2.data.files.opening import check_beginning, check_file
from chapter2.data.files.reader import (
    MAX_CHARACTERS,
    MAX_RECORDS,
    check_arguments,
    read_file,
    sampled,
)
from chapter2.data.files.reservoir import Reservoir
from chapter2.data.files.tables import text_lines
from chapter2.data.files.values import clean_text, missing
from chapter2.errors import DataError, UsageError

PLAIN = (".txt", ".text", ".md")  # endings of plain text
DOCUMENT_LIMIT = 10_000_000  # characters; longer is a file without blank lines


class _Block(NamedTuple):
    line: int  # on which it begins, from 1
    text: str


def read_corpus(
    path: str | Path,
    text: str | None = None,
    title: str | None = None,
    limit: int | None = None,
    encoding: str | None = None,
    seed: int = 0,
) -> Corpus:
    """Read the reader's own text; what was handled on the way is in its ``notices``.

    Args:
        path: ``.txt`` (documents between blank lines), or a table: ``.csv``, ``.tsv``,
            ``.jsonl`` (each also with ``.gz``) or ``.parquet``.
        text, title: names of columns of a table; text is found if not named. Documents
            of one title stay in one part of a split.
        limit, seed: take a random sample of so many documents.
        encoding: of a text file; detected if not named.

    Raises:
        UsageError: an argument has no meaning for this file.
        DataError: the file cannot be used as it is.
    """
    path = Path(path)
    if not path.name.lower().removesuffix(".gz").endswith(PLAIN):
        return _read_table(path, text, title, limit, encoding, seed)
    if text is not None or title is not None:
        raise UsageError(
            f"{path} is plain text without columns; leave out {text or title!r}."
        )
    check_arguments(None, limit, labelled=False)
    return _read_plain(path, limit, encoding, seed)


def _read_table(
    path: Path,
    text: str | None,
    title: str | None,
    limit: int | None,
    encoding: str | None,
    seed: int,
) -> Corpus:
    dataset = read_file(
        path,
        text=text,
        group=title,
        limit=limit,
        encoding=encoding,
        seed=seed,
        labelled=False,
    )
    titles = dataset.groups or [""] * len(dataset)
    documents = tuple(map(Document, titles, dataset.texts))
    return Corpus(dataset.name, documents, dataset.notices)


def _read_plain(
    path: Path, limit: int | None, encoding: str | None, seed: int
) -> Corpus:
    check_file(path)
    check_beginning(path)
    codec, notices = find_encoding(path, encoding)
    sample: Reservoir[_Block] = Reservoir(
        max(limit or 0, MAX_RECORDS), MAX_CHARACTERS, seed
    )
    for block in _blocks(path, codec):
        sample.add(block, len(block.text))
    if not sample.seen:
        raise DataError(f"{path} holds nothing but blanks; a corpus needs text.")
    defects = Defects(path, "line")
    documents = _clean(sorted(sample.items), defects)
    corpus = Corpus(path.name, documents).take(limit, seed)
    notices += defects.notices() + _undivided(path, sample)
    notices += sampled(path, len(corpus), sample.seen, seed)
    return replace(corpus, notices=tuple(notices))


def _blocks(path: Path, codec: str) -> Iterator[_Block]:
    """Yield what stands between blank lines, line breaks kept.

    Raises:
        DataError: a block is longer than DOCUMENT_LIMIT, or does not decode.
    """
    lines: list[str] = []
    start = size = 0
    for number, line in enumerate(text_lines(path, codec), 1):
        if not missing(line):
            start = start if lines else number
            lines.append(line.strip())
            size += len(line)
        elif lines:
            yield _Block(start, "\n".join(lines))
            lines, size = [], 0
        if size > DOCUMENT_LIMIT:
            raise DataError(
                f"{path}, line {start}: the document that begins here is longer than "
                f"{DOCUMENT_LIMIT:,} characters; part documents by blank lines."
            )
    if lines:
        yield _Block(start, "\n".join(lines))


def _clean(blocks: list[_Block], defects: Defects) -> tuple[Document, ...]:
    """Return untitled documents without control characters; count the replaced."""
    documents = []
    for block in blocks:
        text, replaced = clean_text(block.text)
        if replaced:
            defects.note(replaced, block.line)
        documents.append(Document("", text))
    return tuple(documents)


def _undivided(path: Path, sample: Reservoir[_Block]) -> list[str]:
    """Say that a file of several lines is one document, where it is so."""
    if sample.seen > 1 or "\n" not in sample.items[0].text:
        return []
    return [
        f"{path} has no blank line between its lines, so that it is one document; "
        "blank lines part documents."
    ]
