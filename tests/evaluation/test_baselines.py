"""The baselines learn, keep the columns in order, and refuse what cannot be learned."""

import numpy as np
import pytest

from chapter2 import data
from chapter2.data.records import TextDataset
from chapter2.data.splits import split
from chapter2.errors import DataError, UsageError
from chapter2.evaluation import (
    accuracy,
    bootstrap_interval,
    detect_language,
    majority,
    paired_bootstrap,
    tfidf_logistic,
)

ENGLISH = TextDataset(
    "en",
    ("a good film", "good, very good", "a bad film", "bad, I say", "bad bad"),
    (2, 2, 0, 0, 0),
    ("negative", "neutral", "positive"),  # no record of the middle class
)
CHINESE = TextDataset(
    "zh",
    ("房间很好", "服务很好，位置不错", "房间很差", "太差了，不会再来"),
    (1, 1, 0, 0),
    ("negative", "positive"),
)


def test_majority_predicts_the_most_frequent_class_with_the_shares():
    model = majority(ENGLISH)
    np.testing.assert_array_equal(model.predict(["x", "y"]), [0, 0])
    np.testing.assert_allclose(model.predict_proba(["x"]), [[0.6, 0, 0.4]])


@pytest.mark.parametrize(
    ("train", "language", "good", "bad"),
    [(ENGLISH, "en", "good", "bad"), (CHINESE, "zh", "很好的房间", "房间差")],
)
def test_tfidf_learns_and_detects_the_language(train, language, good, bad):
    model = tfidf_logistic(train)
    assert model.language == language
    top = len(train.label_names) - 1
    np.testing.assert_array_equal(model.predict([good, bad]), [top, 0])
    probabilities = model.predict_proba([good, bad])
    assert probabilities.shape == (2, len(train.label_names))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_a_class_that_training_never_showed_gets_probability_zero():
    probabilities = tfidf_logistic(ENGLISH).predict_proba(["good", "film"])
    assert (probabilities[:, 1] == 0).all()
    assert (probabilities[:, [0, 2]] > 0).all()


def test_chinese_features_are_characters_and_english_ones_words():
    chinese = tfidf_logistic(CHINESE).model[0].get_feature_names_out()
    english = tfidf_logistic(ENGLISH).model[0].get_feature_names_out()
    assert {"很", "很好", "房间很"} <= set(chinese)
    assert {"i", "good", "a good"} <= set(english)


def test_the_language_can_be_stated():
    assert "goo" in tfidf_logistic(ENGLISH, "zh").model[0].get_feature_names_out()
    with pytest.raises(UsageError, match="language is 'fr'"):
        tfidf_logistic(ENGLISH, "fr")


def test_language_is_detected_by_the_share_of_chinese_letters():
    assert detect_language(["English with one 字 in it"]) == "en"
    assert detect_language(["这台 iPhone 很好用"]) == "zh"
    assert detect_language([]) == detect_language(["12 !?"]) == "en"


def test_no_texts_no_predictions():
    assert tfidf_logistic(ENGLISH).predict([]).shape == (0,)
    assert majority(ENGLISH).predict_proba([]).shape == (0, 3)


def test_the_same_records_give_the_same_model():
    texts = ["good film", "bad film", "film"]
    np.testing.assert_array_equal(
        tfidf_logistic(ENGLISH).predict_proba(texts),
        tfidf_logistic(ENGLISH).predict_proba(texts),
    )


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        ((), (), "no records"),
        (("a", "b"), (0, 0), "All 2 records of set are 'no'"),
        (("!!", "??"), (0, 1), "no words"),
    ],
)
def test_what_cannot_be_learned_is_refused(texts, labels, message):
    with pytest.raises(DataError, match=message):
        tfidf_logistic(TextDataset("set", texts, labels, ("no", "yes")))


def test_majority_of_nothing_is_refused():
    with pytest.raises(DataError, match="no records"):
        majority(TextDataset("set", (), (), ("no", "yes")))


def test_movie_snippets_regression_beats_the_majority_by_a_wide_margin():
    parts = split(data.load("movie-snippets"), seed=0)
    true = parts.test.labels
    common = majority(parts.train).predict(parts.test.texts)
    words = tfidf_logistic(parts.train).predict(parts.test.texts)
    assert accuracy(true, common) == pytest.approx(0.5, abs=0.02)
    # 79.6 % over five splits; one test part of 1,056 records spreads by 1.2 points
    assert 0.76 <= bootstrap_interval("accuracy", true, words).value <= 0.83
    assert paired_bootstrap("accuracy", true, words, common).low > 0.2
