"""What a run of ``choose`` found; the report, the card and the terminal read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chapter2.evaluation.intervals import Interval
from chapter2.selection.contenders import Contender
from chapter2.selection.plan import Plan
from chapter2.selection.prepare import Prepared
from chapter2.selection.recommend import Recommendation
from chapter2.selection.requirements import Requirements
from chapter2.selection.ship import Shipped
from chapter2.selection.trial import Outcome, Trial

if TYPE_CHECKING:
    from chapter2.selection.profile import Profile


@dataclass(frozen=True)
class Timing:
    """What the budget was used for."""

    budget: float  # seconds granted
    used: float  # seconds, all included
    phases: Mapping[str, float]  # seconds, in the order in which they came
    forecasts: Mapping[Trial, float]  # seconds that were expected of a trial
    # trials that the clock ended: seconds until then
    ended: Mapping[Trial, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What was measured, and what follows from it."""

    name: str  # of the records
    profile: Profile
    requirements: Requirements
    prepared: Prepared  # development and test records, folds
    plan: Plan
    recommendation: Recommendation
    entrants: tuple[Contender, ...]  # what was measured on a whole fold or more
    outcomes: tuple[Outcome, ...]  # every trial
    ineligible: Mapping[str, str]  # candidate: why it was not tried
    shipped: Shipped
    test: Mapping[str, Interval]  # quality: of the shipped model on the test part
    timing: Timing
    notices: tuple[str, ...] = ()

    @property
    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """The learning curve of each candidate: (records, score) on the first fold."""
        found: dict[str, list[tuple[int, float]]] = {}
        for o in self.outcomes:
            if not o.failed and o.trial.fold == 0:
                point = o.trial.records, self.plan.score(o)
                found.setdefault(o.trial.candidate, []).append(point)
        return {name: sorted(points) for name, points in found.items()}

    @property
    def unmeasured(self) -> dict[str, str]:
        """Why an eligible candidate is not among the entrants, in one sentence."""
        entered = {e.name for e in self.entrants}
        names = [runner.name for runner in self.plan.runners]
        return {name: self._why_not(name) for name in names if name not in entered}

    def _why_not(self, name: str) -> str:
        """Say why there is no whole fold of the candidate ``name``."""
        mine = [o for o in self.outcomes if o.trial.candidate == name]
        failed = [o for o in mine if o.failed]
        if failed:
            return f"It failed: {failed[0].error}"
        late = [t for t in self.timing.ended if t.candidate == name]
        if late:
            return (
                f"It was begun on {late[-1].records:,} records and ended after "
                f"{self.timing.ended[late[-1]]:.0f} s: there was no more time for it."
            )
        parent = self.plan.runner(name).parent
        if not mine and parent and not self.plan.alive(parent, self.outcomes):
            return f"It changes {parent}, which failed or could not be the best."
        if not mine:
            return "No time was left to try it."
        if self.plan.alive(name, self.outcomes):
            return "No time was left to train it on a whole fold."
        hope = self.plan.hope(name, self.outcomes)
        most = max(o.trial.records for o in mine)
        return (
            f"After {most:,} records even a hopeful extension of its curve, "
            f"{hope:.3f}, stayed below the best."
        )
