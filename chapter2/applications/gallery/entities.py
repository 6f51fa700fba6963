"""Named entities: taggers side by side on the same sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chapter2.evaluation import Interval, tagging_report
from chapter2.evaluation.tables import markdown_table
from chapter2.evaluation.tag_intervals import (
    f1_difference,
    f1_interval,
    sentence_counts,
)
from chapter2.evaluation.tagging import Tags, entities

HEADER = ("tagger", "precision", "recall", "F1 [95 % interval]", "not BIO")


@dataclass(frozen=True, eq=False)
class TaggerComparison:
    """What several taggers say of the same N sentences."""

    true: Tags
    predicted: dict[str, Tags]  # tagger -> tags
    resamples: int = 1000

    def interval(self, name: str) -> Interval:
        """Return the micro F1 of a tagger's entities, drawn over sentences."""
        return f1_interval(self._counts(name), self.resamples)

    def against(self, name: str, other: str) -> Interval:
        """Return F1(name) - F1(other) by the paired bootstrap over sentences."""
        return f1_difference(self._counts(name), self._counts(other), self.resamples)

    def broken(self, name: str) -> int:
        """Return the number of sentences whose tags are no BIO sequence."""
        return sum(not is_bio(tags) for tags in self.predicted[name])

    def _counts(self, name: str) -> np.ndarray:
        return sentence_counts(self.true, self.predicted[name])

    def _repr_markdown_(self) -> str:
        rows = []
        for name, tags in self.predicted.items():
            found = tagging_report(self.true, tags).micro
            scores = [f"{found.precision:.3f}", f"{found.recall:.3f}"]
            interval = f"{self.interval(name):.3f}"
            rows.append([name, *scores, interval, f"{self.broken(name):,}"])
        return markdown_table(HEADER, rows)


def is_bio(tags: Sequence[str]) -> bool:
    """Return whether each ``I-X`` follows a ``B-X`` or an ``I-X``."""
    steps = zip(("O", *tags), tags, strict=False)
    return all(tag[:2] != "I-" or before[2:] == tag[2:] for before, tag in steps)


def marked(tokens: Sequence[str], tags: Sequence[str], between: str = " ") -> str:
    """Return the sentence with its entities in brackets, each with its type."""
    starts = {start: (kind, end) for kind, _, start, end in entities([tags])}
    words, at = [], 0
    while at < len(tokens):
        kind, end = starts.get(at, ("", at + 1))
        text = between.join(tokens[at:end])
        words.append(f"[{text}|{kind}]" if kind else text)
        at = end
    return between.join(words)
