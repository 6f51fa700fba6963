"""The intervals cover what they claim to cover, and repeat under one seed."""

import numpy as np
import pytest

from chapter2.errors import DataError, UsageError
from chapter2.evaluation import (
    METRICS,
    Interval,
    accuracy,
    bootstrap_interval,
    mean_interval,
    paired_bootstrap,
    precision_recall_f1,
    wilson_interval,
)
from chapter2.evaluation import resampling as module


def guesses(right, size, seed, classes=2):
    """Return true labels and predictions that are right with chance ``right``."""
    rng = np.random.default_rng(seed)
    true = rng.integers(classes, size=size)
    shift = np.where(rng.random(size) < right, 0, rng.integers(1, classes, size=size))
    return true, (true + shift) % classes


def test_95_percent_intervals_cover_the_true_accuracy_95_percent_of_the_time():
    hits = 0
    for trial in range(600):
        found = bootstrap_interval("accuracy", *guesses(0.8, 300, trial), resamples=400)
        hits += found.low <= 0.8 <= found.high
    # 600 trials of 0.95: two thirds of trials within 0.9 points, nearly all within 2.7
    assert 0.923 <= hits / 600 <= 0.977


def test_80_percent_intervals_cover_80_percent():
    hits = 0
    for trial in range(600):
        true, pred = guesses(0.8, 300, trial)
        found = bootstrap_interval("accuracy", true, pred, resamples=400, level=0.8)
        hits += found.low <= 0.8 <= found.high
    assert 0.75 <= hits / 600 <= 0.85


def test_paired_intervals_cover_the_true_difference():
    hits = 0
    for trial in range(400):
        rng = np.random.default_rng(trial)
        true = rng.integers(2, size=300)
        hard = rng.random(300)  # both models fail on the hard records
        a, b = (
            np.where(hard < 0.85, true, 1 - true),
            np.where(hard < 0.8, true, 1 - true),
        )
        found = paired_bootstrap("accuracy", true, a, b, resamples=400)
        hits += found.low <= 0.05 <= found.high
    assert 0.915 <= hits / 400 <= 0.985


def test_the_bootstrap_agrees_with_the_closed_form():
    true, pred = guesses(0.8, 2000, seed=1)
    boot = bootstrap_interval("accuracy", true, pred, resamples=4000)
    closed = wilson_interval(int((true == pred).sum()), len(true))
    assert boot.value == closed.value == accuracy(true, pred)
    assert boot.low == pytest.approx(closed.low, abs=0.002)
    assert boot.high == pytest.approx(closed.high, abs=0.002)


@pytest.mark.parametrize("name", METRICS)
def test_drawing_counts_and_drawing_records_agree(name):
    true, pred = guesses(0.7, 500, seed=2, classes=4)

    def metric(t, p):
        cells = np.bincount(t * 4 + p, minlength=16).reshape(4, 4)
        return float(METRICS[name](cells))

    fast = bootstrap_interval(name, true, pred, resamples=3000)
    slow = bootstrap_interval(metric, true, pred, resamples=3000)
    assert fast.value == pytest.approx(slow.value)
    assert fast.low == pytest.approx(slow.low, abs=0.006)
    assert fast.high == pytest.approx(slow.high, abs=0.006)


def test_a_function_is_scored_on_what_it_is_given():
    true, pred = guesses(0.9, 200, seed=3)
    found = bootstrap_interval(
        lambda t, p: precision_recall_f1(t, p, 2).recall[1], true, pred, resamples=50
    )
    assert found.value == pytest.approx(np.mean(pred[true == 1] == 1))
    assert found.low <= found.value <= found.high


def test_the_accuracy_function_means_the_named_metric():
    true, pred = guesses(0.9, 200, seed=3)
    assert bootstrap_interval(accuracy, true, pred) == bootstrap_interval(
        "accuracy", true, pred
    )


def test_chunks_do_not_change_the_result(monkeypatch):
    true, pred = guesses(0.8, 300, seed=4, classes=3)
    whole = bootstrap_interval("macro_f1", true, pred, resamples=500)
    monkeypatch.setattr(module, "CHUNK", 20)  # two resamples of 9 cells at a time
    assert bootstrap_interval("macro_f1", true, pred, resamples=500) == whole


def test_same_seed_same_interval_and_another_seed_another():
    true, pred = guesses(0.8, 300, seed=5)
    one, again, other = (
        bootstrap_interval("macro_f1", true, pred, seed=seed) for seed in (0, 0, 1)
    )
    assert one == again
    assert one != other
    assert one.value == other.value


def test_paired_interval_is_narrower_than_unpaired_ones_suggest():
    true, a = guesses(0.85, 1000, seed=6)
    b = a.copy()
    b[:20] = 1 - true[:20]  # the same model with 20 records spoilt
    paired = paired_bootstrap("accuracy", true, a, b)
    alone = bootstrap_interval("accuracy", true, a)
    assert paired.value == pytest.approx(accuracy(true, a) - accuracy(true, b))
    assert paired.high - paired.low < 0.6 * (alone.high - alone.low)
    assert paired.excludes(0)


def test_paired_difference_turns_its_sign_with_the_models():
    true, a = guesses(0.85, 400, seed=7)
    _, b = guesses(0.75, 400, seed=8)
    forth = paired_bootstrap("accuracy", true, a, b)
    back = paired_bootstrap("accuracy", true, b, a)
    assert forth.value == pytest.approx(-back.value)


def test_a_model_against_itself_differs_by_exactly_zero():
    true, a = guesses(0.85, 400, seed=7)
    found = paired_bootstrap("macro_f1", true, a, a)
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert not found.excludes(0)


def test_classes_that_are_never_seen_count_when_they_are_stated():
    true, pred = [0, 1, 0, 1], [0, 1, 0, 1]
    assert bootstrap_interval("macro_f1", true, pred).value == 1
    stated = bootstrap_interval("macro_f1", true, pred, classes=4)
    assert stated.value == precision_recall_f1(true, pred, 4, "macro").f1 == 0.5


def test_the_interval_of_a_mean_is_near_the_normal_one():
    values = np.random.default_rng(0).normal(2, 1, 400)
    found = mean_interval(values, 2000)
    half = 1.96 * values.std() / 20
    assert found.value == values.mean()
    assert found.low == pytest.approx(values.mean() - half, abs=0.02)
    assert found.high == pytest.approx(values.mean() + half, abs=0.02)
    assert mean_interval(values, 2000) == found != mean_interval(values, 2000, seed=1)


def test_a_mean_needs_values_and_resamples():
    with pytest.raises(DataError, match="nothing to measure on"):
        mean_interval(np.array([]))
    with pytest.raises(UsageError, match="resamples is 0"):
        mean_interval(np.ones(3), resamples=0)
    with pytest.raises(UsageError, match="level is 95"):
        mean_interval(np.ones(3), level=95)


def test_wilson_known_values_and_edges():
    # Wilson (1927) for 8 of 10 at 95 %: 0.490 to 0.943
    found = wilson_interval(8, 10)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(10, 10).high == 1.0
    assert wilson_interval(10, 10).low == pytest.approx(0.7225, abs=1e-4)
    assert wilson_interval(0, 10).low == 0.0


def test_an_interval_prints_as_percentages_or_plain():
    found = Interval(0.8549, 0.8401, 0.8711, 0.95, 1000)
    assert f"{found:.1%}" == "85.5% [84.0%, 87.1%]"
    assert str(found) == f"{found}" == "0.855 [0.840, 0.871]"
    assert found.to_dict()["resamples"] == 1000
    assert found.excludes(0.9)
    assert not found.excludes(0.85)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"metric": "acuracy"}, UsageError, "use one of accuracy"),
        ({"level": 95}, UsageError, "level is 95"),
        ({"level": 0}, UsageError, "level is 0"),
        ({"resamples": 0}, UsageError, "resamples is 0"),
        ({"y_pred": [0]}, DataError, "y_true has 2 records"),
        ({"y_true": [], "y_pred": []}, DataError, "no records"),
        ({"classes": 1}, DataError, "labels go from 0 to 0"),
    ],
)
def test_misuse_is_refused(keywords, error, message):
    call = {"metric": "accuracy", "y_true": [0, 1], "y_pred": [0, 1], **keywords}
    with pytest.raises(error, match=message):
        bootstrap_interval(**call)


@pytest.mark.parametrize(("right", "total"), [(3, 2), (-1, 2), (0, 0)])
def test_wilson_refuses_what_is_no_share(right, total):
    with pytest.raises(DataError, match="not an accuracy"):
        wilson_interval(right, total)
