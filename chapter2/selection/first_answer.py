"""The first answer: what the cheap candidates score, while the others still compute.

A user sees in seconds what a table of word counts reaches, and may stop there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event

from chapter2.evaluation.intervals import Interval
from chapter2.selection.budget import Budget
from chapter2.selection.contenders import contenders
from chapter2.selection.plan import Plan
from chapter2.selection.quantities import OTHER_SPELLING
from chapter2.selection.recommend import Yardstick, scored
from chapter2.selection.trial import Outcome


def first_scores(
    plan: Plan,
    outcomes: Sequence[Outcome],
    whole: Mapping[int, int],
    yard: Yardstick,
) -> dict[str, Interval] | None:
    """Return each cheap candidate's score on the folds that it has, the lowest first.

    None while one of them, unless it failed, lacks a whole fold.

    Args:
        outcomes: what was measured so far.
        whole: the number of training records of each fold.
        yard: the true labels, by development row, and the metric.
    """
    cheap = [runner.name for runner in plan.runners if runner.cheap]
    mine = [o for o in outcomes if o.trial.candidate in cheap]
    found = {e.name: e for e in contenders(mine, whole, dict.fromkeys(cheap, 0))}
    failed = {o.trial.candidate for o in mine if o.failed}
    if not found or not set(cheap) <= found.keys() | failed:
        return None
    scores = {n: scored(e, yard, plan.seed) for n, e in found.items()}
    return dict(sorted(scores.items(), key=lambda item: item[1].value))


def sentence(scores: Mapping[str, Interval], metric: str, seconds: float) -> str:
    """Return the scores, shares of 1, as one line with per cent and intervals."""
    told = ", ".join(
        f"{name} {100 * s.value:.1f} % [{100 * s.low:.1f}, {100 * s.high:.1f}]"
        for name, s in scores.items()
    )
    name = OTHER_SPELLING.get(metric, metric)
    return f"First answer after {seconds:.0f} s ({name}, out of fold): {told}"


@dataclass
class FirstAnswer:
    """Is shown the outcomes as they come; says the first answer once."""

    plan: Plan
    whole: Mapping[int, int]  # fold: its training records
    yard: Yardstick
    budget: Budget
    say: Callable[[str], None]
    over: Event = field(default_factory=Event)  # set: it is said, or there will be none

    def __post_init__(self) -> None:
        if not any(runner.cheap for runner in self.plan.runners):
            self.over.set()

    def look(self, outcomes: Sequence[Outcome]) -> None:
        """Say it as soon as all cheap candidates have a whole fold."""
        if self.over.is_set():
            return
        scores = first_scores(self.plan, outcomes, self.whole, self.yard)
        if scores is not None:
            self.over.set()
            self.say(sentence(scores, self.yard.metric, self.budget.used))
