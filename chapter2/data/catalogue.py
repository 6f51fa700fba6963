"""The catalogue: what each data set is, where it comes from, and on which terms.

A card states the number of records and the balance of each label set as they are after
parsing; :func:`chapter2.data.load` asserts them, so that a set which changed stops
with one sentence instead of giving an accuracy that means nothing. The cards stand in
:mod:`chapter2.data.cards`, by kind.
"""

from __future__ import annotations

from chapter2.data.cards import (
    exchanges,
    finance,
    opinions,
    pairs,
    preferences,
    questions,
    tagged,
    texts,
    weights,
)
from chapter2.data.cards.card import Card
from chapter2.errors import UsageError

EMBEDDED = (
    *opinions.RATED,
    opinions.CLOTHING,
    opinions.CHINESE_REVIEWS,
    finance.NEWSWIRE,
    finance.COMPANY_TEXTS,
    tagged.CHINESE_ENTITIES,
    tagged.ENGLISH_ENTITIES,
    questions.YES_NO,
    texts.ENCYCLOPAEDIA,
    texts.WORD_GROUPS,
    exchanges.FINANCE,
    exchanges.CHAT,
    exchanges.CHINESE_CHAT,
    pairs.MESSAGES,
    pairs.DJANGO_MESSAGES,
    pairs.WEBLATE_MESSAGES,
    pairs.PRETIX_MESSAGES,
    pairs.SUMMARIES,
    preferences.FILM_RATINGS,
    weights.MINILM_CARD,
    weights.BERT_TINY_CARD,
    weights.SMOLLM2_CARD,
)
FROM_HUB = (
    opinions.IMDB_REVIEWS,
    weights.BERT_BASE_CARD,
    weights.BERT_BASE_CHINESE_CARD,
)
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
