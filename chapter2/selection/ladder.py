"""The ladder that a candidate climbs: parts of the first fold, then whole folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# of the first fold's training part, before all of it. Few steps: few records are read
# more often, and cost more than their share; but a curve to extend has three points
SHARES = (1 / 8, 1 / 2)
FEWEST = 64  # records on the smallest rung; fewer tell little about more
PER_CLASS = 8  # records of each class on the smallest rung, on average


@dataclass(frozen=True)
class Rung:
    """One step of the ladder."""

    fold: int
    records: int
    whole: bool  # all of the fold's training part


def ladder(training: Sequence[int], classes: int) -> tuple[Rung, ...]:
    """Return the rungs for folds whose training parts have so many records."""
    fewest = max(FEWEST, PER_CLASS * classes)
    small = [int(training[0] * share) for share in SHARES]
    rungs = [Rung(0, n, False) for n in small if fewest <= n < training[0]]
    return *rungs, *(Rung(fold, n, True) for fold, n in enumerate(training))
