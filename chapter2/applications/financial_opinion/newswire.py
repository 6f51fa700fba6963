"""Opinions on 300 newswire texts, labelled by reading them: the third test set.

Reuters R8 has topics and no opinions. Two readers, both language models, labelled the
texts independently by the guidelines beside this file; where they differed, a third
reading decided. No expert of finance has checked them. What is kept are the places of
the texts in the test part of ``reuters-r8`` and the labels, not the texts.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import cast

from chapter2 import data
from chapter2.applications.financial_opinion.scorers import first_words
from chapter2.data.records import TextDataset

NAMES = ("negative", "neutral", "positive")
HERE = Path(__file__).parent
LABELS = HERE / "newswire_opinions.csv"  # record, first, second, opinion
GUIDELINES = HERE / "newswire_guidelines.md"


def rows() -> list[dict[str, str]]:
    """Return a row for each text: its place, the two readers' labels, the final one."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def newswire_opinions() -> TextDataset:
    """Return the 300 texts, cut to their first 40 words, with their final labels.

    Raises:
        FetchError: the newswire cannot be had.
    """
    news = cast("TextDataset", data.load("reuters-r8"))
    test = [i for i, part in enumerate(news.parts or ()) if part == "test"]
    kept = rows()
    some = first_words(news.select(test[int(row["record"])] for row in kept))
    labels = tuple(NAMES.index(row["opinion"]) for row in kept)
    return TextDataset("newswire opinions", some.texts, labels, NAMES)


def guidelines() -> str:
    """Return the rules by which the texts were labelled, as Markdown."""
    return GUIDELINES.read_text(encoding="utf-8")


def agreement() -> float:
    """Return Cohen's kappa of the two readers (Cohen, 1960): 1 is full, 0 is chance."""
    from sklearn.metrics import cohen_kappa_score

    kept = rows()
    first, second = ([row[reader] for row in kept] for reader in ("first", "second"))
    return float(cohen_kappa_score(first, second))
