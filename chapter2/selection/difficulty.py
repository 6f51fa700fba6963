"""How hard the task is, told by a quick model on records it has not seen.

The quick model is TF-IDF + logistic regression, as in
:func:`chapter2.evaluation.tfidf_logistic`, made for speed: words and n-grams are
counted once for all folds, the regression is liblinear's dual one, stopped early, one
class against the rest where there are more than two. What it learns from the counts
(which n-grams there are, how rare they are) comes from the training part of each fold.

Shapes: N records, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chapter2.data.dealing import unit_numbers
from chapter2.data.folds import Fold, folds
from chapter2.data.records import TextDataset
from chapter2.evaluation.intervals import Interval, accuracy_interval, paired_bootstrap
from chapter2.selection.ngrams import character_counts

FOLDS = 5  # each fit sees 80 % of the records
STEPS = (0.25, 0.5, 1.0)  # nested shares of the training part: the learning curve
REGULARISATION = 10.0  # C of chapter2.evaluation.baselines, chosen there
TOLERANCE = 0.01  # of liblinear; 0.0001, its default, moves no score here
RESAMPLES = 1000  # of the bootstrap behind the gap's interval


@dataclass(frozen=True)
class Difficulty:
    """Out-of-fold scores of the quick model beside the majority class."""

    accuracy: Interval  # of the quick model on all N records
    majority: Interval  # of the most frequent class of each training part
    macro_f1: float  # of the quick model
    gap: Interval  # accuracy minus majority, paired
    curve: tuple[tuple[int, float], ...]  # (records trained on, accuracy), rising
    probabilities: np.ndarray  # (N, C), each row from a model that did not see it

    @property
    def slope(self) -> float:
        """Points of accuracy that the last doubling of the records brought."""
        (fewer, before), (more, after) = self.curve[-2:]
        return 100 * (after - before) / math.log2(more / fewer)

    def to_dict(self) -> dict[str, Any]:
        """Return the scores by name (ready for JSON), without the probabilities."""
        return {
            "accuracy": self.accuracy.to_dict(),
            "majority": self.majority.to_dict(),
            "macro_f1": self.macro_f1,
            "gap": self.gap.to_dict(),
            "learning_curve": [list(point) for point in self.curve],
            "points_per_doubling": self.slope,
        }


def difficulty(
    dataset: TextDataset, unspaced: bool = False, seed: int = 0
) -> Difficulty:
    """Measure the quick model out of fold, on nested shares of the training parts.

    Raises:
        DataError: too few independent records, of all or of one class.
    """
    from chapter2.evaluation.metrics import score_by

    labels = np.asarray(dataset.labels)
    classes = len(dataset.label_names)
    parts = folds(dataset, FOLDS, seed)
    counts = count_features(dataset.texts, unspaced)
    found = [out_of_fold(counts, labels, classes, parts, s, seed) for s in STEPS]
    scores = [float((p.argmax(axis=1) == labels).mean()) for p in found]
    sizes = [
        round(step * np.mean([len(part.train) for part in parts])) for step in STEPS
    ]
    predicted, usual = found[-1].argmax(axis=1), _majority(labels, parts)
    units = unit_numbers(dataset)
    return Difficulty(
        accuracy=accuracy_interval(predicted == labels, units),
        majority=accuracy_interval(usual == labels, units),
        macro_f1=score_by("macro_f1", labels, predicted, classes),
        gap=paired_bootstrap(
            "accuracy", labels, predicted, usual, RESAMPLES, units=units
        ),
        curve=tuple(zip(sizes, scores, strict=True)),
        probabilities=found[-1],
    )


def _majority(labels: np.ndarray, parts: Sequence[Fold]) -> np.ndarray:
    """Return for each record the most frequent class of its training part, (N,)."""
    usual = np.empty(len(labels), dtype=np.int64)
    for train, test in parts:
        usual[test] = np.bincount(labels[train]).argmax()
    return usual


def count_features(texts: Sequence[str], unspaced: bool) -> Any:
    """Return counts of words and pairs of them, or of 1 to 3 characters: CSR (N, F)."""
    if unspaced:
        return character_counts([text.casefold() for text in texts])
    from sklearn.feature_extraction.text import CountVectorizer

    # as the baseline counts: also words of one letter
    counter = CountVectorizer(token_pattern=r"(?u)\b\w+\b", ngram_range=(1, 2))
    try:
        return counter.fit_transform(texts)
    except ValueError:  # no text holds a word: punctuation and emoji still have marks
        return character_counts(texts)


def out_of_fold(
    counts: Any,
    labels: np.ndarray,
    classes: int,
    parts: Sequence[Fold],
    share: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Return probabilities (N, C) of models trained on ``share`` of the other folds.

    A class that a training part does not show gets a probability of 0 there.
    """
    probabilities = np.zeros((len(labels), classes))
    for train, test in parts:
        chosen = _nested(train, labels, share, seed)
        features, held = _tfidf(counts[chosen], counts[test])
        known = np.unique(labels[chosen])
        if len(known) == 1:
            probabilities[test, known[0]] = 1
            continue
        model = _regression(len(known)).fit(features, labels[chosen])
        probabilities[np.ix_(test, known)] = model.predict_proba(held)
    return probabilities


def _nested(
    train: np.ndarray, labels: np.ndarray, share: float, seed: int
) -> np.ndarray:
    """Return ``share`` of the records, of each class at least one.

    A smaller share lies within a larger one: both begin the same order.
    """
    order = np.random.default_rng(seed).permutation(train)
    kept = [
        where[: max(1, round(share * len(where)))]
        for where in (order[labels[order] == label] for label in np.unique(labels))
    ]
    return np.sort(np.concatenate(kept))


def _tfidf(train: Any, test: Any) -> tuple[Any, Any]:
    """Weigh the n-grams that training shows; sublinear: 10 times count 1 + ln 10."""
    from sklearn.feature_extraction.text import TfidfTransformer

    seen = np.flatnonzero(np.bincount(train.indices, minlength=train.shape[1]))
    weights = TfidfTransformer(sublinear_tf=True).fit(train[:, seen])
    return weights.transform(train[:, seen]), weights.transform(test[:, seen])


def _regression(classes: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    model = LogisticRegression(
        C=REGULARISATION,
        solver="liblinear",
        dual=True,
        tol=TOLERANCE,
        max_iter=1000,  # it stops long before, by the tolerance
        random_state=0,  # of the order in which it visits records
    )
    return model if classes == 2 else OneVsRestClassifier(model)
