"""The fine-tuned choice of a sentence: what it reads, what it learns, what it takes."""

from __future__ import annotations

import numpy as np
import pytest

from chapter2.applications.gallery import fine_tuned_extractor, summaries
from chapter2.applications.gallery.fine_tuned_extractor import (
    FineTunedExtractor,
    labelled_sentences,
    texts_of,
)
from chapter2.applications.gallery.summaries import Article
from chapter2.errors import DataError, UsageError
from chapter2.training import TrainingConfig


def article(at: int, count: int = 5, number: int = 0) -> Article:
    """Return an article whose sentence ``at`` says what its summary says."""
    sentences = [f"day {j} of week {number} went by" for j in range(count)]
    sentences[at] = f"town {number} opened a bridge"
    rows = np.random.default_rng(number).normal(size=(count, 4))
    vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return Article(tuple(sentences), vectors, f"Town {number} opened its bridge.")


def articles(count: int, seed: int) -> list[Article]:
    """Return articles of towns that no other seed has."""
    places = np.random.default_rng(seed).integers(5, size=count)
    return [article(int(at), number=1000 * seed + i) for i, at in enumerate(places)]


def test_a_text_names_place_and_likeness_before_the_sentence() -> None:
    one = article(2)
    near = summaries.nearness(one)
    assert near == pytest.approx(summaries.features(one)[:, -2])
    texts = texts_of(one, "[SEP]")
    for at, (text, sentence) in enumerate(zip(texts, one.sentences, strict=True)):
        rank = int((near > near[at]).sum()) + 1
        assert text == f"sentence {at + 1} of 5, likeness {rank} [SEP] {sentence}"


def test_sentences_are_balanced_and_never_of_two_kinds() -> None:
    some = articles(12, 0)
    known = labelled_sentences(some, negatives=2)
    assert len(known) == 12 * 3
    assert known.labels.count(1) == 12
    assert len({*known.texts}) == len(known)
    taken = [
        text for text, label in zip(known.texts, known.labels, strict=True) if label
    ]
    assert all("bridge" in text for text in taken)
    every = labelled_sentences(some, negatives=9)
    assert len(every) == 12 * 5
    other = labelled_sentences(some, negatives=2, seed=1)
    assert other.texts != known.texts
    assert labelled_sentences(some, negatives=2) == known


def test_an_article_without_a_choice_is_left_out() -> None:
    no_word = Article(("A", "B"), np.eye(2), "Nothing is alike.")
    single = article(0, count=1)
    kept = labelled_sentences([no_word, single, article(1)], negatives=1)
    assert len(kept) == 2
    with pytest.raises(DataError, match="takes a sentence and leaves one"):
        labelled_sentences([no_word, single])
    with pytest.raises(DataError, match="takes a sentence and leaves one"):
        FineTunedExtractor.fit([], "tiny-random")
    with pytest.raises(UsageError, match="negatives is 0"):
        labelled_sentences([article(1)], negatives=0)


@pytest.fixture(scope="module")
def learned() -> FineTunedExtractor:
    config = TrainingConfig(
        epochs=12, learning_rate=2e-3, monitor="step", precision="fp32"
    )
    return FineTunedExtractor.fit(articles(60, 0), "tiny-random", config)


def test_it_learns_what_the_oracle_takes(learned) -> None:
    test = articles(40, 1)
    right = [learned(each) == summaries.oracle(each) for each in test]
    lead = [summaries.lead(each) == summaries.oracle(each) for each in test]
    assert np.mean(right) > 0.9 > np.mean(lead)


def test_the_most_probable_sentences_are_taken(learned) -> None:
    one = article(3, number=7)
    found = learned.probabilities(one)
    texts = texts_of(one, learned.classifier.tokenizer.sep_token)
    expected = learned.classifier.predict_proba(texts)
    assert fine_tuned_extractor.LABELS[1] == "take"
    np.testing.assert_array_equal(found, expected[:, 1])
    assert learned(one) == [int(np.argmax(found))]
    assert learned(one, 3) == np.argsort(-found)[:3].tolist()
    assert summaries.copied([one], learned) == [one.sentences[int(np.argmax(found))]]
