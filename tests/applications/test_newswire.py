"""The 300 newswire texts with opinions: their labels, and where they come from."""

import re
from collections import Counter

import pytest

from chapter2 import data
from chapter2.applications.financial_opinion import newswire


@pytest.fixture(scope="module")
def opinions():
    return newswire.newswire_opinions()


def test_each_label_is_one_that_a_reader_gave(opinions):
    rows = newswire.rows()
    assert len({row["record"] for row in rows}) == len(rows) == len(opinions) == 300
    for row in rows:
        assert {row["first"], row["second"]} <= set(newswire.NAMES)
        assert row["opinion"] in (row["first"], row["second"])
    assert all(opinions.counts().values())


def test_the_agreement_is_that_of_its_definition():
    """Kappa = (p - e) / (1 - e), e the agreement that shares alone would give."""
    rows = newswire.rows()
    agreed = sum(row["first"] == row["second"] for row in rows) / len(rows)
    shares = [Counter(row[reader] for row in rows) for reader in ("first", "second")]
    chance = sum(shares[0][n] * shares[1][n] for n in newswire.NAMES) / len(rows) ** 2
    kappa = (agreed - chance) / (1 - chance)
    assert newswire.agreement() == pytest.approx(kappa)
    assert 0 < kappa < 1


def test_texts_and_topics_are_those_of_the_guidelines(opinions):
    news = data.load("reuters-r8")
    held_out = [i for i, part in enumerate(news.parts) if part == "test"]
    places = [held_out[int(row["record"])] for row in newswire.rows()]
    for place, text in zip(places, opinions.texts, strict=True):
        assert news.texts[place].startswith(text)
        assert len(text.split()) <= 40
    assert len(set(opinions.texts)) == 300
    stated = re.findall(r"(\d+)\s+(?:on )?\*([a-z-]+)\*", newswire.guidelines())
    topics = Counter(news.label_names[news.labels[place]] for place in places)
    assert {name: int(number) for number, name in stated} == topics
