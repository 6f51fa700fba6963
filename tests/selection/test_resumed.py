"""A run that was stopped goes on with all that it had measured, at no cost."""

from dataclasses import replace

import pytest
from test_plan import CHEAP, FOLDS, flat, outcome, plan_of, race, rising
from test_race import nurseries, race_of

from chapter2.selection.budget import Budget
from chapter2.selection.contenders import contenders
from chapter2.selection.prepare import prepare
from chapter2.selection.runner import Runner
from chapter2.selection.ship import REFIT, ship
from chapter2.selection.trial import Outcome, Trial

__all__ = ["nurseries"]  # the nurseries know the fake candidates here too
NAMES = ("tfidf", "brisk")
ENCODER = Runner("enc", False, by_epochs=True)
WHOLE = FOLDS[0]


def entered(race, snippets):
    """Return the rows that each contender of the race has predicted."""
    whole = prepare(snippets, None, 0).whole
    found = contenders(race.outcomes, whole, dict.fromkeys(NAMES, 0))
    return {e.name: e.rows.tolist() for e in found}


@pytest.mark.parametrize("share", [0.95, 1.2])
def test_late_in_the_budget_the_contenders_are_the_same(snippets, tmp_path, share):
    """What was stored was forecast as if it had to be trained, and TF-IDF was left."""
    with race_of(snippets, NAMES, tmp_path) as first:
        first.run()
    before = entered(first, snippets)
    assert {name: len(rows) for name, rows in before.items()} == dict.fromkeys(
        NAMES, 240
    )
    seconds = 10.0
    Budget(seconds, used_before=share * seconds).note(first.store.clock)
    with race_of(snippets, NAMES, tmp_path, seconds=seconds, reserve=4.0) as late:
        assert late.left < 0
        late.run()
    assert entered(late, snippets) == before
    assert not late.ended  # nothing new was begun


def resumed(plan, stored, left):
    """Return the outcomes with which the plan ends: new trials take no time here."""
    known = {o.trial: o for o in stored}
    outcomes = []
    stored = tuple(known)
    while trial := (
        plan.again(outcomes, [], left, stored) or plan.next(outcomes, [], left)
    ):
        outcomes.append(known.get(trial) or outcome(trial, 0.8, 1.0))
    return outcomes


@pytest.mark.parametrize("left", [60.0, 20.0, 0.0, -5.0])
@pytest.mark.parametrize(("granted", "effort"), [(160, 0.5), (260, 1.0)])
def test_whatever_time_is_left_all_that_was_measured_is_there(granted, effort, left):
    plan = plan_of(CHEAP, ENCODER, Runner("enc8", False, True, parent="enc"))
    curves = {"words": flat(0.7), "enc": rising(0.8, 0.9), "enc8": flat(0.9)}
    seconds = {"words": 0.1, "enc": 60.0, "enc8": 1.0}
    done, used = race(plan, curves, seconds, granted)
    assert granted - used > 60
    mine = {o.trial for o in done if plan._whole(o.trial)}
    assert {(t.fold, t.effort) for t in mine if t.candidate == "enc8"} == {
        (0, effort),
        (1, effort),
    }
    again = resumed(plan, done, left)
    assert {o.trial for o in done} <= {o.trial for o in again}
    if left <= 0:
        assert len(again) == len(done)


def test_one_that_has_lost_by_now_is_there_too():
    """It was measured before the winner, which comes first in the plan's order."""
    plan = plan_of(ENCODER, Runner("lost", False, True))
    looks = [outcome(Trial(n, 0, 100, 0.25), 0.5, 9.0) for n in ("enc", "lost")]
    done = [outcome(Trial("lost", fold, WHOLE), 0.7, 90.0) for fold in range(3)]
    best = outcome(Trial("enc", 0, WHOLE), 0.99, 90.0)
    again = resumed(plan, [*looks, *done, best], 0.0)
    assert len(again) == 6


def test_a_longer_budget_trains_longer_than_what_was_stored():
    """And folds of two schedules are never pooled."""
    plan = plan_of(ENCODER)
    look = outcome(Trial("enc", 0, 100, 0.25), 0.7, 9.0)
    half = [outcome(Trial("enc", fold, WHOLE, 0.5), 0.8, 40.0) for fold in range(2)]
    stored = [half[1], half[0], look]
    again = resumed(plan, stored, 10_000.0)
    wholes = [o.trial for o in again if plan._whole(o.trial)]
    assert wholes == [Trial("enc", fold, WHOLE) for fold in range(3)]
    # by then there is no time for the longer one: the shorter one stands
    assert plan.again([look], [], 10.0, (half[0].trial,)) == half[0].trial
    full = outcome(replace(half[0].trial, effort=1.0), 0.8, 80.0)
    assert plan.again([look, full], [], 10.0, (half[0].trial,)) is None
    assert plan.again([look], [full.trial], 10.0, (half[0].trial,)) is None


def test_what_failed_before_is_tried_again(snippets, tmp_path, monkeypatch):
    """The key was set by then, and the same error stood there: nothing was asked."""
    monkeypatch.setenv("FAILS", "1")
    with race_of(snippets, ["fails"], tmp_path) as first:
        first.run()
    assert {o.error for o in first.outcomes} == {"There is no key; set it."}
    monkeypatch.delenv("FAILS")
    with race_of(snippets, ["fails"], tmp_path) as again:
        again.run()
    assert not any(o.failed for o in again.outcomes)
    assert {o.trial.fold for o in again.outcomes} == {0, 1, 2}


def test_a_last_fit_that_failed_before_is_tried_again(snippets, tmp_path):
    """A fold's model was shipped each time."""
    trial = Trial("tfidf", REFIT, 240)
    with race_of(snippets, ["tfidf"], tmp_path / "run") as first:
        first.run()
        Outcome.failure(trial, "memory ran out").save(first.store.path(trial))
    test = prepare(snippets, None, 0).test
    with race_of(snippets, ["tfidf"], tmp_path / "run") as again:
        again.run()
        assert ship(again, "tfidf", 1.0, test, tmp_path / "out").refit


def test_only_what_this_run_may_use_is_found(snippets, tmp_path):
    with race_of(snippets, ["majority", "brisk"], tmp_path) as first:
        first.run()
        refit = Trial("majority", REFIT, 240)
        outcome(refit, 0.5, 1.0).save(first.store.path(refit))
    some = snippets.take(200, seed=1)
    with race_of(some, ["majority"], tmp_path) as other:
        other.run()
    with race_of(snippets, ["majority"], tmp_path, seconds=0.0) as late:
        late.run()
    folds = [(o.trial.candidate, o.trial.fold) for o in late.outcomes]
    assert folds == [("majority", fold) for fold in range(3)]
    assert [o.trial.records for o in late.outcomes] == [160, 160, 160]
