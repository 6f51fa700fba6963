"""From out-of-fold predictions to a recommendation.

Recommended is the simplest candidate that meets every requirement and is shown not to
be worse than the best of those that do by more than a margin. "Shown" is a paired
bootstrap over the records that both have predicted (those that a split may not part, as
copies of a text, are drawn together): the one-sided p-value is the share
of resamples in which the loss exceeds the margin, Holm-corrected for the number of
comparisons, because with many candidates one would pass by luck. The same as a bound:
what the difference is at worst, one-sided, at the level that the correction leaves; it
lies above minus the margin exactly where the p-value decides so. The test part has no
say here.

Shapes: N development records, M records predicted, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from chapter2.errors import DataError
from chapter2.evaluation import bootstrap_interval, holm
from chapter2.evaluation.intervals import Interval
from chapter2.evaluation.resampling import Resample
from chapter2.selection.contenders import Contender

RESAMPLES = 2000
LEVEL = 0.95
DRAWN = 6e-8  # seconds to draw and score one kind of record in one resample


# by a name its score, by two names their differences (R,): see :func:`recommend`
Drawn = dict[tuple[str, ...], Any]


@dataclass(frozen=True)
class Yardstick:
    """What the predictions of every contender are held against."""

    labels: np.ndarray  # (N,) true, by development row
    metric: str  # a name in ``evaluation.METRICS``
    classes: int  # C: one may be answered of which there is no record
    # (N,) integers: records with the same one are drawn together; None: each alone
    units: np.ndarray | None = None


@dataclass(frozen=True)
class Comparison:
    """A contender beside the best: score(contender) - score(best), paired."""

    name: str
    difference: Interval  # two-sided, of this comparison alone: it decides nothing
    p_value: float  # of a loss of more than the margin, Holm-corrected
    bound: float  # the difference at worst: one-sided, at Holm's level
    accepted: bool  # such a loss is excluded: the bound lies above minus the margin


@dataclass(frozen=True)
class Recommendation:
    """The answer, and what it rests on."""

    name: str  # the simplest acceptable contender
    best: str  # the highest score among those that meet the requirements
    scores: Mapping[str, Interval]  # of every contender, on its own rows
    comparisons: tuple[Comparison, ...]  # of those that meet the requirements
    unmet: Mapping[str, tuple[str, ...]]  # contender: its limits that are broken
    meets: bool  # False: nothing meets the limits, and `name` is the nearest
    metric: str
    margin: float
    # contender: why it could not be made ready; it has no say in the answer
    barred: Mapping[str, str] = field(default_factory=dict)


def recommend(
    entrants: Sequence[Contender],
    yard: Yardstick,
    margin: float = 0.01,
    unmet: Mapping[str, tuple[str, ...]] | None = None,
    seed: int = 0,
    barred: Mapping[str, str] | None = None,
    drawn: Drawn | None = None,
) -> Recommendation:
    """Return the simplest contender that meets the limits and loses little.

    Args:
        entrants: what was measured on all records of at least one fold.
        yard: what their predictions are held against.
        margin: the loss against the best that is accepted for simplicity, as a share.
        unmet: for each contender the sentences on the limits that it breaks.
        seed: of the resamples.
        barred: contenders that cannot be had, and why.
        drawn: what was drawn for another answer on the same predictions, yardstick
            and seed; it is not drawn again, and what is new is added.

    Raises:
        DataError: there is no contender, or none that can be had.
    """
    barred = barred or {}
    ready = [e for e in entrants if e.name not in barred]
    if not ready:
        raise DataError(
            "No candidate was measured on a whole fold, or none is left to recommend."
        )
    broken = {e.name: tuple((unmet or {}).get(e.name, ())) for e in entrants}
    fit = [e for e in ready if not broken[e.name]]
    pool = fit or [nearest(ready, broken, yard)]
    best = leader(pool, yard)
    drawn = {} if drawn is None else drawn
    compared = compare(pool, best, yard, margin, seed, drawn)
    accepted = {c.name for c in compared if c.accepted} | {best.name}
    simplest = min((e for e in pool if e.name in accepted), key=lambda e: e.simplicity)
    return Recommendation(
        name=simplest.name,
        best=best.name,
        scores=_scores(entrants, yard, seed, drawn),
        comparisons=tuple(compared),
        unmet=broken,
        meets=bool(fit),
        metric=yard.metric,
        margin=margin,
        barred=barred,
    )


def drawing(contenders: int, records: int, classes: int) -> float:
    """Return the seconds that the intervals of so many contenders take.

    With few classes there are about 4 C^2 kinds of record, where one of two is right.
    """
    return contenders * RESAMPLES * DRAWN * min(records, 4 * classes**2)


def scored(e: Contender, yard: Yardstick, seed: int) -> Interval:
    """Return the score of a contender on the records that it predicted."""
    return bootstrap_interval(
        yard.metric,
        yard.labels[e.rows],
        e.predicted,
        RESAMPLES,
        LEVEL,
        seed,
        yard.classes,
        None if yard.units is None else yard.units[e.rows],
    )


def _scores(
    entrants: Sequence[Contender], yard: Yardstick, seed: int, drawn: Drawn
) -> dict[str, Interval]:
    return {
        e.name: _once(drawn, (e.name,), partial(scored, e, yard, seed))
        for e in entrants
    }


def nearest(
    entrants: Sequence[Contender],
    broken: Mapping[str, tuple[str, ...]],
    yard: Yardstick,
) -> Contender:
    """Return the one that breaks the fewest limits; among equals, the best."""
    fewest = min(len(broken[e.name]) for e in entrants)
    return leader([e for e in entrants if len(broken[e.name]) == fewest], yard)


def leader(entrants: Sequence[Contender], yard: Yardstick) -> Contender:
    """Return the best: each challenger meets the leader on the rows that both have.

    Those with most predictions come first, so that a leader by one fold is met there.
    """
    order = sorted(entrants, key=lambda e: (-len(e.rows), e.simplicity))
    best = order[0]
    for challenger in order[1:]:
        ours, theirs = _pair(challenger, best, yard).observed()
        if ours > theirs:
            best = challenger
    return best


def compare(
    entrants: Sequence[Contender],
    best: Contender,
    yard: Yardstick,
    margin: float,
    seed: int,
    drawn: Drawn,
) -> list[Comparison]:
    """Return each contender beside the best, the best itself not among them."""
    others = [e for e in entrants if e.name != best.name]
    pairs = [_pair(e, best, yard) for e in others]
    differences = [
        _once(drawn, (e.name, best.name), partial(_differences, pair, seed))
        for e, pair in zip(others, pairs, strict=True)
    ]
    # never 0: R resamples cannot show less than 1 in R + 1
    alone = [(1 + int((d <= -margin).sum())) / (RESAMPLES + 1) for d in differences]
    corrected = holm(alone)
    return [
        Comparison(
            others[i].name,
            _interval(pairs[i], differences[i]),
            p,
            at_worst(differences[i], p / alone[i]),
            p <= 1 - LEVEL,
        )
        for i, p in enumerate(corrected)
    ]


def _once(drawn: Drawn, names: tuple[str, ...], draw: Callable[[], Any]) -> Any:
    if names not in drawn:
        drawn[names] = draw()
    return drawn[names]


def _differences(pair: Resample, seed: int) -> np.ndarray:
    """Return the differences of the two, of each resample: (R,)."""
    both = pair.draw(RESAMPLES, seed)
    return both[:, 0] - both[:, 1]


def _interval(pair: Resample, differences: np.ndarray) -> Interval:
    ours, theirs = pair.observed()
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    return Interval(ours - theirs, float(low), float(high), LEVEL, RESAMPLES)


def at_worst(differences: np.ndarray, times: float) -> float:
    """Return the lower bound of a difference, of its resamples (R,).

    One-sided, at the level ``(1 - LEVEL) / times``: the first resample above those that
    may lie at or below minus the margin where the p-value, multiplied by ``times``, is
    still small enough. Minus infinity where not even one resample is so much.
    """
    allowed = int((1 - LEVEL) / times * (len(differences) + 1)) - 1
    return float(np.sort(differences)[allowed]) if allowed >= 0 else -np.inf


def _pair(a: Contender, b: Contender, yard: Yardstick) -> Resample:
    rows, at_a, at_b = np.intersect1d(a.rows, b.rows, return_indices=True)
    preds = np.stack([a.predicted[at_a], b.predicted[at_b]])
    units = None if yard.units is None else yard.units[rows]
    return Resample(yard.metric, yard.labels[rows], preds, yard.classes, units)
