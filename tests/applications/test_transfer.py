"""What a model loses outside its domain, against closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from chapter2.applications.financial_opinion.transfer import transfers
from chapter2.data import TextDataset
from chapter2.errors import UsageError
from chapter2.evaluation import accuracy

NAMES = ("negative", "neutral", "positive")


def texts(name, labels, names=NAMES):
    words = tuple(f"text {i}" for i in range(len(labels)))
    return TextDataset(name, words, tuple(labels), names)


def predictions(rng, labels, share):
    """Return labels of which ``share`` are right."""
    wrong = rng.random(len(labels)) >= share
    return (np.asarray(labels) + wrong * rng.integers(1, 3, len(labels))) % 3


@pytest.fixture
def found():
    rng = np.random.default_rng(0)
    home, away = rng.integers(3, size=900).tolist(), rng.integers(3, size=2500).tolist()
    predicted = {
        "first class": (np.zeros(900, int), np.zeros(2500, int)),
        "model": (predictions(rng, home, 0.8), predictions(rng, away, 0.5)),
    }
    sets = texts("home", home), texts("away", away)
    return sets, predicted, transfers(predicted, "first class", *sets, "accuracy")


def test_loss_and_gains_are_differences_of_scores(found):
    (home, away), predicted, (base, model) = found
    scores = [
        accuracy(each.labels, pred)
        for each, pred in zip((home, away), predicted["model"], strict=True)
    ]
    assert [model.home.value, model.away.value] == pytest.approx(scores)
    assert model.loss.value == pytest.approx(scores[0] - scores[1])
    assert model.home_gain.value == pytest.approx(model.home.value - base.home.value)
    assert model.away_gain.value == pytest.approx(model.away.value - base.away.value)
    assert (base.home_gain.value, base.home_gain.low) == (0, 0)


def test_the_interval_of_the_loss_is_that_of_two_samples(found):
    """Wald: sqrt(p (1 - p) / n + q (1 - q) / m), the sets being independent."""
    _, _, (_, model) = found
    p, q = model.home.value, model.away.value
    half = 1.96 * (p * (1 - p) / 900 + q * (1 - q) / 2500) ** 0.5
    assert model.loss.high - model.loss.low == pytest.approx(2 * half, rel=0.1)
    assert model.loss.excludes(0)


def test_copies_are_no_further_evidence(found):
    sets, predicted, once = found
    copies = [each.select(np.repeat(np.arange(len(each)), 4)) for each in sets]
    answers = {k: tuple(np.repeat(p, 4) for p in both) for k, both in predicted.items()}
    for a, b in zip(
        once, transfers(answers, "first class", *copies, "accuracy"), strict=True
    ):
        for score in ("home", "away", "loss", "home_gain", "away_gain"):
            one, other = getattr(a, score), getattr(b, score)
            ends = (other.value, other.low, other.high)
            assert ends == pytest.approx((one.value, one.low, one.high)), score


def test_of_a_handful_of_sources_nothing_is_told(found):
    sets, predicted, _ = found
    few = [
        replace(each, groups=tuple(f"source {i % 4}" for i in range(len(each))))
        for each in sets
    ]
    (_, model) = transfers(predicted, "first class", *few, "accuracy")
    assert (model.home.low, model.away.high) == (0, 1)
    assert (model.loss.low, model.loss.high) == (-1, 1)


def test_sets_with_other_labels_are_refused(found):
    (home, _), predicted, _ = found
    other = texts("other", [0, 1], ("bad", "good"))
    with pytest.raises(UsageError, match="compare sets with the same ones"):
        transfers(predicted, "model", home, other)
    with pytest.raises(UsageError, match="no model 'none'"):
        transfers(predicted, "none", home, home)
