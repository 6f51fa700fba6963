"""What a tagger must beat, and the shared task's own figures for it."""

import pytest

from chapter2 import data
from chapter2.data import TaggedDataset
from chapter2.evaluation.tag_baselines import Gazetteer, UsualTag
from chapter2.evaluation.tagging import tagging_report

TAGS = ("O", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
TRAIN = TaggedDataset(
    "train",
    (
        ("Bank", "of", "England", "said"),
        ("England", "said"),
        ("said", "Bank"),
        ("a", "Bank"),
        ("England",),
    ),
    (
        ("B-ORG", "I-ORG", "I-ORG", "O"),
        ("B-LOC", "O"),
        ("O", "B-ORG"),
        ("O", "O"),
        ("B-LOC",),
    ),
    TAGS,
)


def test_each_word_gets_its_usual_tag():
    usual = UsualTag.fit(TRAIN)
    found = usual.predict([("England", "of", "new", "said"), ()])
    assert found == [("B-LOC", "I-ORG", "O", "O"), ()]


def test_the_longest_name_is_taken():
    names = Gazetteer.fit(TRAIN)
    sentences = [("the", "Bank", "of", "England"), ("England", "Bank", "of"), ()]
    assert names.predict(sentences) == [
        ("O", "B-ORG", "I-ORG", "I-ORG"),
        ("B-LOC", "B-ORG", "O"),
        (),
    ]


def test_a_name_that_is_mostly_none_is_dropped():
    assert Gazetteer.fit(TRAIN, least=0.5).predict([("Bank",)]) == [("B-ORG",)]
    assert Gazetteer.fit(TRAIN, least=0.6).predict([("Bank",)]) == [("O",)]
    kept = Gazetteer.fit(TRAIN, least=0.6).kinds
    assert kept == {("Bank", "of", "England"): "ORG", ("England",): "LOC"}


def test_a_name_with_two_types_has_the_more_frequent_one():
    tags = (("B-ORG",), ("B-LOC",), ("B-LOC",))
    both = TaggedDataset("both", (("Leeds",),) * 3, tags, TAGS)
    assert Gazetteer.fit(both).kinds == {("Leeds",): "LOC"}


def test_the_published_baseline_comes_out():
    """Tjong Kim Sang and De Meulder (2003), table 5: 71.91, 50.90 and 59.61 %."""
    dataset = data.load("conll-entities")
    assert dataset.parts
    train, test = (
        dataset.select(i for i, mark in enumerate(dataset.parts) if mark == part)
        for part in ("train", "test")
    )
    found = tagging_report(test.tags, Gazetteer.fit(train).predict(test.tokens)).micro
    scores = (found.precision, found.recall, found.f1)
    assert scores == pytest.approx((0.7191, 0.5090, 0.5961), abs=5e-5)
