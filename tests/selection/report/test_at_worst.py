"""The bound that is printed is the one that decides; the interval beside it was not."""

from dataclasses import replace

import numpy as np
import pytest

from chapter2.evaluation.intervals import Interval
from chapter2.selection.contenders import Contender
from chapter2.selection.recommend import RESAMPLES, Yardstick, at_worst, recommend
from chapter2.selection.report import as_text, sentences
from chapter2.selection.report.record import as_record

N = 1000
LABELS = np.arange(N) % 2
YARD = Yardstick(LABELS, "accuracy", 2)
MARGIN = 0.01


def field(count, seed):
    """Contenders that lose 0 to 2.4 points against the best, on the same records."""
    draw = np.random.default_rng(seed)
    best = np.where(draw.random(N) < 0.9, LABELS, 1 - LABELS)
    made = [Contender("best", 99, np.arange(N), best, 1.0, {})]
    for i in range(count):
        predicted = best.copy()
        turned = draw.choice(N, 6 * i, replace=False)
        predicted[turned] = 1 - predicted[turned]
        made.append(Contender(f"m{i}", i, np.arange(N), predicted, 1.0, {}))
    return made


@pytest.mark.parametrize("count", [1, 2, 5, 12])
@pytest.mark.parametrize("seed", range(4))
def test_the_bound_lies_above_the_margin_exactly_where_one_is_accepted(count, seed):
    found = recommend(field(count, seed), YARD, MARGIN)
    for one in found.comparisons:
        assert (one.bound > -MARGIN) == one.accepted, one
        assert one.bound <= one.difference.value


def test_the_two_sided_interval_decided_otherwise_which_is_why_it_is_not_printed():
    """Some of them: accepted below the margin, or refused above it."""
    other = [
        one.name
        for count in (2, 5, 12)
        for seed in range(4)
        for one in recommend(field(count, seed), YARD, MARGIN).comparisons
        if (one.difference.low > -MARGIN) != one.accepted
    ]
    assert other


def test_so_many_comparisons_that_no_resample_is_enough():
    drawn = np.linspace(-0.02, 0.02, RESAMPLES)
    assert at_worst(drawn, 1) == pytest.approx(np.quantile(drawn, 0.05), abs=1e-4)
    assert at_worst(drawn, 10) < at_worst(drawn, 2) < at_worst(drawn, 1)
    assert at_worst(drawn, 101) == -np.inf


def table_row(choice, name):
    lines = as_text(choice).splitlines()
    return next(line for line in lines if line[2:].startswith(f"{name} "))


def test_what_is_read_in_the_table_is_what_was_decided(choice):
    one = next(
        c for c in choice.recommendation.comparisons if c.name == "minilm-frozen"
    )
    told = replace(
        one,
        difference=Interval(-0.004, -0.012, 0.004, 0.95, RESAMPLES),
        bound=-0.0096,
        accepted=True,
    )
    others = [c for c in choice.recommendation.comparisons if c is not one]
    answer = replace(choice.recommendation, comparisons=(told, *others))
    choice = replace(choice, recommendation=answer)
    row = table_row(choice, "minilm-frozen")
    assert "-0.4" in row
    assert "-0.96" in row
    assert "-1.2" not in row  # of the interval, which decides nothing
    assert "above -1 a candidate counts as good as the best" in " ".join(
        as_text(choice).split()
    )
    record = next(
        c for c in as_record(choice)["contenders"] if c["name"] == "minilm-frozen"
    )
    assert (record["at_worst"], record["accepted"]) == (-0.0096, True)


def test_the_reason_for_a_simpler_one_names_the_bound(make_choice):
    choice = make_choice(margin=0.2)
    found = choice.recommendation
    one = next(c for c in found.comparisons if c.name == found.name)
    assert one.accepted
    said = " ".join(sentences.answer(choice))
    assert f"at worst {100 * one.bound:+.2f})" in said
    assert one.bound > -0.2
