"""What more would buy: more time, more labelled records, other limits.

Pure: a choice goes in, numbers come out; the report makes sentences of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chapter2.evaluation.learning_curves import FEWEST, extrapolate
from chapter2.evaluation.resampling import design_effect
from chapter2.evaluation.significance import mcnemar, minimal_detectable_difference
from chapter2.selection.choice import Choice
from chapter2.selection.judged import qualities
from chapter2.selection.plan import Plan
from chapter2.selection.recommend import Comparison
from chapter2.selection.trial import Outcome, Trial

FACTORS = (2, 4)  # times the development records


@dataclass(frozen=True)
class MoreTime:
    """A candidate that was not measured on a whole fold, and what that would take."""

    name: str
    records: int  # on which it was last measured; 0: never
    hopeful: float | None  # score with all records, if its last gain goes on
    seconds: float | None  # of the rest of its ladder and the refit; None: not known


def more_time(choice: Choice) -> list[MoreTime]:
    """Return what more time would measure, the most hopeful first."""
    plan, outcomes = choice.plan, choice.outcomes
    entered = {e.name for e in choice.entrants}
    found = [
        _more_time(runner.name, plan, outcomes)
        for runner in plan.runners
        if runner.name not in entered and plan.alive(runner.name, outcomes)
    ]
    return sorted(found, key=lambda m: -(m.hopeful or 0.0))


def _more_time(name: str, plan: Plan, outcomes: Sequence[Outcome]) -> MoreTime:
    mine = [o for o in outcomes if o.trial.candidate == name and not o.failed]
    if not mine:
        return MoreTime(name, 0, None, None)
    done = {(o.trial.fold, o.trial.records) for o in mine}
    last = max(mine, key=lambda o: o.trial.records)
    rungs = [plan.rungs[i] for i in plan.runner(name).steps(plan.rungs)]
    # no contender, so it had looks alone; whatever comes next has the whole schedule
    left = [
        Trial(name, rung.fold, rung.records, 1.0, plan.seed)
        for rung in rungs
        if (rung.fold, rung.records) not in done
        and rung.records > last.trial.records * (rung.fold == 0)
    ]
    seconds = sum(plan.forecast(trial, outcomes) or 0.0 for trial in left)
    seconds += plan.refit(replace(last.trial, effort=1.0), outcomes)
    hopeful = plan.hope(name, outcomes)
    return MoreTime(name, last.trial.records, hopeful, seconds)


@dataclass(frozen=True)
class MoreData:
    """What a learning curve promises with more labelled records."""

    name: str
    records: int
    score: float
    low: float  # of the band
    high: float


def more_data(choice: Choice) -> list[MoreData]:
    """Return the extrapolated curves of the recommended and the best candidate.

    Empty for a candidate whose curve has too few sizes to be extended.
    """
    answer = choice.recommendation
    names = dict.fromkeys((answer.name, answer.best))
    sizes = [factor * len(choice.prepared.development) for factor in FACTORS]
    return [point for n in names for point in extended(n, choice.curves, sizes)]


def extended(
    name: str, curves: Mapping[str, Sequence[tuple[int, float]]], sizes: Sequence[int]
) -> list[MoreData]:
    """Return the curve of ``name`` at ``sizes``; nothing where points are few."""
    points = dict(curves.get(name, ()))
    if len(points) < FEWEST:
        return []
    known, scores = list(points), list(points.values())
    found = [extrapolate(known, scores, n) for n in sizes]
    return [
        MoreData(name, n, *(_share(x) for x in (f.value, f.low, f.high)))
        for n, f in zip(sizes, found, strict=True)
    ]


def _share(x: float) -> float:
    return min(1.0, max(0.0, float(x)))


def smallest_difference(choice: Choice) -> float | None:
    """Return the smallest difference that so many records would have shown, mostly.

    Of the recommended beside the best, or the nearest to it; None with one contender.
    """
    answer = choice.recommendation
    by_name = {e.name: e for e in choice.entrants}
    best, others = by_name[answer.best], [c.name for c in answer.comparisons]
    if not others:
        return None
    name = answer.name if answer.name != answer.best else _nearest(answer.comparisons)
    rows, ours, theirs = np.intersect1d(
        by_name[name].rows, best.rows, return_indices=True
    )
    true = choice.prepared.labels[rows]
    a, b = by_name[name].predicted[ours], best.predicted[theirs]
    apart = (a == true) - 1.0 * (b == true)  # (M,)
    effect = design_effect(apart, choice.prepared.units[rows])
    independent = max(1, round(len(rows) / effect))
    return minimal_detectable_difference(independent, mcnemar(true, a, b).disagreement)


def _nearest(comparisons: Sequence[Comparison]) -> str:
    return max(comparisons, key=lambda c: c.difference.value).name


@dataclass(frozen=True)
class Reach:
    """The value nearest to a limit that any contender has."""

    limit: str
    asked: float
    nearest: float | None  # None: of none was it measured
    name: str | None  # of the contender
    kept: bool


def reaches(choice: Choice) -> list[Reach]:
    """Return for each limit how near a contender comes to it."""
    measured = {
        e.name: {**qualities(e, choice.prepared), **e.costs} for e in choice.entrants
    }
    asked = choice.requirements
    low = [_reach(name, at, measured, 1) for name, at in asked.minimum.items()]
    return low + [_reach(name, at, measured, -1) for name, at in asked.maximum.items()]


def _reach(
    limit: str, asked: float, measured: Mapping[str, Mapping[str, float]], sign: int
) -> Reach:
    """``sign`` is 1 where more is better, -1 where less is."""
    known = {
        name: found[limit]
        for name, found in measured.items()
        if not math.isnan(found.get(limit, math.nan))
    }
    if not known:
        return Reach(limit, asked, None, None, False)
    name = max(known, key=lambda each: sign * known[each])
    return Reach(limit, asked, known[name], name, sign * known[name] >= sign * asked)


def without(choice: Choice, limit: str) -> str | None:
    """Return the best contender that keeps all limits but one; None: there is none."""
    asked = choice.requirements
    eased = replace(
        asked,
        minimum={n: x for n, x in asked.minimum.items() if n != limit},
        maximum={n: x for n, x in asked.maximum.items() if n != limit},
    )
    keep = [
        e.name
        for e in choice.entrants
        if not eased.unmet({**qualities(e, choice.prepared), **e.costs})
    ]
    scores = choice.recommendation.scores
    return max(keep, key=lambda name: scores[name].value, default=None)
