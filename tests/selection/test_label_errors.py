"""Label errors: few flags, mostly right; none where the labels are right."""

from dataclasses import replace

import numpy as np
import pytest

from chapter2 import data
from chapter2.data.folds import folds
from chapter2.errors import DataError
from chapter2.selection.difficulty import count_features, out_of_fold
from chapter2.selection.label_errors import confident_suspects, label_errors


def injected(dataset, seed, share=0.05):
    """Return the data set with a share of wrong labels, and where they are."""
    draw = np.random.default_rng(seed)
    labels = np.array(dataset.labels)
    wrong = np.zeros(len(labels), dtype=bool)
    wrong[draw.choice(len(labels), int(share * len(labels)), replace=False)] = True
    classes = len(dataset.label_names)
    labels[wrong] = (labels[wrong] + draw.integers(1, classes, wrong.sum())) % classes
    return replace(dataset, labels=tuple(labels.tolist())), wrong


def flagged(dataset, unspaced=False):
    counts = count_features(dataset.texts, unspaced)
    labels, classes = np.array(dataset.labels), len(dataset.label_names)
    p = out_of_fold(counts, labels, classes, folds(dataset, 5, 0))
    return label_errors(labels, p)


# one seed flags a handful on some sets, which tests no share: they are pooled
SETS = (
    ("tweets", None, None, (3, 4, 5, 6)),
    ("clothing-reviews", "recommended", 4000, (3, 4, 5, 6)),
    ("clothing-reviews", "department", 4000, (3, 4)),
    ("chinese-reviews", None, 6000, (3, 4)),
)


@pytest.fixture(scope="module")
def injected_flags():
    """For each set: how many were flagged, how many rightly, and the suspects."""
    found = {}
    for name, label, limit, seeds in SETS:
        dataset = data.load(name, limit, label=label)
        total = np.zeros(3, dtype=int)
        for seed in seeds:
            noisy, wrong = injected(dataset, seed)
            flags = flagged(noisy, name == "chinese-reviews")
            right = wrong[list(flags.records)].sum()
            total += (len(flags.records), right, flags.candidates)
        found[name, label] = total
    return found


def test_most_flags_on_real_texts_are_injected_errors(injected_flags):
    flags, right, suspects = sum(injected_flags.values())
    assert flags >= 50
    # a lower bound: these sets hold errors of their own
    assert right >= 0.7 * flags
    # confident learning alone would have been wrong more often than right
    assert suspects > 10 * flags


def test_no_set_is_flagged_mostly_wrongly(injected_flags):
    shares = {name: right / max(1, n) for name, (n, right, _) in injected_flags.items()}
    assert all(n for n, _, _ in injected_flags.values())
    assert {name: share for name, share in shares.items() if share < 0.6} == {}


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("movie-snippets", 4000),
        ("product-snippets", None),
        ("editorial-snippets", None),
        ("tweets", None),
    ],
)
def test_few_labels_are_flagged_as_they_are(name, limit):
    dataset = data.load(name, limit)
    found = flagged(dataset)
    assert len(found.records) <= 0.001 * len(dataset)


def test_a_weak_model_flags_nothing_rather_than_much():
    noisy, wrong = injected(data.load("editorial-snippets"), seed=1)
    found = flagged(noisy)
    assert not found.records or wrong[list(found.records)].mean() >= 0.6


def simulated(share, seed=0, records=8000, classes=2, spread=3):
    """Return labels that follow calibrated probabilities, some of them then wrong."""
    draw = np.random.default_rng(seed)
    odds = draw.normal(0, spread, (records, classes))
    p = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) < draw.random((records, 1))).sum(axis=1)
    labels = labels.clip(max=classes - 1)
    wrong = draw.random(records) < share
    labels[wrong] = (labels[wrong] + draw.integers(1, classes, wrong.sum())) % classes
    return labels, p, wrong


@pytest.mark.parametrize("classes", [2, 5])
def test_the_share_of_wrong_labels_is_recovered(classes):
    labels, p, wrong = simulated(0.06, classes=classes)
    found = label_errors(labels, p)
    assert found.share == pytest.approx(wrong.mean(), abs=0.01)
    # certainty is what it says: the expected share of right flags is the true one
    right = wrong[list(found.records)]
    assert len(right) > 50
    assert right.mean() == pytest.approx(np.mean(found.certainty), abs=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_no_wrong_labels_no_flags(seed):
    labels, p, _ = simulated(0.0, seed)
    assert label_errors(labels, p).records == ()


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_a_good_model_may_owe_most_disagreements_to_wrong_labels(share):
    labels, p, wrong = simulated(share, spread=9)  # itself wrong in 4 of 100
    found = label_errors(labels, p)
    assert found.share > 0.5 * (labels != p.argmax(axis=1)).mean()
    assert found.share == pytest.approx(wrong.mean(), abs=0.02)
    assert len(found.records) > 0.5 * wrong.sum()
    assert wrong[list(found.records)].mean() > 0.9


def test_disagreement_that_certainty_does_not_change_is_not_told_apart():
    """The limit of the method: such labels may be the model's errors as well."""
    draw = np.random.default_rng(0)
    true = draw.integers(0, 2, 2000)
    wrong = draw.random(2000) < 0.075
    sure = np.where(draw.random(2000) < 0.9, 0.98, 0.6)  # says 0.6, is never wrong
    p = np.where(np.arange(2) == true[:, None], sure[:, None], 1 - sure[:, None])
    assert label_errors(np.where(wrong, 1 - true, true), p).records == ()


def test_suspects_are_those_of_the_confident_joint():
    p = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7]])
    labels = np.array([0, 0, 0, 1, 1])
    # t_0 = (0.9 + 0.6 + 0.2) / 3 = 0.57, t_1 = (0.9 + 0.7) / 2 = 0.8
    assert confident_suspects(labels, p).tolist() == [False, False, True, False, False]


def test_too_few_records_flag_nothing():
    labels, p, _ = simulated(0.2, records=100)
    assert label_errors(labels, p).records == ()


def test_probabilities_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="one row of C"):
        label_errors(np.zeros(3, int), np.ones((2, 2)))
    with pytest.raises(DataError, match="not finite"):
        label_errors(np.zeros(2, int), np.full((2, 2), np.nan))
