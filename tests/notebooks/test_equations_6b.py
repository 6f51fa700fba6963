"""Page 6b: each numbered equation, computed in two ways."""

from __future__ import annotations

import numpy as np
import pytest

from chapter2.applications.financial_opinion import Reference, detector
from chapter2.applications.financial_opinion.run_length import (
    average_run_length,
    simulate,
    threshold,
)


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations("06b_financial_opinion.ipynb", "6b", globals())
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


def test_equation_6b_1() -> None:
    """z of drawn windows has mean 0 and standard deviation 1."""
    rng = np.random.default_rng(0)
    reference = Reference(mean=0.2, deviation=0.4, threshold=5.0)
    means = rng.normal(0.2, 0.4, (20_000, 9)).mean(axis=1)
    z = [detector.observation(mean, 9, reference) for mean in means]
    assert z == pytest.approx(np.sqrt(9) * (means - 0.2) / 0.4)
    assert np.mean(z) == pytest.approx(0, abs=0.03)
    assert np.std(z) == pytest.approx(1, abs=0.03)


def test_equation_6b_2() -> None:
    k, upper, lower, state = 0.5, 0.0, 0.0, detector.State()
    for t, z in enumerate(np.random.default_rng(1).normal(0, 1, 200)):
        upper, lower = max(0, upper + z - k), max(0, lower - z - k)
        state, alarm = detector.step(state, float(z), k, 1e9, t)
        assert alarm is None
        assert (state.upper, state.lower) == pytest.approx((upper, lower))


def test_equation_6b_3() -> None:
    """Three topics, each with three times the run length that is asked of all."""
    asked, topics = 100, 3
    h = threshold(0.5, topics * asked)
    assert topics / average_run_length(0.5, h) == pytest.approx(1 / asked, rel=1e-3)
    together = [
        simulate(lambda rng, n: rng.standard_normal(n), 0.5, h, 4000, 500, seed)
        for seed in range(topics)
    ]
    rate = sum(1 / runs.mean.value for runs in together)
    assert rate == pytest.approx(1 / asked, rel=0.1)
