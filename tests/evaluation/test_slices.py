"""Slices by class, language and length: whole, and equal to what they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.errors import DataError, UsageError
from chapter2.evaluation import (
    accuracy_by_class,
    accuracy_by_language,
    accuracy_by_length,
    accuracy_by_name,
    precision_recall_f1,
)


def dataset(texts, labels) -> TextDataset:
    return TextDataset("set", tuple(texts), tuple(labels), ("no", "yes"))


MIXED = dataset(["fine", "房间很好", "awful film", "服务很差", "good"], [1, 1, 0, 0, 1])
GUESS = [1, 0, 0, 0, 0]


def test_the_accuracy_of_a_class_is_its_recall():
    found = {row.name: row for row in accuracy_by_class(MIXED, GUESS)}
    recall = precision_recall_f1(MIXED.labels, GUESS, 2).recall
    assert found["no"].accuracy.value == pytest.approx(recall[0])
    assert found["yes"].accuracy.value == pytest.approx(recall[1])
    assert found["yes"].records == 3


def test_languages_are_told_apart():
    found = {row.name: row for row in accuracy_by_language(MIXED, GUESS)}
    assert {name: row.records for name, row in found.items()} == {"en": 3, "zh": 2}
    assert found["zh"].accuracy.value == 0.5


def test_lengths_hold_each_record_once_in_parts_of_about_equal_size():
    texts = ["x" * int(n) for n in np.random.default_rng(0).integers(1, 400, 800)]
    data = dataset(texts, [0] * 800)
    found = accuracy_by_length(data, [0] * 800, parts=4)
    assert [row.records for row in found] == pytest.approx([200] * 4, abs=8)
    assert sum(row.records for row in found) == 800


def test_texts_of_one_length_are_one_part():
    data = dataset(["abc", "def"], [0, 1])
    assert [row.records for row in accuracy_by_length(data, [0, 0])] == [2]


def test_copies_do_not_narrow_an_interval():
    draw = np.random.default_rng(0)
    texts = ["word " * n + "文" * (n % 3 == 0) for n in range(1, 61)]
    data = dataset(texts, draw.integers(2, size=60).tolist())
    guess = draw.integers(2, size=60)
    copies = np.repeat(np.arange(60), 4)
    for parted in (accuracy_by_class, accuracy_by_language, accuracy_by_length):
        once = {row.name: row for row in parted(data, guess)}
        many = {row.name: row for row in parted(data.select(copies), guess[copies])}
        assert once.keys() == many.keys()
        for name, row in once.items():
            assert many[name].records == 4 * row.records
            ends = (many[name].accuracy.low, many[name].accuracy.high)
            assert ends == pytest.approx((row.accuracy.low, row.accuracy.high))


def test_what_cannot_be_parted_is_refused():
    with pytest.raises(DataError, match="2 names, but 3 labels"):
        accuracy_by_name(["a", "b"], [0, 1, 0], [0, 1, 0], by="source")
    with pytest.raises(DataError, match="one integer for each of the 3 records"):
        accuracy_by_name(["a"] * 3, [0, 1, 0], [0, 1, 0], by="source", units=[1, 2])
    with pytest.raises(UsageError, match="parts is 0"):
        accuracy_by_length(MIXED, GUESS, parts=0)
    with pytest.raises(DataError, match="no records"):
        accuracy_by_length(dataset([], []), [])
