"""How the runners stand: what is known of each, and how long its trials take.

Pure: the outcomes so far go in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chapter2.selection import forecasts
from chapter2.selection.ladder import Rung
from chapter2.selection.runner import Runner
from chapter2.selection.trial import Outcome, Trial

SLACK = 1.15  # a forecast is taken to be this much too low


@dataclass(frozen=True)
class Standing:
    """The runners and their rungs; ``score`` judges an outcome (higher is better)."""

    runners: tuple[Runner, ...]  # in the order in which they are first tried
    rungs: tuple[Rung, ...]
    development: int  # records of the last refit
    score: Callable[[Outcome], float]
    seed: int = 0
    asked: int = 0  # test records, which the last refit predicts

    def runner(self, name: str) -> Runner:
        """Return the runner of that name."""
        return next(r for r in self.runners if r.name == name)

    def _parent(self, name: str) -> str | None:
        """Return the runner whose model ``name`` changes; None: it stands alone."""
        parent = self.runner(name).parent
        return parent if any(r.name == parent for r in self.runners) else None

    @property
    def _largest(self) -> int:
        """The training records of the whole first fold."""
        return max(r.records for r in self.rungs if r.whole and r.fold == 0)

    def _whole(self, trial: Trial) -> bool:
        return any(
            r.whole and (r.fold, r.records) == (trial.fold, trial.records)
            for r in self.rungs
        )

    def _of(self, name: str, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Return the candidate's outcomes, in the order of the ladder."""
        mine = [o for o in outcomes if o.trial.candidate == name and not o.failed]
        return sorted(mine, key=lambda o: (o.trial.fold, o.trial.records))

    def _on_first(self, name: str, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Return the candidate's outcomes on the first fold, by records."""
        return [o for o in self._of(name, outcomes) if o.trial.fold == 0]

    def _at(self, name: str, i: int, outcomes: Sequence[Outcome]) -> Outcome | None:
        rung = self.rungs[i]
        for o in self._of(name, outcomes):
            if (o.trial.fold, o.trial.records) == (rung.fold, rung.records):
                return o
        return None

    def _failed(self, name: str, outcomes: Sequence[Outcome]) -> bool:
        return any(o.failed for o in outcomes if o.trial.candidate == name)

    def _best(self, outcomes: Sequence[Outcome]) -> float:
        """Return the best score among those that count; 0 without any."""
        return max((self.score(o) for o in outcomes if self._counts(o)), default=0.0)

    def _counts(self, outcome: Outcome) -> bool:
        """Whether the outcome counts in the recommendation: the first fold, whole."""
        return (
            outcome.trial.fold == 0
            and not outcome.failed
            and self._whole(outcome.trial)
        )

    def _error(self, outcome: Outcome) -> float:
        """Return the standard error of the score, as of a share p of M records."""
        score = self.score(outcome)
        return math.sqrt(max(score * (1 - score), 0.01) / max(1, len(outcome.rows)))

    def forecast(self, trial: Trial, outcomes: Sequence[Outcome]) -> float | None:
        """Return the seconds that the trial will take; None where nothing is known."""
        mine = self._of(trial.candidate, outcomes)
        here = [o for o in mine if not o.elsewhere]  # machines differ
        if here and self.runner(trial.candidate).reads_once:
            seconds = forecasts.of_reading(
                trial, here, self.development, self._largest, self.asked
            )
        else:
            seconds = forecasts.of_work(trial, here or mine, self._work)
        return None if seconds is None else SLACK * seconds

    def refit(self, trial: Trial, outcomes: Sequence[Outcome]) -> float:
        """Return the seconds of fitting the trial's candidate to all records.

        What changes a model has none to change by then: its parent is fitted first.
        """
        whole = replace(trial, fold=-1, records=self.development)
        own = self.forecast(whole, outcomes) or 0.0
        if parent := self._parent(trial.candidate):
            own += self.refit(replace(trial, candidate=parent), outcomes)
        return own

    def _needed(self, trial: Trial, outcomes: Sequence[Outcome]) -> float:
        """Return the forecast; 0 where nothing is known.

        A change that was not tried is taken to last as long as the training did: it is
        mostly shorter.
        """
        needed = self.forecast(trial, outcomes)
        if needed is None and (parent := self._parent(trial.candidate)):
            needed = self.forecast(replace(trial, candidate=parent), outcomes)
        return needed or 0.0

    def _work(self, trial: Trial) -> float:
        """Return how many records the trial reads, repeats counted.

        To learn from one, forwards and back, lasts about as long as to predict three.
        """
        sizes = self.development, self._largest, self.asked
        return self._trained(trial) + forecasts.predicted(trial, *sizes) / 3

    def _trained(self, trial: Trial) -> float:
        """Return how many records training reads, repeats counted."""
        return trial.effort * self.runner(trial.candidate).work(trial.records)
