"""The most confident errors, and the slices where errors gather."""

import numpy as np
import pytest

from chapter2.data.records import TextDataset
from chapter2.errors import DataError, UsageError
from chapter2.evaluation import (
    accuracy_by,
    accuracy_by_rating,
    most_confident_errors,
)

DATA = TextDataset(
    "set",
    ("fine", "a | long\ntext " * 20, "right", "worst"),
    (1, 0, 1, 1),
    ("no", "yes"),
    scores=(0.2, -0.4, 1.5, 3.0),
)
PROBABILITIES = np.array([[0.7, 0.3], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])


def test_wrong_predictions_come_most_confident_first_and_ties_in_order():
    found = most_confident_errors(DATA, PROBABILITIES, k=2)
    assert [(row.index, row.true, row.predicted) for row in found] == [
        (1, "no", "yes"),
        (3, "yes", "no"),
    ]
    assert found.rows[0].probability == 0.9
    assert found.rows[0].text == DATA.texts[1]
    assert found.rows[0].score == -0.4
    assert (found.total, found.records, len(found)) == (3, 4, 2)


def test_tables_show_one_short_line_per_mistake():
    found = most_confident_errors(DATA, PROBABILITIES, k=5, width=20)
    lines = str(found).splitlines()
    assert len(lines) == 1 + 3 + 1
    assert lines[1].startswith("a | long text a | l…")
    assert lines[-1] == "3 of 4 predictions are wrong."
    assert lines[0].split() == ["text", "true", "predicted", "probability", "rating"]
    assert r"a \| long text a \| l…" in found._repr_markdown_()
    assert "-0.40" in lines[1]


def test_no_rating_no_column():
    plain = TextDataset("set", DATA.texts, DATA.labels, DATA.label_names)
    assert "rating" not in str(most_confident_errors(plain, PROBABILITIES))


def test_a_perfect_model_has_no_mistakes():
    found = most_confident_errors(DATA, np.eye(2)[list(DATA.labels)])
    assert len(found) == found.total == 0
    assert str(found).endswith("0 of 4 predictions are wrong.")


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (PROBABILITIES[:3], r"shape \(3, 2\), but set needs \(4, 2\)"),
        (np.ones((4, 3)) / 3, r"needs \(4, 2\)"),
        (np.where(PROBABILITIES == 0.8, np.nan, PROBABILITIES), r"\[2\] holds NaN"),
    ],
)
def test_probabilities_that_do_not_fit_are_refused(probabilities, message):
    with pytest.raises(DataError, match=message):
        most_confident_errors(DATA, probabilities)


@pytest.mark.parametrize("keywords", [{"k": 0}, {"width": 0}])
def test_nothing_to_show_is_refused(keywords):
    with pytest.raises(UsageError, match="at least 1"):
        most_confident_errors(DATA, PROBABILITIES, **keywords)


def test_slices_hold_each_record_once_and_the_upper_edge():
    found = accuracy_by([0, 1, 2, 4], [0, 1, 2, 4], [1, 1, 1, 1], [1, 0, 1, 0], "words")
    assert [(row.name, row.records) for row in found] == [
        ("0 to 1", 1),
        ("1 to 2", 1),
        ("2 to 4", 2),
    ]
    assert [row.accuracy.value for row in found] == [1, 0, 0.5]
    assert str(found).splitlines()[0].startswith("words")


def test_an_empty_slice_says_none():
    found = accuracy_by([0.5], [0, 1, 2], [1], [1], "length")
    assert found.rows[1].accuracy is None
    assert "| 1 to 2 | 0 | none |" in found._repr_markdown_()


def test_slices_by_the_distance_of_the_rating_from_zero():
    found = accuracy_by_rating(DATA, PROBABILITIES.argmax(axis=1))
    assert [(row.name, row.records) for row in found] == [
        ("0 to 0.5", 2),
        ("0.5 to 1", 0),
        ("1 to 2", 1),
        ("2 to 3", 1),
    ]
    assert [row.accuracy.value for row in found if row.accuracy] == [0, 1, 0]


@pytest.mark.parametrize(
    ("values", "edges", "error", "message"),
    [
        ([0, 5], [0, 1], DataError, r"values\[1\] is 5, outside the edges 0 to 1"),
        ([0, np.nan], [0, 1], DataError, r"values\[1\] is nan"),
        ([0], [0, 1], DataError, "there are 2 labels"),
        ([0, 1], [1], UsageError, "two or more"),
        ([0, 1], [1, 0], UsageError, "rising"),
    ],
)
def test_edges_and_values_that_do_not_fit_are_refused(values, edges, error, message):
    with pytest.raises(error, match=message):
        accuracy_by(values, edges, [0, 1], [0, 1], "length")


def test_no_ratings_no_slices():
    plain = TextDataset("set", ("a",), (0,), ("no", "yes"))
    with pytest.raises(DataError, match="has no ratings"):
        accuracy_by_rating(plain, [0])
