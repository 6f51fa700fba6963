"""The cross-encoder of re-ranking learns to hold an answer against its question."""

from __future__ import annotations

import numpy as np
import pytest

from chapter2.applications.customer_service import (
    AnswerIndex,
    Entry,
    Reranker,
    fit_reranker,
    training_pairs,
)
from chapter2.applications.customer_service.reranker import pair_text
from chapter2.data.exchanges import Exchanges
from chapter2.training import TrainingConfig

ANSWERS = {  # "is" stands in all, so that the search finds each answer
    "is the story of {} good": "it is a great love, and no comedy",
    "who is it that made {}": "she is from there, as her characters",
    "when is {} out": "at first it is not on film",
}
KINDS = ("film", "movie", "one", "story")


def asked(numbers: range) -> Exchanges:
    """Return three questions on each film, with the answer of their kind.

    Each answer is right for a third of the questions: neither the question nor the
    answer tells by itself whether a pair is right.
    """
    names = [f"{KINDS[i % len(KINDS)]} {i}" for i in numbers]
    rows = [(q.format(name), a) for name in names for q, a in ANSWERS.items()]
    questions, answers = zip(*rows, strict=True)
    return Exchanges("films", questions, answers)


@pytest.fixture(scope="module")
def train() -> Exchanges:
    return asked(range(19))


@pytest.fixture(scope="module")
def index() -> AnswerIndex:
    return AnswerIndex.of([Entry(None, answer) for answer in ANSWERS.values()])


@pytest.fixture(scope="module")
def learned(train: Exchanges, index: AnswerIndex) -> Reranker:
    config = TrainingConfig(
        epochs=30, learning_rate=2e-3, monitor="step", precision="fp32"
    )
    return fit_reranker(train, index, "tiny-random", config, negatives=2)


def test_it_learns_which_answer_fits_a_question_it_has_not_seen(
    train: Exchanges, index: AnswerIndex, learned: Reranker
) -> None:
    test, answers = asked(range(19, 34)), list(ANSWERS.values())
    pairs = {pair_text(q, a, "[SEP]") for q in test.questions for a in answers}
    assert not pairs & set(training_pairs(train, index, negatives=2).texts)
    scores = np.array([learned.scores(q, answers) for q in test.questions])  # (Q, 3)
    own = np.array([answers.index(answer) for answer in test.answers])
    assert np.mean(scores.argmax(axis=1) == own) > 0.9  # by chance 1/3
    expected = own[:, None] == np.arange(len(answers))
    assert np.mean((scores > 0.5) == expected) > 0.9  # by the most frequent label 2/3
