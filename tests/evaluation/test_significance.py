"""Significance: closed forms, simulated levels, and what each verdict may say."""

from __future__ import annotations

import math
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.errors import DataError, UsageError
from chapter2.evaluation import (
    holm,
    margin_test,
    mcnemar,
    minimal_detectable_difference,
    paired_bootstrap,
    seed_spread,
)
from chapter2.evaluation.significance import binomial_p_values


@given(st.integers(0, 40), st.integers(0, 40))
def test_p_values_equal_the_binomial_sums(b, c):
    n, m = b + c, min(b, c)
    tail = sum(comb(n, k) for k in range(m + 1)) / 2**n
    exact, mid = binomial_p_values(b, c)
    assert exact == pytest.approx(min(1, 2 * tail), rel=1e-9)
    assert mid == pytest.approx(min(1, 2 * tail - comb(n, m) / 2**n), rel=1e-9)


@pytest.mark.parametrize(("b", "c"), [(3, 9), (10, 4), (0, 7), (5, 5)])
def test_the_exact_p_value_equals_scipy(b, c):
    from scipy.stats import binomtest

    assert binomial_p_values(b, c)[0] == pytest.approx(binomtest(b, b + c).pvalue)


def test_mcnemar_counts_only_the_records_that_tell():
    y = [0, 0, 0, 1, 1, 1]
    found = mcnemar(y, [0, 0, 0, 1, 0, 0], [0, 1, 1, 0, 1, 0])
    assert (found.only_a, found.only_b, found.records) == (3, 1, 6)
    assert found.disagreement == pytest.approx(4 / 6)
    assert found.mid_p < found.exact


def test_mid_p_is_nearer_to_its_level_and_the_exact_test_below_it():
    """Two equally good models, 40 disagreements in the mean, 4,000 test sets."""
    random = np.random.default_rng(0)
    discordant = random.binomial(400, 0.1, 4000)
    wins = random.binomial(discordant, 0.5)
    pairs = zip(wins.tolist(), (discordant - wins).tolist(), strict=True)
    exact, mid = np.array([binomial_p_values(b, c) for b, c in pairs]).T
    assert (exact <= 0.05).mean() < (mid <= 0.05).mean() < 0.06
    assert (mid <= 0.05).mean() > 0.035


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1, 1])
    assert holm([]) == []
    with pytest.raises(DataError, match="between 0 and 1"):
        holm([0.1, 1.2])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_no_correction_and_bonferroni(p):
    found = holm(p)
    for raw, corrected in zip(p, found, strict=True):
        assert raw <= corrected <= min(1, len(p) * raw) + 1e-12
    order = np.argsort(p, kind="stable")
    assert (np.diff(np.array(found)[order]) >= 0).all()


def test_holm_keeps_the_chance_of_any_false_call():
    p = np.random.default_rng(0).uniform(size=(4000, 10))
    naive = (p.min(axis=1) <= 0.05).mean()
    kept = np.mean([min(holm(row)) <= 0.05 for row in p])
    assert naive > 0.35
    assert kept < 0.06


def predictions(records, b, c, right=0):
    """Labels of which a alone has b right, and the other alone c."""
    y = np.zeros(records, dtype=int)
    one, other = np.ones((2, records), dtype=int)
    one[: b + right] = 0
    other[b : b + right + c] = 0
    return y, one, other


def test_the_margin_test_agrees_with_the_paired_bootstrap():
    y, a, b = predictions(1000, 40, 60, right=700)
    found = margin_test(y, a, b, margin=0.05, classes=2)
    pair = paired_bootstrap("accuracy", y, a, b, resamples=2000, classes=2)
    assert found.difference == pair
    assert found.not_worse == (pair.low > -0.05)
    normal = 0.5 * math.erfc((0.05 - 0.02) / math.sqrt(0.1 / 1000) / math.sqrt(2))
    assert found.p_value == pytest.approx(normal, abs=0.003)


def test_what_each_verdict_says():
    y, a, b = predictions(2000, 10, 10, right=1500)
    same = margin_test(y, a, b, 0.01)
    assert same.equivalent
    assert "agree to within 1 point (" in same.verdict("A", "B")
    y, a, b = predictions(100, 10, 10, right=60)
    open_ = margin_test(y, a, b, 0.01)
    assert not open_.not_worse
    assert "is not excluded for A" in open_.verdict("A", "B")
    y, a, b = predictions(1000, 0, 100, right=600)
    assert "loses more than 2 points" in margin_test(y, a, b, 0.02).verdict("A", "B")
    assert "does not lose 2 points" in margin_test(y, b, a, 0.02).verdict("B", "A")
    with pytest.raises(UsageError, match=r"margin is -0\.1"):
        margin_test(y, a, b, -0.1)


def test_copies_are_no_further_evidence_for_a_margin():
    draw = np.random.default_rng(0)
    y, a, b = draw.integers(2, size=(3, 200))
    copies = np.repeat(np.arange(200), 6)
    once = margin_test(y, a, b, 0.05)
    many = margin_test(y[copies], a[copies], b[copies], 0.05, units=copies)
    assert many.p_value == once.p_value
    assert many.difference.low == pytest.approx(once.difference.low)
    assert margin_test(y[copies], a[copies], b[copies], 0.05).p_value < once.p_value / 2


def test_the_smallest_difference_solves_connor_s_equation():
    for n, psi, power in [(500, 0.2, 0.8), (2000, 0.1, 0.9), (100, 0.5, 0.5)]:
        d = minimal_detectable_difference(n, psi, 0.95, power)
        z_a, z_b = 1.959963985, {0.8: 0.841621234, 0.9: 1.281551566, 0.5: 0.0}[power]
        wanted = (z_a * math.sqrt(psi) + z_b * math.sqrt(psi - d * d)) ** 2 / d**2
        assert n == pytest.approx(wanted, rel=1e-6)


def test_mcnemar_has_the_stated_power_there():
    """4,000 simulated test sets of 1,000 records: 80 % of them show the difference."""
    n, psi = 1000, 0.2
    d = minimal_detectable_difference(n, psi)
    shares = [(psi + d) / 2, (psi - d) / 2, 1 - psi]
    draws = np.random.default_rng(0).multinomial(n, shares, 4000)[:, :2]
    p = [binomial_p_values(int(b), int(c))[1] for b, c in draws]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.8, abs=0.025)


def test_more_records_show_smaller_differences():
    few, many = (minimal_detectable_difference(n, 0.2) for n in (200, 20_000))
    assert few / many == pytest.approx(10, rel=0.02)
    assert minimal_detectable_difference(100, 0.0) == 0
    with pytest.raises(UsageError, match="records is 0"):
        minimal_detectable_difference(0, 0.2)


def test_the_spread_over_seeds():
    found = seed_spread([0.8, 0.9, 0.85])
    assert (found.mean, found.low, found.high) == pytest.approx((0.85, 0.8, 0.9))
    assert found.deviation == pytest.approx(0.05)
    assert "over 3 seeds" in str(found)
    with pytest.raises(DataError, match="two seeds"):
        seed_spread([0.8])
