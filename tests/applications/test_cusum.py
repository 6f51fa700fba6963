"""CUSUM: run lengths as known, false alarms as rarely as asked for, shifts found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.applications.financial_opinion import detector, run_length
from chapter2.applications.financial_opinion.detector import State, calibrate, step
from chapter2.applications.financial_opinion.run_length import (
    average_run_length,
    drawn,
    normal,
    simulate,
    threshold,
)
from chapter2.errors import DataError, UsageError


@pytest.mark.parametrize(
    ("h", "shift", "known"),
    [  # Montgomery, Statistical Quality Control, table of the two-sided CUSUM, k = 1/2
        (4, 0.0, 168),
        (4, 0.25, 74.2),
        (4, 0.5, 26.6),
        (4, 1.0, 8.38),
        (4, 2.0, 3.34),
        (5, 0.0, 465),
        (5, 0.5, 38.0),
        (5, 1.0, 10.4),
        (5, 2.0, 4.01),
    ],
)
def test_run_lengths_are_the_published_ones(h, shift, known):
    assert average_run_length(0.5, h, normal(shift)) == pytest.approx(known, rel=0.004)


def test_both_sides_are_alike():
    lengths = [average_run_length(0.5, 4, normal(shift)) for shift in (0.7, -0.7)]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-9)


def test_the_threshold_gives_the_run_length_asked_for():
    for asked in (10, 370, 5000):
        h = threshold(0.5, asked)
        assert average_run_length(0.5, h) == pytest.approx(asked, rel=1e-3)


def test_the_chain_agrees_with_simulation():
    runs = simulate(lambda rng, n: rng.standard_normal(n), 0.25, 3, 2000, runs=800)
    assert runs.cut == 0
    assert not runs.mean.excludes(average_run_length(0.25, 3))


def test_drawn_observations_give_what_their_distribution_gives():
    z = np.random.default_rng(0).standard_normal(200_000)
    assert average_run_length(0.5, 4, drawn(z)) == pytest.approx(168, rel=0.05)


def test_without_a_draw_beyond_k_it_never_alarms():
    assert average_run_length(0.5, 4, drawn(np.zeros(10))) == np.inf


def reference_scores(rng, texts):
    """Opinions as a model gives them: skewed, and far from normal."""
    return rng.choice([-0.9, -0.1, 0.1, 0.8], texts, p=[0.08, 0.5, 0.3, 0.12])


ASKED = 200.0  # windows between false alarms


@pytest.fixture(scope="module")
def watched():
    """A reference from 20,000 texts, about three in a window."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(3, 6000)
    return calibrate(reference_scores(rng, 20_000), counts, 0.5, ASKED, seed=1)


def windows(rng, runs, shift, reference):
    """Return z of new windows, whose texts are drawn anew."""
    sizes = np.maximum(1, rng.poisson(3, runs))
    owner = np.repeat(np.arange(runs), sizes)
    scores = reference_scores(rng, len(owner)) + shift * reference.deviation
    means = np.bincount(owner, scores) / sizes
    return np.sqrt(sizes) * (means - reference.mean) / reference.deviation


def test_false_alarms_are_as_rare_as_asked_for(watched):
    """On windows of its own, without a shift."""
    runs = simulate(
        lambda rng, n: windows(rng, n, 0, watched), 0.5, watched.threshold, 2500, 600
    )
    assert runs.cut == 0
    # 600 nearly exponential run lengths: the interval is +- 8 %; to it comes what mu is
    # off by, as it is estimated from 20,000 texts
    assert runs.mean.low < 1.05 * ASKED
    assert runs.mean.high > 0.95 * ASKED
    assert runs.mean.high - runs.mean.low < 0.2 * ASKED


def test_a_threshold_for_normal_means_would_alarm_too_often(watched):
    """Means of few skewed texts are not normal: why the threshold is drawn."""
    h = threshold(0.5, ASKED)
    runs = simulate(lambda rng, n: windows(rng, n, 0, watched), 0.5, h, 2500, 600)
    assert runs.mean.high < ASKED


@pytest.mark.parametrize("shift", [0.5, -0.5, 1.0])
def test_an_injected_shift_is_found_as_soon_as_the_chain_says(watched, shift):
    """The shift is in deviations of one text, of which a window has about three."""
    h = watched.threshold
    z = windows(np.random.default_rng(9), 100_000, shift, watched)
    delay = average_run_length(0.5, h, drawn(z))
    runs = simulate(lambda rng, n: windows(rng, n, shift, watched), 0.5, h, 500, 300)
    assert runs.cut == 0
    assert not runs.mean.excludes(delay)
    assert 2 < delay < 14  # windows, where a false alarm comes after 200


def test_the_delay_is_that_of_the_chain():
    h = threshold(0.5, 300)
    shifted = simulate(lambda rng, n: rng.normal(1, 1, n), 0.5, h, 500, 800, seed=2)
    assert not shifted.mean.excludes(average_run_length(0.5, h, normal(1)))


# --- one step -----------------------------------------------------------------------

Z = st.lists(st.floats(-4, 4), min_size=1, max_size=60)


@given(Z)
def test_the_sums_are_pages(zs):
    """S+_n is the largest sum of z - k over a run of windows that ends at n, or 0."""
    state = State()
    for n, z in enumerate(zs):
        state, alarm = step(state, z, 0.5, 1e9, n)
        assert alarm is None
        tails = [sum(zs[i : n + 1]) - 0.5 * (n + 1 - i) for i in range(n + 1)]
        assert state.upper == pytest.approx(max(0, *tails), abs=1e-9)
        falls = [-sum(zs[i : n + 1]) - 0.5 * (n + 1 - i) for i in range(n + 1)]
        assert state.lower == pytest.approx(max(0, *falls), abs=1e-9)


@given(Z)
def test_the_mirror_image_alarms_the_other_way(zs):
    one, other = State(), State()
    for n, z in enumerate(zs):
        one, first = step(one, z, 0.5, 3, n)
        other, second = step(other, -z, 0.5, 3, n)
        assert (one.upper, one.lower) == (other.lower, other.upper)
        assert (first is None) == (second is None)
        if first and second:
            assert first.direction == -second.direction
            assert one == State()  # it begins anew


def test_an_alarm_tells_since_when():
    state, found = State(), []
    for window, z in enumerate([1, -3, -0.4, 0, -1, -2, -2, -2]):
        state, alarm = step(state, z, 0.5, 4, window)
        found += [alarm] if alarm else []
    (alarm,) = found
    assert (alarm.direction, alarm.window, alarm.since) == (-1, 6, 1)
    # from window 1 on: 3 + 0.4 + 0 + 1 + 2 + 2, less k = 0.5 for each of the six
    assert alarm.statistic == pytest.approx(8.4 - 3)


# --- references ---------------------------------------------------------------------


def test_a_topic_with_few_texts_is_not_watched():
    rng = np.random.default_rng(0)
    topics = np.repeat([0, 1], [400, 12])
    said = []
    found = detector.references(
        topics, rng.normal(0, 0.3, 412), rng.integers(100, size=412), ("oil", "gold"),
        0.5, 100, said.append,
    )  # fmt: skip
    assert list(found) == ["oil"]
    assert said == ["Fewer than 30 reference texts, not watched: gold."]


def test_all_topics_together_alarm_as_rarely_as_asked_for(watched):
    """Two topics: each gets twice the run length, so its threshold is higher."""
    rng = np.random.default_rng(0)
    topics = np.repeat([0, 1], 2000)
    scores, where = reference_scores(rng, 4000), rng.integers(700, size=4000)
    two = detector.references(topics, scores, where, ("oil", "gold"), 0.5, 200)
    one = calibrate(
        scores[:2000], np.unique(where[:2000], return_counts=True)[1], 0.5, 400, seed=0
    )
    assert two["oil"] == one


@pytest.mark.parametrize("scores", [np.zeros(100), np.arange(29) / 29])
def test_a_reference_without_spread_or_texts_is_refused(scores):
    with pytest.raises(DataError, match="take a longer stretch"):
        calibrate(scores, np.array([3]), 0.5, 100)


@pytest.mark.parametrize("asked", [1, float("nan"), 1e9])
def test_run_lengths_that_cannot_be_are_refused(asked):
    with pytest.raises(UsageError, match="run_length is"):
        threshold(0.5, asked)
    with pytest.raises(UsageError, match="give k from 0"):
        average_run_length(-1, 5)
    assert run_length.MOST == 1e6
