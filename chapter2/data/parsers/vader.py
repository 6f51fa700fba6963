"""The four rated sets of vaderSentiment: the label is the sign of a mean rating.

C. J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment
Analysis of Social Media Text", ICWSM 2014. At least 20 people rated each text from
-4 (extremely negative) to 4 (extremely positive).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from chapter2.data.records import TextDataset
from chapter2.errors import DataError

SENTIMENT = ("negative", "positive")
OPINION = ("negative", "neutral", "positive")
NEAR_ZERO = 0.5  # below this the raters hardly leaned to either side: neutral


def parse(
    path: Path, name: str, grouped: bool, label: str = "sentiment"
) -> TextDataset:
    """Read a file of lines ``id TAB mean rating TAB text``.

    ``grouped``: the id is ``source_number``, and records of one source form a group.
    ``label``: ``"sentiment"``, the sign, without the texts rated exactly 0; or
    ``"opinion"``, all texts, neutral where the rating is nearer to 0 than 0.5.

    Raises:
        DataError: a line does not hold these three fields.
    """
    rows = [_row(path, number, line) for number, line in _lines(path)]
    opinion = label == "opinion"
    rated = rows if opinion else [row for row in rows if row[1] != 0]
    label_of = opinion_of if opinion else _sign
    return TextDataset(
        name=name,
        texts=tuple(text for _, _, text in rated),
        labels=tuple(label_of(score) for _, score, _ in rated),
        label_names=OPINION if opinion else SENTIMENT,
        groups=tuple(i.split("_")[0] for i, _, _ in rated) if grouped else None,
        notices=(
            *_dropped(len(rows) - len(rated)),
            _near_zero(rated, opinion),
            *_repeated(rated, label_of),
        ),
        scores=tuple(score for _, score, _ in rated),
    )


def opinion_of(score: float, band: float = NEAR_ZERO) -> int:
    """Return 0 (negative), 1 (neutral) or 2 (positive); neutral: |score| < band."""
    return 1 + (score >= band) - (score <= -band)


def _sign(score: float) -> int:
    return int(score > 0)


def _lines(path: Path) -> list[tuple[int, str]]:
    # not splitlines(): it would also break at characters that may stand in a text
    lines = path.read_text(encoding="utf-8").split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _row(path: Path, number: int, line: str) -> tuple[str, float, str]:
    try:
        identity, score, text = line.split("\t")
        return identity, float(score), text.strip()
    except ValueError as error:
        raise DataError(
            f"{path.name}, line {number}: expected id, rating and text between tabs; "
            "the file is not the one the catalogue describes."
        ) from error


def _dropped(zeros: int) -> tuple[str, ...]:
    if not zeros:
        return ()
    return (f"{zeros} texts with a mean rating of exactly 0 were dropped.",)


def _near_zero(rated: list[tuple[str, float, str]], opinion: bool) -> str:
    near = sum(abs(score) < NEAR_ZERO for _, score, _ in rated)
    what = "they are the neutral ones" if opinion else "their label is doubtful"
    return (
        f"{near} of {len(rated)} texts ({near / len(rated):.1%}) have a mean rating "
        f"nearer to 0 than {NEAR_ZERO}: {what}."
    )


def _repeated(
    rated: list[tuple[str, float, str]], label_of: Callable[[float], int]
) -> tuple[str, ...]:
    """Report texts that several records share."""
    labels = defaultdict(list)
    for _, score, text in rated:
        labels[text].append(label_of(score))
    repeated = sum(len(found) - 1 for found in labels.values())
    torn = sum(len(set(found)) > 1 for found in labels.values())
    if not repeated:
        return ()
    several = "more than one label" if label_of is opinion_of else "both labels"
    return (
        f"{repeated} texts repeat an earlier one, and {torn} texts carry {several}; "
        "they were kept, and a split keeps equal texts together.",
    )
