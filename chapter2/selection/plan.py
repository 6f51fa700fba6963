"""What to measure next: asynchronous successive halving under a budget.

Each candidate climbs a ladder: some of the training part of the first fold (an
eighth, a half), all of it, then all of each further fold. What is trained by epochs is
looked at once, for a part of them, mostly to learn how long it takes: few records are
read so often that a look in full would cost half of the whole. A candidate is promoted
while it stands in the better half of those that reached its rung (ASHA: Li et al.
2020, A System for Massively Parallel Hyperparameter Tuning), and dropped once even a
hopeful extension of its learning curve stays below the best. What is at the top with a
part of the records already goes on before others are begun, and so does what is likely
to reach it and has time enough for a whole fold. Only rungs with all
records of a fold count in the recommendation. What costs next to nothing skips the
small rungs: its whole ladder is the first answer. What changes the model of another, as
8 bits do, waits for it on a whole fold, follows it there, and is dropped with it.

Pure: what is known goes in, the next trial comes out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from chapter2.selection.runner import Runner
from chapter2.selection.standing import Standing
from chapter2.selection.trial import Outcome, Trial

EFFORTS = (1.0, 0.5, 0.25)  # shares of the schedule, where the whole does not fit
LOOK = 0.25  # the share of the schedule of a first look
LITTLE = 0.02  # of the time left: what takes no more goes on at once
HOPE = 0.01  # gain per doubling of the records that is always thought possible
STEEP = 0.10  # gain per doubling where one rung alone is known
USUAL = 0.03  # the same, where it is to be likely and not only possible


@dataclass(frozen=True)
class Plan(Standing):
    """Chooses the next trial."""

    def next(
        self, outcomes: Sequence[Outcome], running: Sequence[Trial], left: float
    ) -> Trial | None:
        """Return the next trial that fits into ``left`` seconds, or None.

        The time of the last refit is kept free.
        """
        taken = {o.trial for o in outcomes} | set(running)
        for trial in self._wanted(outcomes, running, left):
            if trial not in taken and (fitting := self._fit(trial, outcomes, left)):
                return fitting
        return None

    def again(
        self,
        outcomes: Sequence[Outcome],
        running: Sequence[Trial],
        left: float,
        stored: Sequence[Trial],
    ) -> Trial | None:
        """Return what is to be taken of the trials that an earlier run has stored.

        They cost nothing: no matter how little time is left, and who is ahead. But a
        shorter schedule waits while there is time for a longer one; a further fold
        follows the first, and a change its parent, at the same effort. In ``stored``
        small rungs stand before whole folds.
        """
        known = {o.trial for o in outcomes if not o.failed}
        done = {(o.trial.candidate, o.trial.fold, o.trial.records) for o in outcomes}
        busy = {trial.candidate for trial in running}
        for trial in stored:
            name, first = trial.candidate, replace(trial, fold=0, records=self._largest)
            if (name, trial.fold, trial.records) in done or name in busy:
                continue
            if not self._whole(trial):
                wanted = True
            elif parent := self._parent(name):
                wanted = replace(trial, candidate=parent) in known
            elif trial == first:
                longest = replace(first, effort=1.0)
                wanted = self._fit(longest, outcomes, left, stored) == trial
            else:
                wanted = first in known
            if wanted:
                return trial
        return None

    def _wanted(
        self, outcomes: Sequence[Outcome], running: Sequence[Trial], left: float
    ) -> Iterable[Trial]:
        """Yield what is worth measuring, the most wanted first."""
        cheap = [r for r in self.runners if r.cheap]
        going = [r for r in cheap if not self._failed(r.name, outcomes)]
        for together in zip(*map(self._ladder, going), strict=True):  # first answer:
            yield from together  # all of them on one fold before any on the next
        racing = [
            r
            for r in self.runners
            if not (r.cheap or self._parent(r.name)) and self.alive(r.name, outcomes)
        ]
        busy = {trial.candidate for trial in running}
        yield from self._changes(outcomes)  # cheap beside what they change
        for trial in self._promotions(racing, outcomes, busy, everyone=True):
            if self._needed(trial, outcomes) <= LITTLE * left:
                yield trial
        leading = [r for r in racing if self._leads(r.name, outcomes)]
        yield from self._promotions(leading, outcomes, busy, everyone=True)
        yield from self._at_once(racing, outcomes, busy, left)
        for runner in racing:  # each is seen once
            if not self._of(runner.name, outcomes) and runner.name not in busy:
                yield self._ladder(runner)[0]
        yield from self._promotions(racing, outcomes, busy, everyone=False)
        yield from self._promotions(racing, outcomes, busy, everyone=True)

    def _at_once(
        self,
        racing: Sequence[Runner],
        outcomes: Sequence[Outcome],
        busy: set[str],
        left: float,
    ) -> Iterable[Trial]:
        """Yield the next rungs of what is good and has time for a whole fold."""
        best = self._best(outcomes)
        good = [
            r
            for r in racing
            if self._of(r.name, outcomes) and self.hope(r.name, outcomes, USUAL) >= best
        ]
        for trial in self._promotions(good, outcomes, busy, everyone=True):
            whole = replace(trial, records=self._largest)
            if trial.fold == 0 and self._fit(whole, outcomes, left):
                yield trial

    def _leads(self, name: str, outcomes: Sequence[Outcome]) -> bool:
        """Whether its last score there reaches the best, to a standard error."""
        if not (mine := self._on_first(name, outcomes)):
            return False
        return self.score(mine[-1]) + self._error(mine[-1]) >= self._best(outcomes)

    def _changes(self, outcomes: Sequence[Outcome]) -> Iterable[Trial]:
        """Yield the trials that change the models which whole folds have left."""
        for runner in self.runners:
            parent = self._parent(runner.name)
            if parent and self.alive(runner.name, outcomes):
                for o in self._of(parent, outcomes):
                    if self._whole(o.trial):
                        yield replace(o.trial, candidate=runner.name)

    def _promotions(
        self,
        racing: Sequence[Runner],
        outcomes: Sequence[Outcome],
        busy: set[str],
        everyone: bool,
    ) -> Iterable[Trial]:
        """Yield the next rung of the better half of each rung, highest rung first."""
        for i in reversed(range(len(self.rungs) - 1)):
            here = [(self._at(r.name, i, outcomes), r) for r in racing]
            reached = [(self.score(o), r) for o, r in here if o is not None]
            reached.sort(key=lambda pair: -pair[0])
            kept = len(reached) if everyone else math.ceil(len(reached) / 2)
            for _, runner in reached[:kept]:
                above = next(j for j in runner.steps(self.rungs) if j > i)
                done = self._at(runner.name, above, outcomes) is not None
                if not done and runner.name not in busy:
                    yield self._trial(runner.name, above, outcomes)

    def _ladder(self, runner: Runner) -> list[Trial]:
        return [self._trial(runner.name, i, ()) for i in runner.steps(self.rungs)]

    def _trial(self, name: str, i: int, outcomes: Sequence[Outcome]) -> Trial:
        """Return the trial on rung ``i``; further folds at the effort of the first."""
        rung, effort = self.rungs[i], 1.0
        if rung.fold > 0 and (mine := self._of(name, outcomes)):
            effort = mine[-1].trial.effort
        elif not rung.whole and self.runner(name).by_epochs:
            effort = LOOK
        return Trial(name, rung.fold, rung.records, effort, self.seed)

    def _fit(
        self,
        trial: Trial,
        outcomes: Sequence[Outcome],
        left: float,
        stored: Sequence[Trial] = (),
    ) -> Trial | None:
        """Return the trial, at a lower effort if need be, or None if none fits."""
        runner = self.runner(trial.candidate)
        first_whole = trial.fold == 0 and self._whole(trial)
        free = runner.by_epochs and first_whole and not self._parent(runner.name)
        for effort in EFFORTS if free else (1.0,):
            wanted = replace(trial, effort=trial.effort * effort)
            if wanted in stored:
                return wanted
            needed = self._needed(wanted, outcomes)
            if needed + self.refit(wanted, outcomes) <= left:
                return wanted if left > 0 else None
        return None

    def alive(self, name: str, outcomes: Sequence[Outcome]) -> bool:
        """Whether the candidate has not failed and could still be the best."""
        if self._failed(name, outcomes):
            return False
        if (parent := self._parent(name)) and not self.alive(parent, outcomes):
            return False
        started = self._on_first(name, outcomes)
        return not started or self.hope(name, outcomes) >= self._best(outcomes)

    def hope(
        self, name: str, outcomes: Sequence[Outcome], steep: float = STEEP
    ) -> float:
        """Return a hopeful score with all records: the last gain per doubling goes on.

        Learning curves flatten, so it seldom goes on; two standard errors of the last
        score are added.
        """
        mine = self._on_first(name, outcomes)
        last = mine[-1]
        score, records = self.score(last), last.trial.records
        gain = steep
        if len(mine) > 1:
            doublings = math.log2(records / mine[-2].trial.records)
            gain = (score - self.score(mine[-2])) / doublings if doublings else 0.0
        ahead = 0.0
        if not self._whole(last.trial):  # a look at a part of the schedule knows less
            whole = self.runner(name).work(self._largest)
            ahead = max(0.0, math.log2(whole / self._trained(last.trial)))
        return min(1.0, score + max(gain, HOPE) * ahead + 2 * self._error(last))
