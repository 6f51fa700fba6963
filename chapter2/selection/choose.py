"""The door: labelled texts and limits in; a measured recommendation out, in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from chapter2.data import TextDataset
from chapter2.errors import UsageError
from chapter2.evaluation import METRICS, bootstrap_interval, confusion_matrix
from chapter2.evaluation.intervals import Interval
from chapter2.runtime import cores, on_device
from chapter2.selection.budget import Budget, Phases
from chapter2.selection.candidates import candidate
from chapter2.selection.choice import Choice, Timing
from chapter2.selection.costs import measure_costs
from chapter2.selection.entrants import contents, entrants
from chapter2.selection.first_answer import FirstAnswer
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
from chapter2.selection.recommend import (
    Contender,
    Recommendation,
    contenders,
    recommend,
)
from chapter2.selection.requirements import Requirements
from chapter2.selection.shared_race import shared
from chapter2.selection.ship import Shipped, ship
from chapter2.selection.worker import LIGHT

RESERVE = 15.0  # seconds for copying, a fresh process with torch, and the report
PROFILED = 50  # records that the profile looks at for each second of the budget
PATIENCE = 0.2  # of the time left: longer the profile does not wait to begin
SHIPPING = 10.0  # of them, for what follows the refit
COSTS_RESERVE = 30.0  # seconds for measuring models where costs are limited
MOST_RESERVED = 0.4  # of the budget: a small one must leave time to measure anything
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

    Raises:
        UsageError, DataError: the records, the limits, the budget or the study make no
            sense.
    """
    options = options or Options()
    limits = (requirements or Requirements()).check()
    budget = Budget(limits.budget_seconds, used)
    phases = Phases(budget)
    with on_device(limits.device), nursery(LIGHT) as warm:
        # it imports while the records are prepared
        prepared = prepare(dataset, test, options.seed, options.kind)
        names, ineligible = entrants(prepared, limits, options)
        folder = Path(out) / TRIALS
        race = race_of(prepared, names, limits, options, folder, budget, say)
        race.warm = warm
        if study is not None:
            race = shared(race, study, options.metric)
        with race:
            phases.end("preparation")
            asked = (limits, options, phases, ineligible, Path(out))
            run = Run(dataset, test, prepared, *asked)
            choice = run.carry_out(race)
    race.store.clock.unlink(missing_ok=True)  # it has ended: a new run has all its time
    phases.end("closing")
    return replace(choice, timing=run.timing(race))


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
        with ThreadPoolExecutor(1) as beside:
            # the trials compute in other processes: this one would only wait
            profile = beside.submit(self._profile, race)
            outcomes = timed("trials", race.run)
            found = timed("costs", measured, race, prepared, limits)
            asked = (found, prepared, limits, self.options)
            answer = timed("comparison", recommendation, *asked)
            folder = self.out / MODEL
            last = (race, found, answer, prepared.test, folder)
            shipped = timed("refit and check", shipped_of, *last)
            known = timed("profile", profile.result)
        return Choice(
            name=self.dataset.name,
            profile=known,
            requirements=limits,
            prepared=prepared,
            plan=race.plan,
            recommendation=answer,
            entrants=tuple(found),
            outcomes=tuple(outcomes),
            ineligible=self.ineligible,
            shipped=shipped,
            test=timed("test scores", test_scores, shipped, prepared),
            timing=self.timing(race),
            notices=(*self.dataset.notices, *prepared.notices),
        )

    def _profile(self, race: Race) -> Profile:
        """Return what the records are like; the first answer is not kept waiting."""
        if race.first is not None:
            race.first.over.wait(PATIENCE * race.left)
        most = sample(self.limits)
        kind = self.options.kind
        return analyse(self.dataset, kind=kind, test=self.given, limit=most)

    def timing(self, race: Race) -> Timing:
        """Return what was used so far, and for what."""
        phases = dict(self.phases.ended)
        used = sum(phases.values())
        return Timing(race.budget.seconds, used, phases, race.forecasts, race.ended)


def measured(race: Race, prepared: Prepared, limits: Requirements) -> list[Contender]:
    """Return the contenders of the race, with their costs where a limit asks."""
    simplicity = {r.name: candidate(r.name).entry.simplicity for r in race.plan.runners}
    found = contenders(race.outcomes, prepared.whole, simplicity)
    return measure_costs(race, found, limits, prepared.development)


def shipped_of(
    race: Race,
    found: Sequence[Contender],
    answer: Recommendation,
    test: TextDataset,
    folder: Path,
) -> Shipped:
    """Return the recommended model, made, saved and measured in ``folder``."""
    race.reserve = min(race.reserve, SHIPPING)
    effort = next(e.effort for e in found if e.name == answer.name)
    return ship(race, answer.name, effort, test, folder)


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
    metric = QUALITIES[options.metric]
    settings = {"seed": options.seed, "device": limits.device, **contents(names)}
    plan = plan_for(prepared, entries, metric, options.seed)
    return Race(
        records=prepared.development,
        folds=prepared.folds,
        plan=plan,
        store=store_for(prepared, folder, settings),
        budget=budget,
        reserve=reserve(limits),
        light=frozenset(e.name for e in entries if is_light(e) or e.network),
        jobs=options.jobs,
        say=say,
        first=FirstAnswer(plan, prepared.whole, prepared.labels, metric, budget, say),
    )


def sample(limits: Requirements) -> int:
    """Return how many records the profile may look at: a second reads a thousand."""
    return int(min(SAMPLE, PROFILED * limits.budget_seconds))


def reserve(limits: Requirements) -> float:
    """Return the seconds kept for what follows the trials, beside the refit."""
    wanted = RESERVE + (COSTS_RESERVE if limits.maximum else 0.0)
    return min(wanted, MOST_RESERVED * limits.budget_seconds)


def recommendation(
    found: Sequence[Contender],
    prepared: Prepared,
    limits: Requirements,
    options: Options,
) -> Recommendation:
    """Return the recommendation under the limits: qualities out of fold, and costs."""
    unmet = {
        e.name: tuple(limits.unmet({**qualities(e, prepared), **e.costs}))
        for e in found
    }
    return recommend(
        found,
        prepared.labels,
        QUALITIES[options.metric],
        options.margin,
        unmet,
        options.seed,
    )


def qualities(e: Contender, prepared: Prepared) -> dict[str, float]:
    """Return every quality of a contender, on the records that it predicted."""
    classes = len(prepared.development.label_names)
    matrix = confusion_matrix(prepared.labels[e.rows], e.predicted, classes)
    return {name: float(METRICS[m](matrix)) for name, m in QUALITIES.items()}


def test_scores(shipped: Shipped, prepared: Prepared) -> dict[str, Interval]:
    """Return each quality of the shipped model on the test part, with its interval."""
    true = np.asarray(prepared.test.labels)
    predicted = shipped.probabilities.argmax(1)
    classes = len(prepared.test.label_names)
    return {
        name: bootstrap_interval(metric, true, predicted, classes=classes)
        for name, metric in QUALITIES.items()
    }
