"""The report holds scikit-learn's numbers and prints them as straight tables."""

import json

import numpy as np
import pytest
from sklearn import metrics as reference

from chapter2.errors import DataError
from chapter2.evaluation import classification_report
from chapter2.evaluation.tables import display_width

NAMES = ("negative", "中性", "positive|x")


@pytest.fixture
def labels():
    rng = np.random.default_rng(0)
    true = rng.integers(3, size=200)
    pred = np.where(rng.random(200) < 0.7, true, rng.integers(3, size=200))
    return true, pred


def test_every_number_equals_scikit_learn(labels):
    report = classification_report(*labels, NAMES)
    expected = reference.classification_report(
        *labels, target_names=NAMES, output_dict=True
    )
    assert report.accuracy == pytest.approx(expected["accuracy"])
    rows = {
        **report.per_class,
        "macro avg": report.macro,
        "weighted avg": report.weighted,
    }
    for name, row in rows.items():
        theirs = expected[name]
        assert row.precision == pytest.approx(theirs["precision"])
        assert row.recall == pytest.approx(theirs["recall"])
        assert row.f1 == pytest.approx(theirs["f1-score"])
        assert row.support == theirs["support"]
    assert report.micro.f1 == pytest.approx(report.accuracy)
    np.testing.assert_array_equal(report.confusion, reference.confusion_matrix(*labels))


def test_text_table_is_aligned_with_chinese_names(labels):
    lines = str(classification_report(*labels, NAMES)).splitlines()
    assert lines[0].split() == ["class", "precision", "recall", "F1", "support"]
    assert len({display_width(line) for line in lines}) == 1
    assert lines[-1].split()[0] == "accuracy"
    assert lines[-1].endswith("200")


def test_markdown_table_escapes_names(labels):
    lines = classification_report(*labels, NAMES)._repr_markdown_().splitlines()
    assert lines[1] == "| :-- | --: | --: | --: | --: |"
    assert r"positive\|x" in lines[4]
    assert all(line.replace(r"\|", "").count("|") == 6 for line in lines)


def test_dictionary_survives_json(labels):
    found = classification_report(*labels, NAMES).to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["labels"] == list(NAMES)
    assert sum(map(sum, found["confusion"])) == 200
    assert found["per_class"]["negative"]["support"] == sum(found["confusion"][0])


def test_classes_without_record_or_prediction_are_named():
    report = classification_report([0, 0, 1], [0, 0, 0], NAMES)
    assert report.notices == (
        "No true record of positive|x: recall counted as 0.",
        "Never predicted: 中性, positive|x; precision counted as 0.",
    )
    assert "Never predicted" in str(report)
    assert "Never predicted" in report._repr_markdown_()


def test_a_class_may_be_named_like_an_average():
    report = classification_report([0, 1], [0, 1], ("macro average", "accuracy"))
    assert str(report).count("macro average") == 2


def test_one_class_only():
    report = classification_report([0, 0], [0, 0], ("only",))
    assert report.accuracy == report.macro.f1 == 1.0


def test_repeated_names_are_refused():
    with pytest.raises(DataError, match="repeat"):
        classification_report([0, 1], [0, 1], ("same", "same"))


def test_a_label_beyond_the_names_is_refused():
    with pytest.raises(DataError, match="labels go from 0 to 1"):
        classification_report([0, 2], [0, 1], ("a", "b"))
