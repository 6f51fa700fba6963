"""Decisions: least expected cost, against a search over everything one could do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.errors import DataError, UsageError
from chapter2.evaluation import (
    choose_threshold,
    cost_threshold,
    coverage_curve,
    decide,
    mean_cost,
)

MISSES = [[0, 1], [5, 0]]  # a miss costs five times a false alarm


def test_equal_costs_give_the_most_probable_class():
    p = np.random.default_rng(0).dirichlet([1, 1, 1], 200)
    assert (decide(p, 1 - np.eye(3)) == p.argmax(axis=1)).all()


def test_no_other_decision_has_a_lower_expected_cost():
    random = np.random.default_rng(1)
    p, costs = random.dirichlet([1, 1, 1], 100), random.uniform(0, 9, (3, 4))
    chosen = decide(p, costs)
    for row, a in zip(p, chosen, strict=True):
        expected = [sum(row[y] * costs[y, b] for y in range(3)) for b in range(4)]
        assert expected[a] == min(expected)


def test_a_column_of_equal_costs_declines_where_confidence_is_low():
    """Chow's rule: decline where 1 - max p is above the price."""
    p = np.random.default_rng(2).dirichlet([1, 1, 1], 300)
    costs = np.hstack([1 - np.eye(3), np.full((3, 1), 0.3)])
    assert ((decide(p, costs) == 3) == (1 - p.max(axis=1) > 0.3)).all()


@given(st.floats(0.01, 0.99), st.floats(0.1, 9), st.floats(0.1, 9))
def test_the_threshold_of_two_classes_is_that_of_the_rule(p, alarm, miss):
    costs = [[0, alarm], [miss, 0]]
    at = cost_threshold(costs)
    assert at == pytest.approx(alarm / (alarm + miss))
    if abs(p - at) > 1e-6:
        assert decide([[1 - p, p]], costs)[0] == (p > at)


def test_a_right_call_that_costs_as_much_is_refused():
    with pytest.raises(UsageError, match="must cost more"):
        cost_threshold([[1, 1], [5, 0]])
    with pytest.raises(UsageError, match="needs"):
        cost_threshold([[1, 1, 0], [5, 0, 0]])


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), min_size=1))
def test_the_chosen_threshold_costs_no_more_than_any_other(rows):
    y, tenths = (np.array(column) for column in zip(*rows, strict=True))
    p = tenths / 10
    found = choose_threshold(y, p, MISSES)
    for t in [*np.arange(0, 1.05, 0.05), np.inf]:
        cost = mean_cost(y, (p >= t).astype(int), MISSES)
        assert found.cost <= cost + 1e-9
    assert mean_cost(y, found(p), MISSES) == pytest.approx(found.cost)


def test_on_calibrated_probabilities_it_nears_the_closed_form():
    random = np.random.default_rng(3)
    p = random.uniform(size=40_000)
    y = (random.uniform(size=len(p)) < p).astype(int)
    assert choose_threshold(y, p, MISSES).value == pytest.approx(1 / 6, abs=0.05)


def test_coverage_by_hand():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.3, 0.7], [0.6, 0.4]])
    found = coverage_curve([0, 1, 1, 1, 0], p)  # right: .9 .8, one of the two .7, .6
    assert found.threshold.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert found.coverage.tolist() == [0.2, 0.4, 0.8, 1.0]
    assert found.accuracy.tolist() == [1, 1, 0.75, 0.8]
    assert found.threshold_for(0.8) == 0.6
    assert found.threshold_for(0.9) == 0.8
    with pytest.raises(DataError, match=r"reaches 110\.0%"):
        found.threshold_for(1.1)


def test_at_full_coverage_it_is_the_accuracy():
    random = np.random.default_rng(4)
    p, y = random.dirichlet([1, 1, 1], 100), random.integers(0, 3, 100)
    found = coverage_curve(y, p)
    assert found.coverage[-1] == 1
    assert found.accuracy[-1] == pytest.approx((p.argmax(axis=1) == y).mean())


@pytest.mark.parametrize("costs", [[[0, 1]], [0, 1], [[0, np.nan], [1, 0]]])
def test_costs_of_another_shape_are_refused(costs):
    with pytest.raises(UsageError, match="one row for each"):
        decide([[0.5, 0.5]], costs)


def test_decisions_that_cannot_be_paired_are_refused():
    with pytest.raises(DataError, match="cannot be paired"):
        mean_cost([0, 1], [0], MISSES)
    with pytest.raises(DataError, match="give 2 numbers"):
        choose_threshold([0, 1], [0.5], MISSES)
