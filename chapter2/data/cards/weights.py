"""Weights of pretrained models."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.sources.pinned import (
    BERT_BASE,
    BERT_BASE_CHINESE,
    BERT_TINY,
    MINILM,
    SMOLLM2,
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

BERT_BASE_CARD = Card(
    name="google-bert/bert-base-uncased",
    task="weights",
    language="en",
    source=BERT_BASE,
    licence_package="Apache-2.0",
    licence_text="Apache-2.0",
    notes="BERT, 12 layers of width 768, 110 M parameters. Not fetched by us yet.",
)

BERT_BASE_CHINESE_CARD = Card(
    name="google-bert/bert-base-chinese",
    task="weights",
    language="zh",
    source=BERT_BASE_CHINESE,
    licence_package="Apache-2.0",
    licence_text="Apache-2.0",
    notes="BERT, 12 layers of width 768, 102 M parameters, one piece for each Chinese "
    "character. Not fetched by us yet.",
)
