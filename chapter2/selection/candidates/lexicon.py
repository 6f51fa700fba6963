"""VADER: a lexicon of sentiment whose four scores are mapped to the task's classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chapter2.data.records import TextDataset
from chapter2.selection.candidates.base import Entry
from chapter2.selection.candidates.regression import fit_head

if TYPE_CHECKING:
    from chapter2.models.lexicon import Lexicon

MOST = 2000  # records to learn from: scoring is slow, and few weights are learned
LEXICON = Entry(
    name="lexicon",
    title="VADER's lexicon + logistic regression on its scores",
    simplicity=1,
    licence="MIT",
    languages=("en",),
    explainable=True,
    packages=("vaderSentiment",),
    sources=("Hutto and Gilbert (2014): VADER, rules and rated words for English",),
)


@dataclass(frozen=True)
class SentimentLexicon:
    """Where the classes are no matter of sentiment, it falls to the majority class."""

    entry: Entry = LEXICON

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> Lexicon:
        """Fit a regression on the four numbers of a text; see :class:`Candidate`."""
        from chapter2.models.lexicon import Lexicon, sentiment_scores

        some = sample(train, seed)
        head = fit_head(some, sentiment_scores(some.texts))
        return Lexicon(train.label_names, head)


def sample(train: TextDataset, seed: int) -> TextDataset:
    """Return ``MOST`` records with the balance of all, and one of each rarer class."""
    some = train.take(MOST, seed)
    absent = sorted(set(train.labels) - set(some.labels))
    rare = train.select(train.labels.index(label) for label in absent)
    texts, labels = some.texts + rare.texts, some.labels + rare.labels
    return TextDataset(train.name, texts, labels, train.label_names)
