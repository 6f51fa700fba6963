"""The door: labelled texts and limits in; a measured recommendation out, in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from chapter2.data import TextDataset
from chapter2.errors import Chapter2Error, UsageError
from chapter2.runtime import cores, on_device
from chapter2.selection.budget import MOST_RESERVED, Budget, Phases, beside
from chapter2.selection.candidates import candidate
from chapter2.selection.choice import Choice, Timing
from chapter2.selection.closing import checking
from chapter2.selection.contenders import Contender, contenders
from chapter2.selection.costs import measure_costs
from chapter2.selection.delivery import Delivery, predicted
from chapter2.selection.entrants import contents, entrants
from chapter2.selection.first_answer import FirstAnswer
from chapter2.selection.judged import recommendation, test_scores, yardstick
from chapter2.selection.nursery import nursery
from chapter2.selection.prepare import (
    Prepared,
    is_light,
    plan_for,
    prepare,
    store_for,
)
from chapter2.selection.profile import SAMPLE, Profile, analyse
from chapter2.selection.quantities import OTHER_SPELLING, QUALITIES
from chapter2.selection.race import Race
from chapter2.selection.recommend import Drawn, Recommendation, drawing
from chapter2.selection.requirements import Requirements
from chapter2.selection.shared_race import shared
from chapter2.selection.too_little import none_measured
from chapter2.selection.worker import LIGHT

RESERVE = 15.0  # seconds for copying, a fresh process with torch, and the report
PROFILED = 50  # records that the profile looks at for each second of the budget
PATIENCE = 0.2  # of the time left: longer the profile does not wait to begin
LETTERS = 20_000  # characters that it reads for each of them, at most
BRIEF = 20  # records that it looks at where it was late
COSTS_RESERVE = 30.0  # seconds for measuring models where costs are limited
TRIALS = "trials"  # the folder of what was measured
MODEL = "model"  # the folder of what is shipped


@dataclass(frozen=True)
class Options:
    """How to go about it."""

    metric: str = "f1_macro"  # a small class counts as much as a large one
    margin: float = 0.01  # loss against the best that simplicity is worth
    # names, hub:..., endpoint:...; "all" among them, or None: all that are eligible
    candidates: tuple[str, ...] | None = None
    language: str | None = None  # ISO 639-1; None: detected
    kind: str | None = None  # of task; None: detected
    seed: int = 0  # of the test part, the folds, the subsets and all training
    jobs: int = field(default_factory=cores)  # trials at a time

    def __post_init__(self) -> None:
        name = OTHER_SPELLING.get(self.metric, self.metric)
        if name not in QUALITIES:
            raise UsageError(
                f"metric is {self.metric!r}; use one of {', '.join(QUALITIES)}."
            )
        object.__setattr__(self, "metric", name)
        if not 0 <= self.margin < 1:
            raise UsageError(
                f"margin is {self.margin}; give a share of 1, as 0.01 for one point."
            )
        if self.jobs < 1:
            raise UsageError(f"jobs is {self.jobs}; at least one trial must run.")


def choose(
    dataset: TextDataset,
    requirements: Requirements | None = None,
    *,
    test: TextDataset | None = None,
    out: str | Path = "choice",
    options: Options | None = None,
    used: float = 0.0,
    study: str | Path | None = None,
    say: Callable[[str], None] = print,
    report: Callable[[Choice], Choice] | None = None,
) -> Choice:
    """Measure candidates on ``dataset`` within the budget; recommend and ship one.

    Args:
        dataset: labelled texts.
        requirements: the budget, and limits that the recommended model must keep.
        test: records that only report; None sets a fifth aside. What shares a text or
            a group with them is left out of ``dataset``, and said.
        out: the folder of the model and of the trials. What stands there from a run on
            the same records that was ended is used again, and its time counts.
        options: metric, margin, candidates, seed, processes.
        used: seconds of the budget that were used before: reading the records.
        study: a file on a shared folder, or a database's URL, through which others
            carry out trials too: see :func:`chapter2.join`.
        say: takes one line for each thing that is found on the way.
        report: writes the report; a run that is ended meanwhile has not ended well, and
            its time counts. What it returns is returned.

    Raises:
        UsageError, DataError: the records, the limits, the budget or the study make no
            sense; or the budget was too small, and then it says what was measured.
        ModelError: the saved model is not the one that was measured.
    """
    options = options or Options()
    limits = (requirements or Requirements()).check()
    phases = Phases(budget := Budget(limits.budget_seconds, used))
    with on_device(limits.device), nursery(LIGHT) as warm:
        # it imports while the records are prepared
        prepared = prepare(dataset, test, options.seed, options.kind)
        names, ineligible = entrants(prepared, limits, options)
        asked = (limits, options, Path(out) / TRIALS, budget, say)
        race = race_of(prepared, names, *asked)
        race.warm = warm
        if study is not None:
            race = shared(race, study, options.metric)
        with race:
            phases.end("preparation")
            told = (limits, options, phases, ineligible, Path(out))
            run = Run(dataset, test, prepared, *told)
            try:
                choice = run.carry_out(race)
            except Chapter2Error:
                race.store.clock.unlink(missing_ok=True)
                raise
    phases.end("closing")
    choice = replace(choice, timing=run.timing(race))
    if report is not None:
        budget.note(race.store.clock)
        choice = report(choice)
    race.store.clock.unlink(missing_ok=True)  # it has ended: a new run has all its time
    return choice


@dataclass(frozen=True)
class Run:
    """What :func:`choose` has decided before anything is measured."""

    dataset: TextDataset
    given: TextDataset | None  # the test set, where there is one of its own
    prepared: Prepared
    limits: Requirements
    options: Options
    phases: Phases
    ineligible: Mapping[str, str]
    out: Path

    def carry_out(self, race: Race) -> Choice:
        """Measure, recommend, ship."""
        prepared, limits, timed = self.prepared, self.limits, self.phases.run
        # the trials compute in other processes: this one would only wait
        profile = beside(partial(self._profile, race))
        outcomes = timed("trials", race.run)
        found = timed("costs", measured, race, prepared, limits)
        judge = partial(self._judge, prepared, {})
        answer = timed("comparison", judge, found, {})
        last = Delivery(race, found, answer, judge, limits)
        folder = self.out / MODEL
        shipped = timed("refit and check", last.carry_out, prepared.test, folder)
        known = timed("profile", self._known, profile, race)
        prepared = predicted(prepared, shipped)
        return Choice(
            name=self.dataset.name,
            profile=known,
            requirements=limits,
            prepared=prepared,
            plan=race.plan,
            recommendation=last.answer,
            entrants=tuple(last.found),
            outcomes=tuple(outcomes),
            ineligible=self.ineligible,
            shipped=shipped,
            test=timed("test scores", test_scores, shipped, prepared),
            timing=self.timing(race),
            notices=(*self.dataset.notices, *prepared.notices),
        )

    def _judge(
        self,
        prepared: Prepared,
        drawn: Drawn,
        found: Sequence[Contender],
        barred: Mapping[str, str],
    ) -> Recommendation:
        asked = self.limits, self.options, barred
        return recommendation(found, prepared, *asked, drawn)

    def _profile(self, race: Race) -> Profile:
        """Return what the records are like; the first answer is not kept waiting."""
        if race.first is not None:
            race.first.over.wait(PATIENCE * race.left)
        return self._analysed(sample(self.limits, self.dataset))

    def _analysed(self, most: int) -> Profile:
        kind = self.options.kind
        return analyse(self.dataset, kind=kind, test=self.given, limit=most)

    def _known(self, profile: Future[Profile], race: Race) -> Profile:
        """Return the profile, of few records where the whole one was late."""
        try:
            return profile.result(max(0.0, checking(race)))
        except LateError:
            return self._analysed(BRIEF)

    def timing(self, race: Race) -> Timing:
        """Return what was used so far, and for what."""
        phases = dict(self.phases.ended)
        used = sum(phases.values())
        return Timing(race.budget.seconds, used, phases, race.forecasts, race.ended)


def measured(race: Race, prepared: Prepared, limits: Requirements) -> list[Contender]:
    """Return the contenders of the race, with their costs where a limit asks."""
    simplicity = {r.name: candidate(r.name).entry.simplicity for r in race.plan.runners}
    found = contenders(race.outcomes, prepared.whole, simplicity)
    if not found:
        raise none_measured(race)
    return measure_costs(race, found, limits, prepared.development)


def race_of(
    prepared: Prepared,
    names: Sequence[str],
    limits: Requirements,
    options: Options,
    folder: Path,
    budget: Budget,
    say: Callable[[str], None],
) -> Race:
    """Return the race of ``names`` on the prepared records."""
    entries = [candidate(name).entry for name in names]
    yard = yardstick(prepared, options)
    settings = {"seed": options.seed, "device": limits.device, **contents(names)}
    plan = plan_for(prepared, entries, yard.metric, options.seed)
    comparing = drawing(len(names), len(yard.labels), yard.classes)
    return Race(
        records=prepared.development,
        folds=prepared.folds,
        plan=plan,
        store=store_for(prepared, folder, settings),
        budget=budget,
        reserve=reserve(limits, comparing),
        light=frozenset(e.name for e in entries if is_light(e) or e.network),
        jobs=options.jobs,
        say=say,
        first=FirstAnswer(plan, prepared.whole, yard, budget, say),
    )


def sample(limits: Requirements, dataset: TextDataset) -> int:
    """Return how many records the profile may look at: a second reads a thousand."""
    letters = sum(map(len, dataset.texts)) / len(dataset)  # of one, on average
    each = min(PROFILED, LETTERS / max(1.0, letters))
    return int(min(SAMPLE, max(BRIEF, each * limits.budget_seconds)))


def reserve(limits: Requirements, comparing: float) -> float:
    """Return the seconds kept for what follows the trials, beside the refit.

    ``comparing`` are those of the intervals.
    """
    wanted = RESERVE + comparing + (COSTS_RESERVE if limits.maximum else 0.0)
    return min(wanted, MOST_RESERVED * limits.budget_seconds)
