"""The Pareto front against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.selection.contenders import Contender
from chapter2.selection.front import SECONDS, drawn_costs, pareto_front

VALUES = st.integers(0, 6).map(float)


def dominates(a, b):
    """Whether a is no worse than b in both and better in one."""
    return a[0] >= b[0] and a[1] <= b[1] and a != b


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=12))
def test_the_front_is_what_nothing_dominates(points):
    named = {str(i): point for i, point in enumerate(points)}
    free = {
        name
        for name, point in named.items()
        if not any(dominates(other, point) for other in named.values())
    }
    front = pareto_front(named)
    assert set(front) == free
    costs = [named[name][1] for name in front]
    assert costs == sorted(costs)


def test_the_front_of_nothing_is_empty():
    assert pareto_front({}) == ()


def contender(name, **costs):
    return Contender(name, 0, np.arange(3), np.zeros(3, int), 2.0, costs)


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        (({}, {}), SECONDS),
        (({"size_mb": 1.0}, {}), SECONDS),  # of one alone nothing can be compared
        (({"size_mb": 1.0}, {"size_mb": 2.0}), "size_mb"),
        (
            (
                {"size_mb": 1.0, "latency_ms_p95": 5.0},
                {"size_mb": 2.0, "latency_ms_p95": 6.0},
            ),
            "latency_ms_p95",
        ),
    ],
)
def test_the_cost_that_is_drawn_was_measured_of_two(costs, expected):
    name, found = drawn_costs([contender(str(i), **c) for i, c in enumerate(costs)])
    assert name == expected
    assert len(found) == 2
