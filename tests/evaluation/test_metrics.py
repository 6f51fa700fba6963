"""The metrics equal scikit-learn's on any labels, and refuse what makes no sense."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from chapter2.errors import DataError
from chapter2.evaluation import METRICS, accuracy, confusion_matrix, precision_recall_f1
from chapter2.evaluation.metrics import accuracy_of, scores_of


@st.composite
def predictions(draw):
    """Labels of up to 10 classes; some classes stand in one of the two only."""
    classes = draw(st.integers(1, 10))
    size = draw(st.integers(1, 60))
    # a low top leaves the upper classes without a record or a prediction
    true_top = draw(st.integers(0, classes - 1))
    pred_top = draw(st.integers(0, classes - 1))
    true = draw(st.lists(st.integers(0, true_top), min_size=size, max_size=size))
    pred = draw(st.lists(st.integers(0, pred_top), min_size=size, max_size=size))
    return classes, true, pred


@given(predictions())
@settings(max_examples=100, deadline=None)
def test_confusion_and_accuracy_equal_scikit_learn(case):
    classes, true, pred = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one class only
        expected = reference.confusion_matrix(true, pred, labels=range(classes))
    found = confusion_matrix(true, pred, classes)
    np.testing.assert_array_equal(found, expected)
    assert accuracy(true, pred) == pytest.approx(reference.accuracy_score(true, pred))
    assert accuracy_of(found) == pytest.approx(accuracy(true, pred))


@given(predictions(), st.sampled_from([None, "macro", "micro", "weighted"]))
@settings(max_examples=120, deadline=None)
def test_precision_recall_f1_equal_scikit_learn(case, average):
    classes, true, pred = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        *expected, _ = reference.precision_recall_fscore_support(
            true, pred, labels=range(classes), average=average, zero_division=0
        )
    found = precision_recall_f1(true, pred, classes, average)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@given(predictions())
@settings(max_examples=50, deadline=None)
def test_micro_average_is_accuracy_with_one_label_each(case):
    classes, true, pred = case
    micro = precision_recall_f1(true, pred, classes, "micro")
    np.testing.assert_allclose(micro, accuracy(true, pred))


def test_zero_division_counts_as_zero():
    # class 2 has no record and no prediction; class 1 is never predicted
    scores = precision_recall_f1([0, 0, 1], [0, 0, 0], classes=3)
    np.testing.assert_allclose(scores.precision, [2 / 3, 0, 0])
    np.testing.assert_allclose(scores.recall, [1, 0, 0])
    np.testing.assert_allclose(scores.f1, [0.8, 0, 0])


def test_f1_is_the_harmonic_mean_of_precision_and_recall_not_of_accuracy():
    true, pred = [1, 1, 1, 0, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0, 0, 0]
    precision, recall, f1 = (s[1] for s in precision_recall_f1(true, pred, 2))
    assert f1 == pytest.approx(2 / (1 / precision + 1 / recall))
    wrong = 2 / (1 / accuracy(true, pred) + 1 / recall)
    assert abs(f1 - wrong) > 0.03


def test_scores_take_any_number_of_matrices_at_once():
    stack = np.random.default_rng(0).integers(0, 9, size=(4, 3, 3))
    for average in (None, "macro", "micro", "weighted"):
        together = scores_of(stack, average)
        for i, matrix in enumerate(stack):
            for part, alone in zip(together, scores_of(matrix, average), strict=True):
                np.testing.assert_allclose(part[i], alone)


@pytest.mark.parametrize("name", METRICS)
def test_every_named_metric_is_one_for_a_perfect_and_zero_for_a_wrong_model(name):
    right = confusion_matrix([0, 1, 2], [0, 1, 2], 3)
    wrong = confusion_matrix([0, 1, 2], [1, 2, 0], 3)
    assert METRICS[name](right) == 1
    assert METRICS[name](wrong) == 0


def test_inputs_are_left_as_they_were():
    true, pred = np.array([0, 1, 1]), np.array([1, 1, 0])
    confusion_matrix(true, pred, 2)
    np.testing.assert_array_equal(true, [0, 1, 1])
    np.testing.assert_array_equal(pred, [1, 1, 0])


@pytest.mark.parametrize(
    ("true", "pred", "message"),
    [
        ([], [], "no records"),
        ([0, 1], [0], "y_true has 2 records and y_pred 1"),
        ([0, 2], [0, 1], r"y_true\[1\] is 2, but labels go from 0 to 1"),
        ([0, 1], [0, -1], r"y_pred\[1\] is -1"),
        ([0, 1], [[0.2, 0.8], [0.6, 0.4]], "argmax"),
        ([0, 1], [0.2, 0.8], "one integer label per record"),
        ([0, 1], ["a", "b"], "one integer label per record"),
    ],
)
def test_misuse_is_refused_in_one_sentence(true, pred, message):
    with pytest.raises(DataError, match=message):
        confusion_matrix(true, pred, 2)


def test_an_unknown_average_is_refused():
    with pytest.raises(ValueError, match="macro, micro, weighted or None"):
        precision_recall_f1([0], [0], 1, average="mean")
