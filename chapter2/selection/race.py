"""Runs the plan: trials in child processes, in parallel, within the budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from chapter2.data.records import TextDataset
from chapter2.runtime import cores
from chapter2.selection.budget import Budget
from chapter2.selection.closing import closing
from chapter2.selection.first_answer import FirstAnswer
from chapter2.selection.forecasts import LEAST
from chapter2.selection.nursery import Child, Nursery, Spawner, nursery
from chapter2.selection.plan import Plan
from chapter2.selection.trial import Outcome, Store, Trial
from chapter2.selection.worker import HEAVY, LIGHT, Order, write_records

RUN = "chapter2.selection.worker:run"
Place = Nursery | Spawner  # where children are started
# share of the time left that a trial on a part of the first fold may take: all of the
# fold, and the last fit, take as long or longer, and there would be no time for both
PATIENCE = 1 / 3
TICK = 0.5  # seconds between two looks at the budget
# threads of a slow trial, as far as there are cores: under a budget one answer soon is
# worth more than two later, although two at a time would do more in all (a quarter on
# two cores). Beyond so many its products are too small to share
THREADS = 4


@dataclass
class Race:
    """The development records, their folds, and the trials so far."""

    records: TextDataset
    folds: tuple[tuple[np.ndarray, np.ndarray], ...]  # rows to learn from, to predict
    plan: Plan
    store: Store
    budget: Budget
    reserve: float  # seconds kept for what follows the race
    light: frozenset[str]  # candidates that need no torch
    jobs: int
    say: Callable[[str], None]
    first: FirstAnswer | None = None  # is shown the outcomes
    warm: Place | None = None  # imports already what cheap candidates need; not ours
    outcomes: list[Outcome] = field(default_factory=list)
    forecasts: dict[Trial, float] = field(default_factory=dict)  # seconds, before
    ended: dict[Trial, float] = field(default_factory=dict)  # seconds until the clock
    threads: int = THREADS  # of a slow trial at most
    # seconds that a trial on a part of the first fold may take
    limits: dict[Trial, float] = field(default_factory=dict)

    def __enter__(self) -> Race:
        """Start the nursery of the cheap candidates, unless it imports already.

        That of the others, which need torch, would hold a core for seconds: it starts
        when the first answer is out.
        """
        self.prepared = self.budget.used  # seconds until here, in this run
        self.store.folder.mkdir(parents=True, exist_ok=True)
        # what a run that was killed had used is used
        self.budget.used_before += Budget.noted(self.store.clock)
        self._stored = self._earlier()
        write_records(self._records_file, self.records)
        self._stack = ExitStack()
        self._light = self.warm or self._nursery(LIGHT)
        self._heavy: Place | None = None
        self._running: dict[str, tuple[Trial, Child]] = {}
        return self

    def _earlier(self) -> list[Trial]:
        """Return what earlier runs have measured of this race; small rungs first."""
        names = {runner.name for runner in self.plan.runners}
        found = [
            t for t in self.store.measured() if t.fold >= 0 and t.candidate in names
        ]
        return sorted(found, key=lambda t: (t.fold, t.records, t.title))

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self) -> list[Outcome]:
        """Run trials until none fits any more; return all outcomes."""
        while self._step():
            pass
        return self.outcomes

    def outcome_of(self, trial: Trial, order: Order) -> Outcome | None:
        """Carry out one order outside the plan; None where time ran out."""
        if found := self.store.find(trial):
            return found
        self._launch(trial, order)
        place = self._place(trial)
        while self.left > 0:
            self.budget.note(self.store.clock)
            child = place.wait(min(TICK, self.left))
            if child and child.name == trial.title:  # not one that the race has ended
                return self.store.find(trial)
        place.kill(trial.title)
        return None

    @property
    def left(self) -> float:
        """Seconds that the race may still use."""
        return self.budget.left - self.reserve

    def imports(self, light: bool) -> float:
        """Seconds that imports took here, without torch or with it; 0: not known."""
        place = self._light if light else self._heavy
        return (place.imports or 0.0) if place else 0.0

    def _step(self) -> bool:
        """Start what fits, wait a moment, take what ended; False: all is done."""
        while self._has_room() and (trial := self._next()):
            self._start(trial)
        if not self._running:
            return False
        places = [self._light] if self._heavy is None else [self._light, self._heavy]
        for place in places:
            while child := place.wait(TICK / 2 if self._running else 0):
                self._take(child)
        if self.reserve:  # how long imports take here is known by and by
            wanted = [closing(self, runner.name) for runner in self.plan.runners]
            self.reserve = max(self.reserve, *wanted)
        self._end_late()
        self.budget.note(self.store.clock)
        return True

    def _has_room(self) -> bool:
        """Whether one more trial may run: not beside slow ones that use all cores."""
        used = sum(self._threads(trial) for trial in self._in_hand())
        return len(self._running) < self.jobs and used < max(cores(), self.jobs)

    def _threads(self, trial: Trial) -> int:
        """Return in how many threads a trial computes."""
        share = max(1, cores() // self.jobs)
        if trial.candidate in self.light:
            return share
        return max(share, min(cores(), self.threads))

    def _next(self) -> Trial | None:
        """Return the next trial; None: what is running must end first, or all has."""
        return self._again() or self.plan.next(self.outcomes, self._taken(), self.left)

    def _again(self) -> Trial | None:
        """Return a trial of an earlier run that counts in this one."""
        return self.plan.again(self.outcomes, self._taken(), self.left, self._stored)

    def _taken(self) -> list[Trial]:
        """Return what is not to be begun: it runs, or was ended."""
        return [*self._in_hand(), *self.ended]

    def _in_hand(self) -> list[Trial]:
        return [trial for trial, _ in self._running.values()]

    def _start(self, trial: Trial) -> None:
        known = self.store.find(trial)
        if known is not None:
            self._add(known)
            return
        if (seconds := self.plan.forecast(trial, self.outcomes)) is not None:
            self.forecasts[trial] = seconds
        train, held_out = self.folds[trial.fold]
        some = subset(self.records, train, trial.records, trial.seed)
        whole = len(some) == len(train)
        if not whole:
            self.limits[trial] = PATIENCE * self.left
        # a small rung only ranks: as many are predicted as were learned from
        asked = held_out if whole else self._few(held_out, trial)
        order = self.order(trial, some, asked, self._records_file, keep=whole)
        self._running[trial.title] = trial, self._launch(trial, order)

    def _few(self, held_out: np.ndarray, trial: Trial) -> np.ndarray:
        return subset(self.records, held_out, max(LEAST, trial.records), trial.seed)

    def _launch(self, trial: Trial, order: Order) -> Child:
        """Start the child that carries out ``order``."""
        path = order.save(self.store.path(trial).with_suffix(".order"))
        log = path.with_suffix(".log")
        return self._place(trial).start(trial.title, RUN, path, log)

    def order(
        self,
        trial: Trial,
        train: Iterable[int],
        held_out: Iterable[int],
        records: Path,
        keep: bool,
        threads: int | None = None,
    ) -> Order:
        """Return what a child needs to know of ``trial``; ``keep`` saves the model."""
        return Order(
            trial,
            tuple(map(int, train)),
            tuple(map(int, held_out)),
            str(records),
            str(self.store.path(trial)),
            str(self.store.model(trial)) if keep else None,
            threads or self._threads(trial),
            *self._begun(trial),
        )

    def _begun(self, trial: Trial) -> tuple[str | None, float]:
        """Return the stored model that the trial changes, and the seconds it took."""
        if parent := self.plan.runner(trial.candidate).parent:
            before = replace(trial, candidate=parent)
            found, model = self.store.find(before), self.store.model(before)
            if found and not found.failed and model.is_dir():
                return str(model), found.seconds
        return None, 0.0

    def _take(self, child: Child) -> None:
        """Take the outcome of a child that ended, however it ended."""
        if child.name not in self._running:
            return
        trial, _ = self._running.pop(child.name)
        found = self.store.find(trial)
        if found is None:
            why = f"its process ended with code {child.code}"
            found = Outcome.failure(trial, f"{why}; see {child.log}.", child.seconds)
        self._add(found)

    def _add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.say(sentence(outcome, self.plan))
        if self.first is not None:
            self.first.look(self.outcomes)
            if self.first.over.is_set():
                self._prepare_torch()

    def _end_late(self) -> None:
        """End trials for which there is no more time, and count them as not run."""
        for trial, child in list(self._running.values()):
            if self.left > 0 and child.seconds <= self.limits.get(trial, math.inf):
                continue
            self._place(trial).kill(child.name)
            del self._running[child.name]
            self.ended[trial] = child.seconds
            why = "time is up" if self.left <= 0 else "a whole fold would take too long"
            self.say(f"{trial.title}: ended after {child.seconds:.0f} s; {why}.")

    def _place(self, trial: Trial) -> Place:
        light = trial.candidate in self.light
        return self._light if light else self._torch()

    def _torch(self) -> Place:
        """Return the nursery that imports torch; it starts when first asked for."""
        if self._heavy is None:
            self._heavy = self._nursery(HEAVY)
        return self._heavy

    def _nursery(self, preload: Sequence[str]) -> Place:
        made = nursery(preload)
        self._stack.callback(made.close)
        return made

    def _prepare_torch(self) -> None:
        """Let torch be imported where some candidate will need it."""
        if any(runner.name not in self.light for runner in self.plan.runners):
            self._torch()

    @property
    def _records_file(self) -> Path:
        return self.store.folder / "records.json"


def subset(
    records: TextDataset, rows: Sequence[int] | np.ndarray, count: int, seed: int
) -> np.ndarray:
    """Return ``count`` of the rows with the classes' shares; smaller ones are nested.

    The order depends on seed and rows alone, so every candidate sees the same records.
    """
    held = np.asarray(rows)
    if count >= len(held):
        return held
    places = TextDataset(
        "rows",
        tuple(map(str, held)),
        tuple(records.labels[i] for i in held),
        records.label_names,
    ).take(count, seed)
    return np.array([int(text) for text in places.texts])


def sentence(outcome: Outcome, plan: Plan) -> str:
    """Say in a line what a trial gave."""
    trial = outcome.trial
    if outcome.failed:
        return f"{trial.title}: {outcome.error}"
    where = " on another machine" if outcome.elsewhere else ""
    score = plan.score(outcome)
    return f"{trial.title}: {score:.3f} in {outcome.seconds:.1f} s{where}"
