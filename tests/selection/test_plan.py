"""The plan, driven by simulated candidates whose curves and costs are known."""

from dataclasses import replace

import numpy as np
import pytest

from chapter2.selection.ladder import FEWEST, Rung, ladder
from chapter2.selection.plan import Plan
from chapter2.selection.runner import Runner
from chapter2.selection.trial import Outcome, Trial

FOLDS = (800, 800, 800)


def outcome(trial, score, seconds, error=None):
    if error:
        return Outcome.failure(trial, error, seconds)
    rows = np.arange(400)
    return Outcome(trial, rows, np.full((400, 1), score), seconds, 0.0)


def plan_of(*runners, folds=FOLDS, classes=2):
    return Plan(
        tuple(runners),
        ladder(folds, classes),
        development=1200,
        score=lambda o: float(o.probabilities[0, 0]),
        asked=600,  # so that the last fit reads half as much again as a whole fold
    )


def race(plan, curves, seconds, left, jobs=1):
    """Run the plan to its end on simulated candidates; return outcomes and time."""
    outcomes, used = [], 0.0
    while True:
        trial = plan.next(outcomes, [], left - used)
        if trial is None:
            return outcomes, used
        whole = replace(trial, fold=0, records=800, effort=1.0)  # takes ``seconds``
        share = plan._work(trial) / plan._work(whole)
        took = seconds[trial.candidate] * share
        if used + took > left:  # no forecast was known: the clock ends it
            assert plan.forecast(trial, outcomes) is None
            return outcomes, left
        score = curves[trial.candidate](trial.records * trial.effort)
        if isinstance(score, str):
            outcomes.append(outcome(trial, 0, took, score))
        else:
            outcomes.append(outcome(trial, score, took))
        used += took


def flat(score):
    return lambda n: score


def rising(low, high):
    """A curve from ``low`` at 100 records to ``high`` at 800, by doublings."""
    return lambda n: low + (high - low) * np.log2(n / 100) / 3


CHEAP = Runner("words", cheap=True, by_epochs=False)


def test_the_ladder_is_an_eighth_a_half_all_and_the_further_folds():
    assert ladder(FOLDS, 2) == (
        Rung(0, 100, False),
        Rung(0, 400, False),
        Rung(0, 800, True),
        Rung(1, 800, True),
        Rung(2, 800, True),
    )


def test_the_ladder_has_no_rung_of_too_few_records():
    smallest = min(rung.records for rung in ladder((300, 300), 2))
    assert smallest >= FEWEST
    assert ladder((90, 90), 10) == (Rung(0, 90, True), Rung(1, 90, True))


def test_what_is_cheap_comes_first_and_on_all_folds():
    plan = plan_of(Runner("bert", False, True), CHEAP)
    outcomes, _ = race(
        plan, {"words": flat(0.7), "bert": flat(0.8)}, {"words": 0.1, "bert": 5}, 1000
    )
    first = [(o.trial.candidate, o.trial.fold) for o in outcomes[:3]]
    assert first == [("words", 0), ("words", 1), ("words", 2)]


def test_with_time_enough_the_best_is_measured_on_every_fold():
    plan = plan_of(CHEAP, Runner("a", False, True), Runner("b", False, True))
    curves = {"words": flat(0.7), "a": rising(0.6, 0.85), "b": rising(0.62, 0.9)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "a": 10, "b": 10}, 10_000)
    folds = {
        o.trial.fold
        for o in outcomes
        if o.trial.candidate == "b" and o.trial.records == 800
    }
    assert folds == {0, 1, 2}


def test_a_candidate_that_cannot_win_is_dropped_after_the_first_fold():
    plan = plan_of(CHEAP, Runner("bad", False, True), Runner("good", False, True))
    curves = {"words": flat(0.8), "bad": flat(0.5), "good": rising(0.7, 0.9)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "bad": 50, "good": 10}, 10_000)
    tried = {
        name: [o.trial.fold for o in outcomes if o.trial.candidate == name]
        for name in ("bad", "good")
    }
    assert tried == {"bad": [0, 0], "good": [0, 0, 1, 2]}


def test_what_is_read_in_one_go_is_dropped_by_its_curve():
    plan = plan_of(CHEAP, Runner("bad", False, False), Runner("good", False, False))
    curves = {"words": flat(0.8), "bad": flat(0.5), "good": rising(0.7, 0.9)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "bad": 50, "good": 10}, 10_000)
    spent = max(o.trial.records for o in outcomes if o.trial.candidate == "bad")
    assert spent <= 400


def test_what_is_trained_by_epochs_is_looked_at_once_for_a_part_of_them():
    """Few records are read so often that two looks cost nearly a whole fold."""
    plan = plan_of(CHEAP, Runner("a", False, True, work=lambda n: n * 3000 / n**0.5))
    curves = {"words": flat(0.7), "a": rising(0.6, 0.85)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "a": 10}, 10_000)
    tried = [o.trial for o in outcomes if o.trial.candidate == "a"]
    assert [(t.fold, t.records, t.effort) for t in tried] == [
        *[(0, 100, 0.25), (0, 800, 1.0), (1, 800, 1.0), (2, 800, 1.0)],
    ]


def test_time_is_forecast_by_what_training_reads():
    """A look at few records in many epochs made the whole seem too long to begin."""
    epochs = {100: 10, 800: 3, 1200: 3}
    plan = plan_of(Runner("a", False, True, work=lambda n: n * epochs[n]))
    # 250 readings to learn, and 200 texts that are predicted, at a third of the cost
    look = outcome(Trial("a", 0, 100, 0.25), 0.6, 250 + 200 / 3)
    whole = Trial("a", 0, 800)
    assert plan.forecast(whole, [look]) == pytest.approx(1.15 * (2400 + 400 / 3))
    assert plan.refit(whole, [look]) == pytest.approx(1.15 * (3600 + 600 / 3))
    both = 6000 + 1000 / 3
    assert plan.next([look], [], 1.15 * both + 1) == whole
    assert plan.next([look], [], 1.15 * both - 1) == replace(whole, effort=0.5)


def test_a_steep_curve_is_kept_although_it_begins_below_the_best():
    plan = plan_of(CHEAP, Runner("hungry", False, True))
    curves = {"words": flat(0.78), "hungry": rising(0.6, 0.9)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "hungry": 10}, 10_000)
    assert any(
        o.trial.candidate == "hungry" and o.trial.records == 800 for o in outcomes
    )


def test_the_seed_of_the_plan_is_that_of_every_trial():
    """Trials that were given another seed never counted as taken, and came for ever."""
    plan = replace(plan_of(CHEAP, Runner("a", False, True)), seed=3)
    curves = {"words": flat(0.7), "a": rising(0.6, 0.85)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "a": 10}, 1000)
    trials = [o.trial for o in outcomes]
    assert {trial.seed for trial in trials} == {3}
    assert len(set(trials)) == len(trials)


def test_what_failed_is_not_asked_again():
    plan = plan_of(CHEAP, Runner("broken", False, True))
    curves = {"words": flat(0.7), "broken": flat("no memory")}
    outcomes, _ = race(plan, curves, {"words": 0.1, "broken": 1}, 10_000)
    assert sum(o.trial.candidate == "broken" for o in outcomes) == 1


@pytest.mark.parametrize("left", [5.0, 30.0, 90.0, 300.0])
def test_the_race_ends_in_time_and_leaves_the_time_of_the_refit(left):
    plan = plan_of(CHEAP, Runner("a", False, True), Runner("b", False, True))
    curves = {"words": flat(0.7), "a": rising(0.6, 0.85), "b": rising(0.62, 0.9)}
    seconds = {"words": 0.1, "a": 40, "b": 60}
    outcomes, used = race(plan, curves, seconds, left)
    last = outcomes[-1].trial
    if last.candidate != "words" and last.records > plan.rungs[0].records:
        refit = seconds[last.candidate] * 1.5 * last.effort
        assert used + refit <= left
    assert used <= left


def test_where_the_whole_schedule_does_not_fit_a_shorter_one_is_run():
    plan = plan_of(CHEAP, Runner("slow", False, by_epochs=True))
    curves = {"words": flat(0.7), "slow": rising(0.65, 0.9)}
    # the look takes 10 s, the whole 100 s and its refit 150 s
    outcomes, used = race(plan, curves, {"words": 0.1, "slow": 100}, 240)
    whole = [
        o.trial
        for o in outcomes
        if o.trial.candidate == "slow" and o.trial.records == 800
    ]
    assert whole
    assert whole[0].effort < 1
    assert used < 240


def test_one_that_knows_no_epochs_is_never_cut_short():
    plan = plan_of(CHEAP, Runner("slow", False, by_epochs=False))
    curves = {"words": flat(0.7), "slow": rising(0.65, 0.9)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "slow": 100}, 290)
    assert {o.trial.effort for o in outcomes} == {1.0}


def test_the_forecast_is_linear_through_the_last_two_sizes():
    plan = plan_of(Runner("a", False, True))
    known = [
        outcome(Trial("a", 0, 100), 0.7, 12.0),  # 0.02 s more a record
        outcome(Trial("a", 0, 200), 0.7, 14.0),
    ]
    # 200 are predicted each time, then 400: three cost as much as one that is learnt
    whole = 14.0 + 0.02 * (600 + 200 / 3)
    assert plan.forecast(Trial("a", 0, 800), known) == pytest.approx(1.15 * whole)
    first = 12.0 * (800 + 400 / 3) / (100 + 200 / 3)
    assert plan.forecast(Trial("a", 0, 800), known[:1]) == pytest.approx(1.15 * first)
    assert plan.forecast(Trial("b", 0, 800), known) is None


def test_two_at_a_time_never_run_the_same_trial_or_the_same_candidate_twice():
    plan = plan_of(Runner("a", False, True), Runner("b", False, True))
    first = plan.next([], [], 1000)
    second = plan.next([], [first], 1000)
    assert {first.candidate, second.candidate} == {"a", "b"}
    assert plan.next([], [first, second], 1000) is None


def test_a_later_fold_may_end_before_the_first():
    plan = plan_of(CHEAP, Runner("a", False, True))
    known = [outcome(Trial("words", 1, 800), 0.7, 1.0)]
    running = [Trial("words", 0, 800)]
    assert plan.next(known, running, 100) == Trial("words", 2, 800)
    assert plan.next([*known, outcome(Trial("words", 2, 800), 0.7, 1.0)], running, 100)


def test_a_cheap_one_is_measured_on_every_fold_even_where_it_has_lost():
    plan = plan_of(Runner("majority", True, False), CHEAP)
    curves = {"majority": flat(0.5), "words": flat(0.9)}
    outcomes, _ = race(plan, curves, {"majority": 0.1, "words": 0.1}, 100)
    assert sum(o.trial.candidate == "majority" for o in outcomes) == 3


def test_all_cheap_ones_are_on_the_first_fold_before_one_is_on_the_next():
    """The first answer needs one fold of each."""
    plan = plan_of(Runner("majority", True, False), CHEAP)
    curves = {"majority": flat(0.5), "words": flat(0.9)}
    outcomes, _ = race(plan, curves, {"majority": 0.1, "words": 0.1}, 100)
    order = [(o.trial.candidate, o.trial.fold) for o in outcomes[:3]]
    assert order == [("majority", 0), ("words", 0), ("majority", 1)]


def test_what_does_not_climb_is_measured_on_whole_folds_alone():
    plan = plan_of(CHEAP, Runner("served", False, False, climbs=False))
    curves = {"words": flat(0.7), "served": flat(0.8)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "served": 5}, 1000)
    served = [o.trial for o in outcomes if o.trial.candidate == "served"]
    assert [(t.fold, t.records) for t in served] == [(0, 800), (1, 800), (2, 800)]


A = Runner("a", False, True)
SMALLER = Runner("a8", False, True, parent="a")  # changes the model of "a"


def test_a_change_waits_for_its_parent_on_a_whole_fold_and_then_follows_it():
    plan = plan_of(CHEAP, SMALLER, A)
    curves = {"words": flat(0.7), "a": rising(0.6, 0.85), "a8": flat(0.84)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "a": 10, "a8": 1}, 10_000)
    order = [(o.trial.candidate, o.trial.fold, o.trial.records) for o in outcomes]
    assert order[3:] == [
        *[("a", 0, 100), ("a", 0, 800)],
        *[("a8", 0, 800), ("a", 1, 800), ("a8", 1, 800)],
        *[("a", 2, 800), ("a8", 2, 800)],
    ]


def test_a_change_takes_the_effort_and_the_seed_of_its_parent():
    plan = replace(plan_of(SMALLER, A), seed=5)
    whole = outcome(Trial("a", 0, 800, 0.5, 5), 0.8, 10.0)
    assert plan.next([whole], [], 10_000) == Trial("a8", 0, 800, 0.5, 5)
    assert plan.next([whole], [Trial("a8", 0, 800, 0.5, 5)], 10_000).candidate == "a"


@pytest.mark.parametrize("score", [0.5, "it broke"])
def test_a_change_is_dropped_with_its_parent(score):
    plan = plan_of(CHEAP, SMALLER, A)
    words = outcome(Trial("words", 0, 800), 0.9, 0.1)
    lost = outcome(
        Trial("a", 0, 800), score, 9.0, score if isinstance(score, str) else None
    )
    assert plan.alive("a8", [words])
    assert not plan.alive("a8", [words, lost])
    assert plan.next([words, lost], [], 10_000).candidate == "words"  # further folds


def test_a_change_that_failed_is_not_asked_again_and_its_parent_goes_on():
    plan = plan_of(SMALLER, A)
    whole = outcome(Trial("a", 0, 800), 0.8, 10.0)
    failed = outcome(Trial("a8", 0, 800), 0, 1.0, "it cannot be exported")
    assert plan.next([whole, failed], [], 10_000) == Trial("a", 1, 800)


def test_a_change_leaves_the_time_to_fit_its_parent_to_all_records():
    plan = plan_of(SMALLER, A)
    known = [outcome(Trial("a", 0, 800), 0.8, 100.0)]
    trial = Trial("a8", 0, 800)
    parent = plan.refit(Trial("a", 0, 800), known)
    assert parent == pytest.approx(1.15 * 150)
    assert plan.refit(trial, known) == parent
    # how long a change takes is not known yet: as long as its parent did
    assert plan.next(known, [], parent + 114) is None
    assert plan.next(known, [], parent + 116) == trial
    known.append(outcome(trial, 0.8, 4.0))
    both = plan.refit(trial, known)
    assert both == pytest.approx(1.15 * (150 + 6))
    assert plan.next([*known, outcome(Trial("a", 1, 800), 0.8, 100.0)], [], 200) == (
        Trial("a8", 1, 800)
    )


def test_a_change_whose_parent_does_not_run_climbs_the_ladder_itself():
    plan = plan_of(CHEAP, SMALLER)
    curves = {"words": flat(0.7), "a8": rising(0.6, 0.85)}
    outcomes, _ = race(plan, curves, {"words": 0.1, "a8": 10}, 10_000)
    records = [o.trial.records for o in outcomes if o.trial.candidate == "a8"]
    assert records == [100, 800, 800, 800]


def test_what_is_at_the_top_with_a_part_of_the_records_goes_on_at_once():
    """A slow one, begun next, would have used up the time of the winner."""
    fast, slow = Runner("frozen", False, False), Runner("slow", False, False)
    plan = plan_of(CHEAP, fast, slow)
    curves = {"words": flat(0.69), "frozen": rising(0.70, 0.78), "slow": flat(0.5)}
    seconds = {"words": 0.1, "frozen": 8, "slow": 700}
    outcomes, _ = race(plan, curves, seconds, left=100)
    done = [o.trial.fold for o in outcomes if o.trial.candidate == "frozen"]
    assert done == [0, 0, 0, 1, 2]


def test_a_whole_fold_that_takes_little_time_comes_before_looks_at_others():
    """It was not at the top with a part of the records; the looks left no time."""
    fast = Runner("frozen", False, False)
    looks = [Runner(f"slow{i}", False, False) for i in range(3)]
    plan = plan_of(CHEAP, fast, *looks)
    curves = {"words": flat(0.76), "frozen": rising(0.73, 0.80)}
    curves |= {runner.name: flat(0.5) for runner in looks}
    seconds = {"words": 0.1, "frozen": 30} | {runner.name: 300 for runner in looks}
    outcomes, _ = race(plan, curves, seconds, left=200)
    whole = [o for o in outcomes if o.trial == Trial("frozen", 0, 800)]
    assert [plan.score(o) for o in whole] == pytest.approx([0.80])
