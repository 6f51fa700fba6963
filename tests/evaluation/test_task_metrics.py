"""Scores of each kind of task: against scikit-learn, scipy, seqeval and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, hamming_loss

from chapter2.errors import DataError, UsageError
from chapter2.evaluation import (
    metrics_for,
    multilabel_scores,
    precision_recall_f1,
    regression_report,
    tagging_report,
)

sets = st.lists(st.tuples(*[st.integers(0, 1)] * 6), min_size=1, max_size=20)


@given(sets)
def test_label_sets_equal_scikit_learn(rows):
    true, pred = np.array(rows)[:, :3], np.array(rows)[:, 3:]
    found = multilabel_scores(true, pred)
    for average in ("micro", "macro"):
        expected = f1_score(true, pred, average=average, zero_division=0)
        assert getattr(found, f"{average}_f1") == pytest.approx(expected)
    samples = f1_score(true, pred, average="samples", zero_division=1)
    assert found.samples_f1 == pytest.approx(samples)
    assert found.subset_accuracy == pytest.approx(accuracy_score(true, pred))
    assert found.hamming_loss == pytest.approx(hamming_loss(true, pred))


def test_label_sets_by_hand():
    true, pred = [[1, 1, 0], [0, 1, 0], [0, 0, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    found = multilabel_scores(true, pred)
    assert found.micro_f1 == pytest.approx(4 / 5)
    assert found.macro_f1 == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert found.samples_f1 == pytest.approx((2 / 3 + 1 + 1) / 3)
    assert found.subset_accuracy == pytest.approx(2 / 3)
    assert found.hamming_loss == pytest.approx(1 / 9)


@pytest.mark.parametrize(
    ("true", "pred", "sentence"),
    [
        ([0, 1], [0, 1], "one row per record"),
        ([[0, 2]], [[0, 1]], "each 0 or 1"),
        ([[0, 1]], [[0, 1, 1]], "predict each label"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "one row per record"),
    ],
)
def test_label_sets_that_cannot_be_scored_are_refused(true, pred, sentence):
    with pytest.raises(DataError, match=sentence):
        multilabel_scores(true, pred)


def test_amounts_equal_scikit_learn_and_scipy():
    from scipy.stats import pearsonr, spearmanr
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    random = np.random.default_rng(0)
    true = random.normal(size=200).round(1)  # with ties
    pred = (true + random.normal(size=200)).round(1)
    found = {k: v.value for k, v in regression_report(true, pred, 50).scores.items()}
    assert found == pytest.approx(
        {
            "mae": mean_absolute_error(true, pred),
            "rmse": root_mean_squared_error(true, pred),
            "r2": r2_score(true, pred),
            "pearson": pearsonr(true, pred).statistic,
            "spearman": spearmanr(true, pred).statistic,
        }
    )


def test_the_interval_of_the_mean_error_has_the_width_of_theory():
    random = np.random.default_rng(1)
    true, error = random.normal(size=900), random.normal(size=900)
    score = regression_report(true, true + error, 2000).scores["mae"]
    half = 1.96 * np.abs(error).std() / 30
    assert (score.high - score.low) / 2 == pytest.approx(half, rel=0.1)
    assert score.low < score.value < score.high


def test_a_constant_prediction_has_no_correlation_and_no_r2_above_zero():
    found = regression_report([1.0, 2.0, 4.0, 5.0], [3.0] * 4, 20).scores
    assert np.isnan(found["pearson"].value)
    assert np.isnan(found["spearman"].value)
    assert found["r2"].value == pytest.approx(0)
    assert found["mae"].value == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("true", "pred", "sentence"),
    [
        ([1.0], [1.0], "two records"),
        ([1.0, 2.0], [1.0], "two records"),
        ([1.0, 2.0], [1.0, float("nan")], "NaN or infinite"),
    ],
)
def test_amounts_that_cannot_be_scored_are_refused(true, pred, sentence):
    with pytest.raises(DataError, match=sentence):
        regression_report(true, pred)


TRUE = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-PER"]]
PRED = [["B-PER", "O", "O", "B-LOC"], ["O", "B-LOC"]]


def test_entities_by_hand():
    """One of three entities has its type and both ends right; four tokens of six do."""
    found = tagging_report(TRUE, PRED)
    assert found.per_type["PER"].to_dict() == {
        "precision": 0,
        "recall": 0,
        "f1": 0,
        "support": 2,
    }
    loc = found.per_type["LOC"]
    assert (loc.precision, loc.recall, loc.support) == (0.5, 1, 1)
    assert found.micro.precision == found.micro.recall == pytest.approx(1 / 3)
    assert found.macro.f1 == pytest.approx((0 + 2 / 3) / 2)
    assert found.token_accuracy == pytest.approx(4 / 6)
    assert "accuracy of tokens" in str(found)
    assert found._repr_markdown_().count("\n") == 8 - 1
    assert found.to_dict()["tokens"] == 6


def test_entities_equal_seqeval():
    """The figures are those of seqeval 1.2.2 for these tags, computed once."""
    random = np.random.default_rng(0)
    names = ["O", "O", "B-A", "I-A", "B-B", "I-B"]
    true, pred = random.choice(names, (2, 40, 7)).tolist()
    found = tagging_report(true, pred)
    assert found.micro.f1 == pytest.approx(0.1812688821752266, abs=1e-12)
    assert found.micro.precision == pytest.approx(0.18072289156626506, abs=1e-12)
    assert found.macro.recall == pytest.approx(0.17814902424600826, abs=1e-12)


def test_an_entity_without_a_beginning_counts_unless_strict():
    assert tagging_report([["I-A", "O"]], [["I-A", "O"]]).micro.f1 == 1
    both = [["B-A", "O", "I-A"]]
    assert tagging_report(both, both).micro.support == 2
    assert tagging_report(both, both, strict=True).micro.support == 1


@pytest.mark.parametrize(
    ("true", "pred", "sentence"),
    [
        ([], [], "at least one token"),
        ([["O"]], [["O"], ["O"]], "1 sentences and y_pred 2"),
        ([["O", "O"]], [["O"]], "Sentence 0 has 2 true tags and 1"),
        ([["O"]], [["PER"]], "the tag 'PER'"),
    ],
)
def test_tags_that_cannot_be_scored_are_refused(true, pred, sentence):
    with pytest.raises(DataError, match=sentence):
        tagging_report(true, pred)


def test_one_door_for_each_kind():
    y, p = [0, 1, 2, 1], [0, 1, 1, 1]
    for kind in ("classification", "pair"):
        found = metrics_for(kind).score(y, p)
        assert found["accuracy"] == 0.75
        macro = precision_recall_f1(y, p, 3, "macro").f1
        assert found["macro_f1"] == pytest.approx(macro)
    assert metrics_for("multi-label").score([[1, 0]], [[1, 1]])["hamming_loss"] == 0.5
    assert metrics_for("regression").score([1, 2], [2, 2])["mae"] == 0.5


def test_the_door_of_tags():
    found = metrics_for("tagging").score(TRUE, PRED)
    assert found["micro_f1"] == pytest.approx(1 / 3)
    assert found["token_accuracy"] > found["micro_f1"]


@pytest.mark.parametrize("kind", ["classification", "multi-label", "regression"])
def test_the_main_score_and_those_to_lower_are_among_the_scores(kind):
    y = {"multi-label": [[0, 1], [1, 1]], "regression": [0.5, 1.0]}.get(kind, [0, 1])
    task = metrics_for(kind)
    assert {task.main, *task.lower_is_better} <= set(task.score(y, y))


def test_another_kind_is_refused():
    with pytest.raises(UsageError, match="kind is 'guess'; use one of classification"):
        metrics_for("guess")
