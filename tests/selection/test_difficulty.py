"""Difficulty: the quick model against the baseline, and data with and without sense."""

from dataclasses import replace

import numpy as np
import pytest

from chapter2 import data
from chapter2.data.folds import folds
from chapter2.errors import DataError
from chapter2.evaluation import tfidf_logistic
from chapter2.selection.difficulty import _nested, count_features, difficulty


@pytest.fixture(scope="module")
def snippets():
    return data.load("movie-snippets", limit=2000)


@pytest.mark.parametrize(
    ("name", "unspaced", "limit"),
    [("movie-snippets", False, 800), ("chinese-reviews", True, 1000)],
)
def test_the_quick_model_scores_as_the_baseline_does(name, unspaced, limit):
    dataset = data.load(name, limit)
    quick = difficulty(dataset, unspaced)
    labels = np.array(dataset.labels)
    right = np.zeros(len(labels), dtype=bool)
    for train, test in folds(dataset, 5, 0):
        model = tfidf_logistic(dataset.select(train), "zh" if unspaced else "en")
        predicted = model.predict(dataset.select(test).texts)
        right[test] = predicted == labels[test]
    assert quick.accuracy.value == pytest.approx(right.mean(), abs=0.01)


def test_the_curve_is_nested_and_rises(snippets):
    found = difficulty(snippets)
    assert [size for size, _ in found.curve] == [400, 800, 1600]
    assert found.curve[-1][1] == found.accuracy.value
    assert found.slope == pytest.approx(100 * (found.curve[2][1] - found.curve[1][1]))
    labels, train = np.array(snippets.labels), np.arange(1500)
    parts = [set(_nested(train, labels, s, 0).tolist()) for s in (0.25, 0.5, 1.0)]
    assert parts[0] < parts[1] < parts[2] == set(range(1500))


def test_shuffled_labels_leave_nothing_to_learn(snippets):
    labels = np.random.default_rng(0).permutation(snippets.labels).tolist()
    found = difficulty(replace(snippets, labels=tuple(labels)))
    assert not found.gap.low > 0.02
    assert 0.4 < found.accuracy.value < 0.6


def test_a_label_written_into_the_text_is_easy(snippets):
    told = [
        f"{t} label{y}" for t, y in zip(snippets.texts, snippets.labels, strict=True)
    ]
    found = difficulty(replace(snippets, texts=tuple(told)))
    assert found.accuracy.value > 0.98


def test_probabilities_come_from_models_that_did_not_see_the_record(snippets):
    """A text that stands once, with a word of its own, cannot be remembered."""
    rare = [f"word{i}" for i in range(400)]
    labels = tuple(i % 2 for i in range(400))
    found = difficulty(
        replace(snippets.select(range(400)), texts=tuple(rare), labels=labels)
    )
    assert found.probabilities.sum(axis=1) == pytest.approx(np.ones(400))
    assert found.accuracy.value < 0.6


def test_texts_without_a_word_still_have_features():
    counts = count_features(["!!!", "???", ":-)"], unspaced=False)
    assert counts.shape[0] == 3
    assert counts.nnz > 0


def test_too_few_records_of_a_class_are_refused(snippets):
    labels = (1, *[0] * 29)
    with pytest.raises(DataError, match="positive"):
        difficulty(replace(snippets.select(range(30)), labels=labels))
