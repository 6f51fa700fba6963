"""VADER's scores against the package itself; the regression on them; the disk."""

import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from chapter2.errors import ModelError
from chapter2.models import lexicon
from chapter2.models.lexicon import Lexicon, sentiment_scores
from chapter2.models.linear_head import LinearHead

TEXTS = ["A great film, I love it!", "A terrible, boring mess.", "It is a film.", ""]


def test_scores_are_the_packages_own():
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    found = sentiment_scores(TEXTS)
    asked = SentimentIntensityAnalyzer()
    expected = [asked.polarity_scores(text)["compound"] for text in TEXTS]
    np.testing.assert_array_equal(found[:, 3], expected)
    assert found[0, 3] > 0.5 > -0.5 > found[1, 3]
    assert sentiment_scores([]).shape == (0, 4)


def test_it_comes_back_from_disk(tmp_path):
    fitted = LogisticRegression().fit(sentiment_scores(TEXTS), [1, 0, 0, 1])
    model = Lexicon(("no", "yes"), LinearHead.of(fitted, 2))
    model.save(tmp_path)
    again = Lexicon.load(tmp_path)
    np.testing.assert_array_equal(
        again.predict_proba(TEXTS), model.predict_proba(TEXTS)
    )
    assert again.label_names == ("no", "yes")


def test_without_the_package_one_sentence_says_so(monkeypatch):
    lexicon.analyser.cache_clear()
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    with pytest.raises(ModelError, match="pip install vaderSentiment"):
        sentiment_scores(TEXTS)
