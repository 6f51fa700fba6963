"""BoolQ's passages: paragraphs of the English Wikipedia, as running text.

C. Clark et al., "BoolQ: Exploring the Surprising Difficulty of Natural Yes/No
Questions", NAACL 2019. A record is a question and the paragraph that answers it, which
begins with the title of its article: ``Mark Getty -- Mark Harris Getty, KBE ...``. Only
the paragraphs are read. Several questions share one, so each is kept once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from chapter2.data.corpus import Corpus, Document
from chapter2.data.normalise import normalise
from chapter2.errors import DataError

FILE = "combined.jsonl"
PASSAGE, DASHES = "passage", " -- "


def parse(folder: Path, name: str) -> Corpus:
    """Read each paragraph once, in the order of the file.

    The first of the paragraphs that are equal after :func:`normalise` is kept.

    Raises:
        DataError: a line does not hold a passage with a title.
    """
    found: dict[str, Document] = {}
    records = 0
    for document in _documents(folder / FILE):
        records += 1
        found.setdefault(normalise(document.text), document)
    return Corpus(name, tuple(found.values()), _notices(records, len(found)))


def _documents(path: Path) -> Iterator[Document]:
    # not splitlines(): it would also break at characters that may stand in a text
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _document(path, number, line)


def _document(path: Path, number: int, line: str) -> Document:
    try:
        title, dashes, text = json.loads(line)[PASSAGE].partition(DASHES)
    except (ValueError, TypeError, KeyError, AttributeError):
        title = dashes = text = ""
    if not (title.strip() and dashes and text.strip()):
        raise DataError(
            f"{path.name}, line {number}: expected a passage after its title and two "
            "dashes; the file is not the one the catalogue describes."
        )
    return Document(plain_quotes(title).strip(), plain_quotes(text).strip())


def plain_quotes(text: str) -> str:
    """Return ``text`` with TeX's quotation marks made the plain double ones."""
    return text.replace("``", '"').replace("''", '"')


def _notices(records: int, kept: int) -> tuple[str, ...]:
    return (
        f"{records - kept} of {records} records repeat an earlier paragraph and were "
        "dropped.",
        "Quotation marks written as in TeX (two backquotes, two apostrophes) were made "
        "plain double ones.",
    )
