"""Records that are not independent are drawn together."""

import numpy as np
import pytest

from chapter2.errors import DataError
from chapter2.evaluation import (
    METRICS,
    bootstrap_interval,
    margin_test,
    paired_bootstrap,
)
from chapter2.evaluation.intervals import wilson_interval
from chapter2.evaluation.resampling import LEAST, Resample, design_effect

N = 300
COPIES = np.repeat(np.arange(N), 10)


def guesses(seed, right=0.8, classes=3):
    """Return true labels and two models' predictions, each (N,)."""
    draw = np.random.default_rng(seed)
    true = draw.integers(classes, size=N)
    others = (true + draw.integers(1, classes, size=(2, N))) % classes
    return true, *np.where(draw.random((2, N)) < right, true, others)


def authors(seed):
    """Return whether 40 authors' 20 texts each are right; some authors are hard."""
    draw = np.random.default_rng(seed)
    right = draw.random((40, 20)) < draw.beta(2, 1, size=(40, 1))
    return right.reshape(-1).astype(int), np.repeat(np.arange(40), 20)


@pytest.mark.parametrize("metric", [*METRICS, lambda t, p: float((t == p).mean())])
def test_copies_do_not_narrow_an_interval(metric):
    true, a, b = guesses(0)
    once = bootstrap_interval(metric, true, a, 400)
    copied = true[COPIES], a[COPIES]
    found = bootstrap_interval(metric, *copied, 400, units=COPIES)
    ends = (found.value, found.low, found.high)
    assert ends == pytest.approx((once.value, once.low, once.high))
    alone = bootstrap_interval(metric, *copied, 400)
    assert alone.high - alone.low < (found.high - found.low) / 2
    pair = paired_bootstrap(metric, true, a, b, 400)
    found = paired_bootstrap(metric, *copied, b[COPIES], 400, units=COPIES)
    ends = (found.value, found.low, found.high)
    assert ends == pytest.approx((pair.value, pair.low, pair.high))


@pytest.mark.parametrize("metric", ["macro_f1", lambda t, p: float((t == p).mean())])
def test_records_that_are_each_their_own_unit_are_drawn_as_without_units(metric):
    true, a, b = guesses(1)
    alone = np.random.default_rng(0).permutation(N) + 7
    assert bootstrap_interval(metric, true, a, 200, units=alone) == bootstrap_interval(
        metric, true, a, 200
    )
    assert paired_bootstrap(metric, true, a, b, 200, units=alone) == paired_bootstrap(
        metric, true, a, b, 200
    )


def test_the_interval_covers_the_truth_where_authors_differ():
    """The mean of Beta(2, 1) is 2/3; of 95 % intervals over records half miss it."""
    covered = np.zeros(2)
    for seed in range(100):
        right, author = authors(seed)
        for i, units in enumerate((None, author)):
            found = bootstrap_interval(
                "accuracy", np.ones_like(right), right, 400, units=units
            )
            covered[i] += found.low <= 2 / 3 <= found.high
    assert covered[0] < 75
    assert covered[1] >= 88


def test_units_of_unlike_sizes_are_drawn_whole_however_they_are_numbered():
    true, a, _ = guesses(2)
    units = np.random.default_rng(3).integers(60, size=N) // 2
    counted = bootstrap_interval("accuracy", true, a, 3000, units=units)
    drawn = bootstrap_interval(
        lambda t, p: float((t == p).mean()), true, a, 3000, units=units
    )
    assert counted.value == drawn.value
    assert counted.low == pytest.approx(drawn.low, abs=0.006)
    assert counted.high == pytest.approx(drawn.high, abs=0.006)
    assert counted == bootstrap_interval("accuracy", true, a, 3000, units=-5 * units)


def test_the_design_effect_is_the_number_of_copies_and_one_without():
    true, a, _ = guesses(4)
    right = true == a
    assert design_effect(right[COPIES], COPIES) == pytest.approx(10)
    assert design_effect(right, np.arange(N)) == design_effect(right, None) == 1
    assert design_effect(np.ones(10 * N), COPIES) == 10  # all right, each ten times
    within = design_effect(*authors(5))
    assert 2 < within < 20  # between independent texts and copies of one


def test_wilsons_interval_of_copies_is_that_of_the_originals():
    once, copied = (
        wilson_interval(8 * k, 10 * k, effect=effect) for k, effect in ((1, 1), (9, 9))
    )
    assert copied == once
    assert wilson_interval(90, 90).low > wilson_interval(90, 90, effect=9).low


@pytest.mark.parametrize("metric", METRICS)
def test_of_a_handful_of_units_nothing_is_told(metric):
    """Five of one sign are no proof: the sign test has p = 2 / 2^5."""
    true, a, b = guesses(0)
    for units in (np.zeros(N, int), np.arange(N) % (LEAST - 1)):
        found = bootstrap_interval(metric, true, a, 400, units=units)
        assert (found.low, found.high) == (0, 1)
        gain = paired_bootstrap(metric, true, true, b, 400, units=units)
        assert (gain.low, gain.high) == (-1, 1)
        assert not margin_test(true, true, b, 0.01, metric, units=units).not_worse
    six = paired_bootstrap(metric, true, true, b, 400, units=np.arange(N) % LEAST)
    assert six.low > 0


def test_of_a_handful_of_units_the_mean_of_many_models_is_as_open():
    true, units = guesses(0)[0], np.arange(N) % 3
    for models in (1, 6, 20):
        found = Resample("accuracy", true, np.stack([true] * models), 3, units)
        assert np.quantile(found.draw_mean(400, 0), [0.025, 0.975]).tolist() == [0, 1]


def test_a_handful_of_units_are_worth_as_many_records():
    """Two units of equal means: their sums cancel, which says nothing of others."""
    mixed = np.arange(200) % 2
    for units in range(1, LEAST):
        assert design_effect(mixed, np.arange(200) // 2 % units) == 200 / units


def test_one_unit_is_worth_one_record():
    mixed = np.arange(40) % 2
    assert design_effect(mixed, np.zeros(40, int)) == 40
    assert design_effect(np.ones(40), np.zeros(40, int)) == 40


@pytest.mark.parametrize("units", [[0, 1], [[0, 1, 2]], [0.0, 1.0, 1.0]])
def test_units_that_are_not_one_integer_for_each_record_are_refused(units):
    with pytest.raises(DataError, match="units must hold one integer for each of the"):
        bootstrap_interval("accuracy", [0, 1, 1], [0, 1, 1], units=units)
