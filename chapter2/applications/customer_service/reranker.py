"""A cross-encoder: question and answer read together, and how well they fit.

Nogueira and Cho, "Passage Re-ranking with BERT" (2019): a classifier of the pair, whose
probability of "right" orders what a faster search has found. Departure: the two texts
are parted by [SEP] but not by segment numbers, so that any encoder serves.

The pairs to learn from are each question with its own answer, and with answers that the
search takes for good but that are those of other questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chapter2.applications.customer_service.index import AnswerIndex
from chapter2.data.exchanges import Exchanges, right_answers
from chapter2.data.normalise import normalise
from chapter2.data.records import TextDataset
from chapter2.models import Classifier, load_encoder
from chapter2.training import TrainingConfig, fine_tune

LABELS = ("wrong", "right")
LENGTH = 64  # tokens of question and answer together; longer answers lose their end
SEARCHED = 20  # answers that the search finds, of which the first wrong ones are taken
# One pass over the pairs of 389 finance questions (61 steps) was measured to leave the
# probabilities nearly equal (standard deviation 0.008), and so did 51 steps at 3e-4.
# benchmarks/reranking.py, three seeds: after three passes of BERT-tiny the pairs that
# were trained on are hardly told apart; after twelve they are, and with random wrong
# answers it has begun to compare, yet the search's own order is far better. More passes
# are therefore not the default. `choose` drops what fails on validation questions.
CONFIG = TrainingConfig(epochs=1, monitor="step", learning_rate=5e-5)


@dataclass(frozen=True)
class Reranker:
    """A fine-tuned classifier of pairs."""

    classifier: Classifier

    def scores(self, question: str, answers: Sequence[str]) -> np.ndarray:
        """Return the probability that each answer is right, (N,)."""
        mark = self.classifier.tokenizer.sep_token
        texts = [pair_text(question, answer, mark) for answer in answers]
        return self.classifier.predict_proba(texts)[:, LABELS.index("right")]

    def save(self, folder: Path) -> None:
        """Write a plain Hugging Face folder.

        Raises:
            ModelError: the folder cannot be written.
        """
        self.classifier.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Reranker:
        """Return what :meth:`save` wrote.

        Raises:
            ModelError: the folder does not hold it whole.
        """
        return cls(Classifier.load(folder))


def pair_text(question: str, answer: str, mark: str) -> str:
    """Return ``question [SEP] answer``; the mark in a text itself becomes a blank."""
    return f" {mark} ".join(text.replace(mark, " ") for text in (question, answer))


def training_pairs(
    train: Exchanges, index: AnswerIndex, negatives: int = 4, mark: str = "[SEP]"
) -> TextDataset:
    """Return each question with its answer, and with ``negatives`` wrong ones.

    The wrong ones are the first that ``index`` finds: the ones that are hard to tell.
    Each is the right one of another question of ``train``, and is given once, also
    where several questions share it. An answer that is only ever shown as a wrong one,
    as those of held-out questions would be, teaches that it is wrong whatever is asked.
    """
    right = right_answers(train)
    known = set().union(*right.values())
    texts, labels = [], []
    for question, answer in zip(train.questions, train.answers, strict=True):
        own = right[normalise(question)]
        found: dict[str, str] = {}
        for hit in index.search(question, SEARCHED):
            found.setdefault(normalise(hit.entry.answer), hit.entry.answer)
        wrong = [found[key] for key in found if key in known - own][:negatives]
        texts += [pair_text(question, each, mark) for each in (answer, *wrong)]
        labels += [1] + [0] * len(wrong)
    return TextDataset(f"{train.name}: pairs", tuple(texts), tuple(labels), LABELS)


def fit_reranker(
    train: Exchanges,
    index: AnswerIndex,
    encoder: str = "minilm",
    config: TrainingConfig = CONFIG,
    negatives: int = 4,
    progress: bool = False,
) -> Reranker:
    """Fine-tune ``encoder`` on pairs of ``train``: no held-out question among them.

    Raises:
        ModelError, FetchError: the encoder cannot be had.
        TrainingError: training failed.
    """
    classifier = load_encoder(encoder, LABELS, config.seed, LENGTH)
    mark = classifier.tokenizer.sep_token
    pairs = training_pairs(train, index, negatives, mark)
    fine_tune(classifier, pairs, None, config, progress=progress)
    return Reranker(classifier)
