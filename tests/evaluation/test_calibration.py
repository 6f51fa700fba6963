"""Calibration: hand computations, scikit-learn, and models that are calibrated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.errors import DataError, UsageError
from chapter2.evaluation import (
    brier_score,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability,
    reliability_diagram,
)

P = np.array([[0.9, 0.1], [0.8, 0.2], [0.35, 0.65], [0.45, 0.55], [0.1, 0.9]])
Y = np.array([0, 1, 1, 0, 1])


def softmax(logits):
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def calibrated(n=4000, classes=3, seed=0):
    """Probabilities, and labels drawn from them."""
    random = np.random.default_rng(seed)
    p = softmax(random.normal(0, 2, (n, classes)))
    drawn = (random.uniform(size=(n, 1)) > p.cumsum(axis=1)).sum(axis=1)
    return drawn.clip(max=classes - 1), p


def test_five_records_by_hand():
    """Five bins: (0.4, 0.6] has 0.55 wrong, (0.6, 0.8] 0.65 and 0.8, (0.8, 1] 0.9."""
    found = reliability(Y, P, bins=5)
    assert [b.records for b in found] == [1, 2, 2]
    assert [b.accuracy for b in found] == pytest.approx([0, 0.5, 1])
    assert [b.confidence for b in found] == pytest.approx([0.55, 0.725, 0.9])
    by_hand = (1 * 0.55 + 2 * 0.225 + 2 * 0.1) / 5
    assert found.error == pytest.approx(by_hand)
    assert expected_calibration_error(Y, P, bins=5) == pytest.approx(by_hand)
    assert found.largest_gap == pytest.approx(0.55)


def test_bins_of_equal_mass_hold_equally_many():
    y, p = calibrated(1000)
    found = reliability(y, p, bins=10, by="mass")
    assert [b.records for b in found] == [100] * 10
    assert sum(b.records for b in reliability(y, p, bins=10)) == 1000


def test_equal_confidences_are_not_parted():
    p = np.tile([[0.7, 0.3]], (30, 1))
    found = reliability([0] * 21 + [1] * 9, p, bins=10, by="mass")
    assert len(found.bins) == 1
    assert found.error == pytest.approx(0)


def test_confidence_one_and_one_half_have_a_bin():
    p = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert sum(b.records for b in reliability([0, 1], p, bins=2)) == 2


@pytest.mark.parametrize("by", ["width", "mass"])
def test_calibrated_answers_have_a_small_error_and_sharpened_ones_a_large_one(by):
    y, p = calibrated(20_000)
    sharp = softmax(2 * np.log(p))
    assert expected_calibration_error(y, p, by=by) < 0.012
    assert expected_calibration_error(y, sharp, by=by) > 0.05


def test_the_error_of_a_calibrated_model_is_not_zero_with_few_records():
    few = np.mean([reliability(*calibrated(100, seed=s)).error for s in range(20)])
    many = np.mean([reliability(*calibrated(10_000, seed=s)).error for s in range(5)])
    assert few > 5 * many


def test_brier_and_likelihood_equal_scikit_learn():
    from sklearn.metrics import brier_score_loss, log_loss

    assert brier_score(Y, P) == pytest.approx(2 * brier_score_loss(Y, P[:, 1]))
    y, p = calibrated(500)
    assert negative_log_likelihood(y, p) == pytest.approx(log_loss(y, p), rel=1e-9)
    by_hand = np.mean(((p - np.eye(3)[y]) ** 2).sum(axis=1))
    assert brier_score(y, p) == pytest.approx(by_hand)


def test_a_certain_wrong_answer_costs_a_finite_amount():
    loss = negative_log_likelihood([1], [[1.0, 0.0]])
    assert loss == pytest.approx(-math.log(1e-12), rel=1e-6)


@given(st.floats(0.3, 4))
def test_the_temperature_of_sharpened_answers_is_found_again(true):
    y, p = calibrated(4000)
    own = fit_temperature(y, p).value
    found = fit_temperature(y, softmax(true * np.log(p)))
    assert found.value == pytest.approx(true * own, rel=1e-3)
    assert own == pytest.approx(1, abs=0.08)


def test_scaling_keeps_every_decision_and_lowers_the_loss():
    y, p = calibrated(3000)
    sharp = softmax(3 * np.log(p))
    found = fit_temperature(y, sharp)
    scaled = found(sharp)
    assert (scaled.argmax(axis=1) == sharp.argmax(axis=1)).all()
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    losses = [negative_log_likelihood(y, q) for q in (sharp, scaled)]
    assert losses[1] < losses[0]
    for near in (0.99, 1.01):  # no neighbour is better
        other = type(found)(near * found.value)(sharp)
        assert negative_log_likelihood(y, other) > losses[1]


def test_at_the_best_temperature_the_mean_logit_is_the_expected_one():
    """The derivative by 1/T is zero: mean z_y = mean sum_c p_c z_c."""
    y, p = calibrated(2000)
    z = np.log(softmax(2 * np.log(p)))
    q = fit_temperature(y, np.exp(z))(np.exp(z))
    gap = z[np.arange(len(y)), y].mean() - (q * z).sum(axis=1).mean()
    assert abs(gap) < 1e-4


@pytest.mark.parametrize(
    ("y", "p", "sentence"),
    [
        ([0], [0.5, 0.5], "one row per record"),
        ([0], [[1.0]], "two classes"),
        ([0, 1], [[0.5, 0.5]], "2 records, but there are 1 rows"),
        ([0], [[0.5, 0.6]], "sum to 1"),
        ([0], [[-0.5, 1.5]], "sum to 1"),
        ([0], [[float("nan"), 0.5]], "sum to 1"),
        ([2], [[0.5, 0.5]], "labels go from 0 to 1"),
    ],
)
def test_what_is_no_distribution_is_refused(y, p, sentence):
    with pytest.raises(DataError, match=sentence):
        brier_score(y, p)


def test_no_bins_are_refused():
    with pytest.raises(UsageError, match="bins is 0"):
        reliability(Y, P, bins=0)


def test_the_diagram_names_each_model_and_its_error():
    y, p = calibrated(500)
    curves = {"A": reliability(y, p), "B": reliability(y, softmax(3 * np.log(p)))}
    (axes,) = reliability_diagram(curves, 3).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[0] == "calibrated"
    assert labels[1].startswith("A (error")
    assert labels[2].startswith("B (error")
    with pytest.raises(UsageError, match="nothing to draw"):
        reliability_diagram({}, 3)
