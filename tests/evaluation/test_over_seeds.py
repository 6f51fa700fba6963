"""Intervals over seeds and test records: closed forms, coverage, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.over_seeds import over_seeds


def test_where_only_the_seeds_differ_it_is_student_s_interval() -> None:
    means = np.array([0.1, 0.3, 0.2, 0.6])
    found = over_seeds(np.tile(means[:, None], 50))
    expected = stats.t.interval(0.95, 3, means.mean(), stats.sem(means))
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.value == pytest.approx(0.3)


def test_where_only_the_records_differ_it_is_student_s_interval_too() -> None:
    right = np.arange(40) % 3 == 0
    found = over_seeds(np.tile(right, (3, 1)))
    expected = stats.t.interval(0.95, 39, right.mean(), stats.sem(right))
    assert (found.low, found.high) == pytest.approx(expected)


def test_a_difference_is_paired() -> None:
    """What is hard for both cancels; the order of the two turns the sign."""
    draw = np.random.default_rng(0)
    a = draw.random((4, 300)) < draw.random(300)
    b = a.copy()
    b[:, :30] = False
    found, turned = over_seeds(a, b), over_seeds(b, a)
    assert found.value == pytest.approx(a.mean() - b.mean())
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    assert found.low > 0
    alone = over_seeds(a)
    assert found.high - found.low < (alone.high - alone.low) / 2
    assert over_seeds(a, a).high == 0


@pytest.mark.parametrize(("seed_spread", "record_spread"), [(0.03, 0.0), (0.0, 0.3)])
def test_it_covers_the_truth_as_often_as_it_says(seed_spread, record_spread) -> None:
    draw = np.random.default_rng(1)
    covered = 0
    for _ in range(1000):
        of_seed = seed_spread * draw.standard_normal((3, 1))
        of_record = record_spread * draw.standard_normal((1, 400))
        d = 0.02 + of_seed + of_record + 0.3 * draw.standard_normal((3, 400))
        found = over_seeds(d)
        covered += found.low <= 0.02 <= found.high
    assert 935 <= covered <= 1000  # 950 are asked; 935 is two standard errors below


@pytest.mark.parametrize("shape", [(3,), (1, 9), (9, 1), (2, 3, 4)])
def test_what_has_no_spread_is_refused(shape) -> None:
    with pytest.raises(DataError, match=r"\(seeds, records\)"):
        over_seeds(np.ones(shape))


def test_two_shapes_and_a_level_of_none_are_refused() -> None:
    with pytest.raises(DataError, match=r"\(2, 5\) and \(3, 5\)"):
        over_seeds(np.ones((2, 5)), np.ones((3, 5)))
    with pytest.raises(UsageError, match="level is 1"):
        over_seeds(np.ones((2, 5)), level=1)
