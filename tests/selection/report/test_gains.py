"""What more would buy, where the answer is known."""

import math
from dataclasses import replace

import pytest

from chapter2.selection import gains
from chapter2.selection.requirements import Requirements
from chapter2.selection.trial import Outcome, Trial


def asked(**limits):
    return Requirements(budget_seconds=300, **limits)


def test_more_time_names_what_is_alive_and_was_not_measured_whole(choice):
    # 0.8 of them right by chance: it has fallen behind, so more time is no use
    assert gains.more_time(choice) == []
    left = [o for o in choice.outcomes if o.trial.candidate != "minilm-full"]
    without = replace(choice, outcomes=tuple(left))
    (found,) = gains.more_time(without)  # never tried; what failed is not named
    assert (found.name, found.records, found.seconds) == ("minilm-full", 0, None)


def test_more_time_counts_the_rest_of_the_ladder_and_the_refit(choice):
    best = max(choice.outcomes, key=lambda o: 0 if o.failed else choice.plan.score(o))
    rung = choice.plan.rungs[0]
    first = next(o for o in choice.outcomes if o.trial.candidate == "minilm-full")
    rows = best.rows[:60]
    hopeful = Outcome(
        first.trial, rows, best.probabilities[:60], seconds=10.0, memory_mb=1.0
    )
    others = tuple(o for o in choice.outcomes if o is not first)
    (found,) = gains.more_time(replace(choice, outcomes=(*others, hopeful)))
    whole = [r for r in choice.plan.rungs if r.whole]  # after one look come whole folds
    places = [*((r.fold, r.records) for r in whole), (-1, choice.plan.development)]
    work = choice.plan._work
    rest = sum(work(Trial("minilm-full", *place)) for place in places)
    # proportional to what is read, through the one size, and 15 % of slack
    assert found.seconds == pytest.approx(1.15 * 10 / work(first.trial) * rest)
    assert found.records == rung.records
    assert found.hopeful == choice.plan.hope("minilm-full", [hopeful])


def test_more_data_extends_the_curve_of_the_recommended(choice):
    found = gains.more_data(choice)
    assert [(p.name, p.records) for p in found] == [
        ("minilm-lora", 1800),
        ("minilm-lora", 3600),
    ]
    for point in found:
        assert 0 <= point.low <= point.score <= point.high <= 1
    assert found[1].score >= found[0].score  # more records do no harm
    assert gains.extended("tfidf", choice.curves, [1800]) == []  # one size only


def test_a_power_law_is_extended_along_itself():
    def law(n):
        return 0.9 - 2 * n**-0.5

    curve = {"x": [(n, law(n)) for n in (100, 200, 400, 800)]}
    (found,) = gains.extended("x", curve, [1600])
    assert found.score == pytest.approx(law(1600), abs=0.01)
    assert found.low < law(1600) < found.high


def test_the_smallest_difference_shrinks_with_the_root_of_the_records(choice):
    found = gains.smallest_difference(choice)
    best, near = (
        next(e for e in choice.entrants if e.name == name)
        for name in ("minilm-lora", "minilm-frozen")
    )
    labels = choice.prepared.labels
    differ = float(((best.predicted == labels) != (near.predicted == labels)).mean())
    # N d^2 = (1.96 + 0.84)^2 psi, but for a term of order d^2
    assert found == pytest.approx(2.8 * math.sqrt(differ / 900), rel=0.05)


def test_of_one_contender_there_is_no_difference(choice):
    (only,) = [e for e in choice.entrants if e.name == "minilm-lora"]
    alone = replace(
        choice,
        entrants=(only,),
        recommendation=replace(choice.recommendation, comparisons=()),
    )
    assert gains.smallest_difference(alone) is None


def test_reaches_tell_how_near_each_limit_is(make_choice):
    choice = make_choice(
        asked(minimum={"f1_macro": 0.95}, maximum={"latency_ms_p95": 2.0})
    )
    quality, latency = gains.reaches(choice)
    assert (quality.name, quality.kept) == ("minilm-lora", False)
    assert quality.nearest == pytest.approx(
        choice.recommendation.scores["minilm-lora"].value
    )
    assert (latency.name, latency.nearest, latency.kept) == ("majority", 0.02, True)


def test_a_cost_that_was_not_measured_is_out_of_reach(make_choice):
    choice = make_choice(asked(maximum={"size_mb": 5.0}))
    (reach,) = gains.reaches(choice)
    assert (reach.nearest, reach.name, reach.kept) == (None, None, False)


def test_without_one_limit_another_contender_keeps_the_rest(make_choice):
    choice = make_choice(
        asked(minimum={"f1_macro": 0.84}, maximum={"latency_ms_p95": 2.0})
    )
    assert not choice.recommendation.meets
    assert gains.without(choice, "latency_ms_p95") == "minilm-lora"
    assert gains.without(choice, "f1_macro") in ("tfidf", "char-ngrams")
