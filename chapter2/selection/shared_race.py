"""A race whose trials several machines carry out, each by the same plan.

The whole first fold is the leader's: the models that it leaves are measured and may be
shipped, and its seconds are those of the last refit. All other trials are for whoever
takes them first; but what changes a model goes to the machine that has it, while that
machine is there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from chapter2.selection.race import TICK, Race
from chapter2.selection.study import SharedStudy, lead
from chapter2.selection.trial import Outcome, Trial


@dataclass
class SharedRace(Race):
    """A race that tells others of its trials, and takes over theirs."""

    study: SharedStudy = field(kw_only=True)
    passed: list[Trial] = field(default_factory=list)  # left to other machines just now

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.study.close()

    def run(self) -> list[Outcome]:
        """Run trials until no machine can tell anything new; return all outcomes."""
        outcomes = super().run()
        self.study.close()
        return outcomes

    @property
    def left(self) -> float:
        """Seconds that the race may still use: a joiner those of its leader."""
        return min(super().left, self.study.left)

    def _step(self) -> bool:
        self._hear()
        self.passed = []
        if super()._step():
            return True
        if awaited := self._awaits():
            time.sleep(TICK)
        return awaited

    def _awaits(self) -> bool:
        """Whether other machines may still tell something that matters."""
        others = bool(self.study.held or self.passed)
        return self.left > 0 and (others or not self.study.leads)

    def _hear(self) -> None:
        """Take over what other machines have measured."""
        known = {o.trial for o in self.outcomes} | {*self._in_hand()}
        names = {runner.name for runner in self.plan.runners}
        for outcome in self.study.news(self.left):
            trial = outcome.trial
            # a leader before this one measured it: the model is not here
            lacking = self.study.leads and self._on_first(trial)
            if trial in known or trial.candidate not in names or lacking:
                continue
            found = self.store.find(trial)
            if found is None and not outcome.failed:
                outcome.save(self.store.path(trial))
            self._add(found or outcome)

    def _next(self) -> Trial | None:
        if trial := self._again():  # though another machine is at it
            return trial
        while True:
            taken = [*self._taken(), *self.study.held, *self.passed]
            trial = self.plan.next(self.outcomes, taken, self.left)
            if trial is None or self.store.find(trial) or self._takes(trial):
                return trial
            self.passed.append(trial)

    def _takes(self, trial: Trial) -> bool:
        """Take the trial in hand where it is for this machine."""
        if not self.study.leads and self._on_first(trial):
            return False
        if parent := self.plan.runner(trial.candidate).parent:
            elsewhere = self.study.keeps(replace(trial, candidate=parent))
            if elsewhere and self._begun(trial)[0] is None:
                return False
        return self.study.claim(trial)

    def _on_first(self, trial: Trial) -> bool:
        return trial.fold == 0 and trial.records == len(self.folds[0][0])

    def _add(self, outcome: Outcome) -> None:
        super()._add(outcome)
        score = 0.0 if outcome.failed else self.plan.score(outcome)
        self.study.tell(outcome, score)

    def _end_late(self) -> None:
        super()._end_late()
        for trial in self.ended:
            self.study.drop(trial)


def study_name(race: Race, metric: str) -> str:
    """Return the name of the study: that of its records, folds, versions and metric."""
    return f"choose-{metric}-{race.store.context}"


def shared(race: Race, place: Path | str, metric: str) -> SharedRace:
    """Return the race, led by this process and open to others at ``place``.

    Raises:
        UsageError, DataError: nothing can be opened or written there.
    """
    names = [runner.name for runner in race.plan.runners]
    study = lead(place, study_name(race, metric), names, race.left, race.say)
    return SharedRace(**vars(race), study=study)
