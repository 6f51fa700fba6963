"""What is said where the budget was too small for an answer."""

from types import SimpleNamespace

import pytest
from test_plan import CHEAP, outcome, plan_of

from chapter2.errors import DataError
from chapter2.selection.runner import Runner
from chapter2.selection.too_little import none_measured, none_ready
from chapter2.selection.trial import Trial

A, B = (Runner(name, False, True) for name in "ab")


def race_of(*outcomes, ended=(), runners=(CHEAP, A, B), light=("words",)):
    return SimpleNamespace(
        plan=plan_of(*runners),
        outcomes=list(outcomes),
        ended=dict(ended),
        light=frozenset(light),
        budget=SimpleNamespace(seconds=20.0, used=20.5),
        folds=((range(800), range(400)),),
        prepared=2.0,
        imports=lambda light: 1.0 if light else 5.0,
    )


def test_what_was_measured_and_the_least_time_are_in_one_sentence_each():
    look = outcome(Trial("a", 0, 100, 0.25), 0.61, 3.0)
    late = {Trial("words", 0, 800): 4.0}
    said = str(none_measured(race_of(look, ended=late)))
    assert isinstance(none_measured(race_of(look)), DataError)
    assert said == (
        "The budget of 20 s was too small to measure a candidate on a whole fold. "
        "words was ended after 4.0 s. a has 0.610 after training on 100 of 800 records "
        "(3.0 s). Grant about 25 s, by what is known so far of words. What was "
        "measured is kept, and used again by the same command."
    )


def test_the_time_that_would_do_is_more_than_there_was():
    """It was told to grant 19 s, and had had 25."""
    race = race_of(ended={Trial("words", 0, 800): 10.0})
    # (2 to prepare + 1 to import + twice 10) / 0.6: the rest is for what follows
    assert "Grant about 40 s" in str(none_measured(race))
    race.budget.seconds = 60.0
    assert "Grant about 75 s" in str(none_measured(race))  # 1.2 times as much
    look = race_of(ended={Trial("a", 0, 100, 0.25): 5.0}, runners=(A,))
    # it may take a third of the time that is left: (2 + 5 + twice 15) / 0.6
    assert "Grant about 65 s" in str(none_measured(look))


def test_the_time_is_a_forecast_where_one_can_be_made():
    race = race_of(outcome(Trial("a", 0, 100, 0.25), 0.61, 3.0), runners=(A, B))
    whole = Trial("a", 0, 800)
    needed = 2 + 5 + race.plan.forecast(whole, race.outcomes)
    needed += race.plan.refit(whole, race.outcomes)
    race.ended = {Trial("b", 0, 100, 0.25): 600.0}
    said = str(none_measured(race))
    seconds = int(said.split("about ")[1].split(" s,")[0])
    assert needed + 45 <= seconds < needed + 50
    assert "known so far of a." in said


def test_with_nothing_begun_it_says_so():
    said = str(none_measured(race_of()))
    assert "No trial was begun. Grant about 25 s" in said


def test_where_all_failed_no_time_is_asked_for():
    """More time was advised, and would have changed nothing."""
    failed = outcome(Trial("a", 0, 100, 0.25), 0, 1.0, "memory ran out")
    said = str(none_measured(race_of(failed, runners=(A,))))
    assert said == "No candidate could be measured. a failed: memory ran out"


@pytest.mark.parametrize("name", ["words", "a"])
def test_where_none_was_ready_in_time_the_reason_of_each_stands_there(name):
    said = str(
        none_ready(race_of(outcome(Trial("a", 0, 800), 0.8, 9.0)), {name: "Why."})
    )
    assert "too small to make a model ready" in said
    assert f"{name}: Why." in said
    assert "a has 0.800 after training on 800 of 800 records (9.0 s)." in said
    assert "Grant about 30 s" in said  # 20.5, and 7 or at most 8 for what follows


def test_records_are_those_of_the_fold_that_was_trained_on():
    """It was told that a model had 308 of 307 records."""
    race = race_of(outcome(Trial("a", 1, 801), 0.61, 3.0))
    race.folds = ((range(800), range(401)), (range(801), range(400)))
    assert "801 of 801 records" in str(none_ready(race, {"a": "It was too slow."}))
