"""What competes in a recommendation: candidates with predictions from whole folds.

Shapes: N development records, M records predicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chapter2.selection.trial import Outcome


@dataclass(frozen=True)
class Contender:
    """A candidate with out-of-fold predictions, pooled over its folds."""

    name: str
    simplicity: int  # 0: the simplest
    rows: np.ndarray  # (M,) development rows, rising
    predicted: np.ndarray  # (M,) labels
    seconds: float  # of its trials, and of those that made the models they changed
    costs: Mapping[str, float]  # measured on its model: latency_ms_p95, size_mb, ...
    effort: float = 1.0


def contenders(
    outcomes: Sequence[Outcome],
    whole: Mapping[int, int],
    simplicity: Mapping[str, int],
) -> list[Contender]:
    """Return the candidates with predictions from all records of a fold or more.

    ``whole`` gives the number of training records of each fold. One that lacks the
    first fold is left out: it would share no record with one that has this fold alone.
    """
    found: dict[str, list[Outcome]] = {}
    for o in outcomes:
        if not o.failed and o.trial.records == whole[o.trial.fold]:
            found.setdefault(o.trial.candidate, []).append(o)
    return [
        _pooled(name, mine, simplicity[name])
        for name, mine in found.items()
        if any(o.trial.fold == 0 for o in mine)
    ]


def _pooled(name: str, mine: Sequence[Outcome], simplicity: int) -> Contender:
    rows = np.concatenate([o.rows for o in mine])
    predicted = np.concatenate([o.probabilities.argmax(1) for o in mine])
    order = np.argsort(rows, kind="stable")
    return Contender(
        name,
        simplicity,
        rows[order],
        predicted[order],
        sum(o.seconds + o.before for o in mine),
        costs={},  # measured later, where a limit asks for them
        effort=mine[0].trial.effort,
    )
