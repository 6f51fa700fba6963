"""What a language model must beat: the most frequent class, and TF-IDF + regression.

Both are scikit-learn's. They learn in a second, and a model that does not beat them
has not earned its cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chapter2.data.records import TextDataset
from chapter2.errors import DataError, UsageError

LANGUAGES = ("en", "zh")
FEATURES = ("words", "characters")
CJK_SHARE = 0.3  # of the letters; from here on, words are not divided by spaces
# inverse strength of the L2 penalty: on the validation parts of the movie snippets and
# the Chinese reviews 10 gives 2.6 and 0.8 points more than scikit-learn's default of 1;
# a baseline left weak flatters the model beside it
C = 10.0
# columns x classes at most: bounds the memory of fitting to about 1 GB; the columns
# that occur most are kept
MOST_WEIGHTS = 4_000_000


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline: texts in, one label or C probabilities per text out."""

    name: str
    model: Any  # a scikit-learn classifier or pipeline that takes texts
    label_names: tuple[str, ...]  # (C,)
    language: str | None = None  # "en" or "zh", where the features depend on it

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (N, C); 0 for a class that training never showed."""
        probabilities = np.zeros((len(texts), len(self.label_names)))
        if len(texts):
            known = self.model.classes_  # labels seen in training, sorted
            probabilities[:, known] = self.model.predict_proba(list(texts))
        return probabilities

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Return the most probable label of each text, (N,) integers."""
        return self.predict_proba(texts).argmax(axis=1)


def majority(train: TextDataset) -> Baseline:
    """Return the baseline that always predicts the most frequent class of ``train``.

    Its probabilities are the shares of the classes.

    Raises:
        DataError: ``train`` is empty.
    """
    from sklearn.dummy import DummyClassifier

    _check_not_empty(train)
    model = DummyClassifier(strategy="prior").fit(list(train.texts), list(train.labels))
    return Baseline("majority class", model, train.label_names)


def tfidf_logistic(
    train: TextDataset, language: str | None = None, features: str | None = None
) -> Baseline:
    """Return TF-IDF + logistic regression, fitted on ``train``.

    English (``"en"``): words and pairs of words. Chinese (``"zh"``), which puts no
    spaces between words: runs of 1 to 3 characters. None detects it from the texts.
    ``features`` = ``"characters"`` takes runs of characters in English too, of 2 to 5
    inside words; ``"words"`` takes words in any language.

    Raises:
        DataError: ``train`` is empty, has one class only, or holds no word at all.
        UsageError: another language, or other features.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    _check_not_empty(train)
    if len(set(train.labels)) < 2:
        only = train.label_names[train.labels[0]]
        raise DataError(
            f"All {len(train)} records of {train.name} are {only!r}; "
            "a classifier needs records of at least two classes."
        )
    language = language or detect_language(train.texts)
    features = features or ("characters" if language == "zh" else "words")
    tfidf = _tfidf(language, features, MOST_WEIGHTS // len(train.label_names))
    # 1,000 iterations: the default of 100 may stop before it has converged
    model = make_pipeline(tfidf, LogisticRegression(C=C, max_iter=1000))
    try:
        model.fit(list(train.texts), list(train.labels))
    except ValueError as error:
        if "empty vocabulary" not in str(error):
            raise
        raise DataError(f"The texts of {train.name} hold no words to learn.") from error
    return Baseline("TF-IDF + logistic regression", model, train.label_names, language)


def _tfidf(language: str, features: str, most: int) -> Any:
    """Return the features; sublinear: a word said 10 times counts 1 + ln 10."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if language not in LANGUAGES:
        raise UsageError(f"language is {language!r}; use one of {LANGUAGES}.")
    if features not in FEATURES:
        raise UsageError(f"features is {features!r}; use one of {FEATURES}.")
    given = {"sublinear_tf": True, "max_features": most}
    if features == "characters" and language == "zh":
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), **given)
    if features == "characters":
        return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **given)
    # the default pattern would drop words of one letter: "I", "a", the t of "don't"
    words = r"(?u)\b\w+\b"
    return TfidfVectorizer(token_pattern=words, ngram_range=(1, 2), **given)


def detect_language(texts: Sequence[str], sample: int = 1000) -> str:
    """Return ``"zh"`` where at least 30 % of the letters are Chinese, else ``"en"``.

    Reads every k-th text, about ``sample`` of them: sorted files mislead a look at the
    first ones.
    """
    step = max(1, len(texts) // sample)
    letters = [c for text in texts[::step] for c in text if c.isalpha()]
    chinese = sum("\u4e00" <= c <= "\u9fff" for c in letters)
    return "zh" if letters and chinese >= CJK_SHARE * len(letters) else "en"


def _check_not_empty(train: TextDataset) -> None:
    if not len(train):
        raise DataError(f"{train.name} has no records; a baseline needs some to learn.")
