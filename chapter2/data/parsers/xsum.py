"""XSum: articles of the BBC, each with a summary of one sentence.

S. Narayan, S. B. Cohen and M. Lapata, "Don't Give Me the Details, Just the Summary!",
EMNLP 2018. The summary is the sentence with which the article began; it was taken out
of the text. So a copied sentence cannot be the summary, which is the point of the set.
The package holds 1,000 articles of the test part.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from chapter2.data.pairs import TextPairs, once
from chapter2.errors import DataError

FILE = "xsum.jsonl"


def parse(folder: Path, name: str) -> TextPairs:
    """Read document and summary of each line; lines of the document stay lines.

    Raises:
        DataError: a line does not hold both.
    """
    documents, summaries, empty = [], [], 0
    # not splitlines(): it would also break at characters that may stand in a text
    lines = (folder / FILE).read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if line.strip():
            document, summary = _pair(line, number)
            if not (document and summary):
                empty += 1
                continue
            documents.append(document)
            summaries.append(summary)
    pairs = TextPairs(name, tuple(documents), tuple(summaries))
    notice = f"{empty} articles have no text left and were dropped."
    return once(replace(pairs, notices=(notice,) if empty else ()))


def _pair(line: str, number: int) -> tuple[str, str]:
    try:
        record = json.loads(line)
        return record["document"].strip(), record["summary"].strip()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"{FILE}, line {number}: expected a document and a summary; the file is "
            "not the one the catalogue describes."
        ) from error
