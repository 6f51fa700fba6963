"""BoolQ's questions: each with the paragraph that answers it, and yes or no.

C. Clark et al., "BoolQ: Exploring the Surprising Difficulty of Natural Yes/No
Questions", NAACL 2019. People typed the questions into a search engine; annotators
found the paragraph and the answer. The records of the test part have no label here and
are left out; of the other two the file does not say which is which.

A record is two texts, and stands here as one: the question on the first line, the
paragraph on the second, "title -- text". :func:`question_and_passage` parts them.
"""

from __future__ import annotations

import json
from pathlib import Path

from chapter2.data.parsers.boolq import DASHES, FILE, PASSAGE, plain_quotes
from chapter2.data.records import TextDataset
from chapter2.errors import DataError

QUESTION, LABEL = "question", "label"
LABELS = ("no", "yes")


def parse(folder: Path, name: str) -> TextDataset:
    """Read the labelled records; the group of each is the title of its article.

    Raises:
        DataError: a line does not hold a question and a passage with a title.
    """
    texts, labels, groups, unlabelled = [], [], [], 0
    # not splitlines(): it would also break at characters that may stand in a text
    lines = (folder / FILE).read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        question, title, text, answer = _record(line, number)
        if answer is None:
            unlabelled += 1
            continue
        texts.append(f"{question}\n{title}{DASHES}{text}")
        labels.append(int(answer))
        groups.append(title)
    notices = (
        f"{unlabelled} records without an answer, those of the test part, were left "
        "out.",
        "Questions share articles, so the group of each is its article's title.",
    )
    return TextDataset(
        name, tuple(texts), tuple(labels), LABELS, tuple(groups), notices
    )


def _record(line: str, number: int) -> tuple[str, str, str, bool | None]:
    """Return question, title, text and answer, each text on one line."""
    try:
        record = json.loads(line)
        title, _, text = record[PASSAGE].partition(DASHES)
        question, answer = record[QUESTION], record.get(LABEL)
    except (ValueError, TypeError, KeyError, AttributeError):
        question = title = text = ""
        answer = None
    # blanks of any kind become one: a line break would part the texts elsewhere
    found = [" ".join(plain_quotes(part).split()) for part in (question, title, text)]
    if not all(found) or answer not in (None, True, False):
        raise DataError(
            f"{FILE}, line {number}: expected a question, a passage after its title "
            "and two dashes, and true, false or no label; the file is not the one the "
            "catalogue describes."
        )
    return found[0], found[1], found[2], answer


def question_and_passage(text: str) -> tuple[str, str]:
    """Return the two texts of a record; the passage begins with its title."""
    question, _, passage = text.partition("\n")
    return question, passage
