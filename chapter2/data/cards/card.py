"""What is known of one entry of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chapter2.data.corpus import Corpus
from chapter2.data.exchanges import Exchanges
from chapter2.data.pairs import TextPairs
from chapter2.data.ratings import Ratings
from chapter2.data.records import TaggedDataset, TextDataset
from chapter2.data.sources.hub import HubSource
from chapter2.data.sources.packages import PackageSource
from chapter2.data.word_groups import WordGroups

Dataset = (
    TextDataset | TaggedDataset | Corpus | WordGroups | Ratings | Exchanges | TextPairs
)
Balance = Mapping[str, int]  # label -> number of records, in the order of the index


@dataclass(frozen=True)
class Card:
    """One entry: a data set, or a folder of weights (``task`` is then ``weights``)."""

    name: str
    # classification, tagging, corpus, words, exchanges, pairs, ratings or weights
    task: str
    language: str  # ISO 639-1; of pairs in two languages both
    source: PackageSource | HubSource
    licence_package: str
    licence_text: str  # terms of the texts or weights, as far as stated
    notes: str
    records: int = 0  # after parsing, by the first label set; 0 for weights
    # label set -> balance, the default set first; for tagging: entities by type; for a
    # corpus: its documents, titles and words; for words: pairs, words and groups; for
    # ratings: those, users and films; for exchanges: those, questions and answers; for
    # pairs: those, sources and targets
    balances: Mapping[str, Balance] = field(default_factory=dict)
    parse: Callable[[Path, Card, str], Dataset] | None = None  # (folder, card, set)

    @property
    def version(self) -> str:
        """The version of the package, or the commit of the Hub's repository."""
        return self.source.version

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of the package's archive; None for the Hub."""
        return self.source.sha256

    @property
    def balance(self) -> Balance:
        """The balance of the default label set; empty for weights."""
        return next(iter(self.balances.values()), {})

    @property
    def label_names(self) -> tuple[str, ...]:
        """The default label set, in the order of the index."""
        return tuple(self.balance)


def sentiment(negative: int, positive: int) -> dict[str, Balance]:
    """Return the balances of a set with one label set of two classes."""
    return {"sentiment": {"negative": negative, "positive": positive}}
