"""FiQA: questions on money and investing, each with one answer of a web forum.

M. Maia et al., "WWW'18 Open Challenge: Financial Opinion Mining and Question
Answering", 2018. The package holds 648 questions, one answer to each.
"""

from __future__ import annotations

import json
from pathlib import Path

from chapter2.data.exchanges import Exchanges, distinct
from chapter2.errors import DataError

FILE = "fiqa.jsonl"


def parse(folder: Path, name: str) -> Exchanges:
    """Read question and answer of each line, blanks at the ends removed.

    Raises:
        DataError: a line does not hold both.
    """
    questions, answers = [], []
    # not splitlines(): it would also break at characters that may stand in a text
    lines = (folder / FILE).read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if line.strip():
            question, answer = _pair(line, number)
            questions.append(question)
            answers.append(answer)
    return distinct(Exchanges(name, tuple(questions), tuple(answers)))


def _pair(line: str, number: int) -> tuple[str, str]:
    try:
        record = json.loads(line)
        question, answer = record["question"].strip(), record["answer"].strip()
    except (ValueError, TypeError, KeyError, AttributeError):
        question = answer = ""
    if not (question and answer):
        raise DataError(
            f"{FILE}, line {number}: expected a question and an answer; the file is "
            "not the one the catalogue describes."
        )
    return question, answer
