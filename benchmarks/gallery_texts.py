"""What `gallery.py` measures of summaries and replies: chosen, found, or written.

Summaries are of XSum's articles, by ROUGE-1; replies to held-out questions of
chatterbot's exchanges, by chrF.
"""

from __future__ import annotations

import argparse
from functools import cache
from typing import Any

import numpy as np
from gallery_arms import Order, means_beside, settings

from chapter2 import data
from chapter2.applications import customer_service
from chapter2.applications.customer_service import (
    AnswerIndex,
    CustomerService,
    Entry,
)
from chapter2.applications.gallery import dialogue, summaries
from chapter2.applications.gallery.fine_tuned_extractor import FineTunedExtractor
from chapter2.data.pairs import TextPairs
from chapter2.evaluation import generated
from chapter2.models.causal import CausalModel, load_causal
from chapter2.models.embedding import Embedder, load_embedder


@cache
def reads(encoder: str) -> Embedder:
    """Return what gives sentences vectors; once per process."""
    return load_embedder(encoder, max_length=32)


@cache
def writes(causal: str) -> CausalModel:
    """Return the decoder; once per process."""
    return load_causal(causal)


@cache
def news(part: str) -> TextPairs:
    """Return a part of the articles; once per process."""
    parts = data.split_pairs(data.load("news-summaries"), (0.6, 0.1, 0.3), seed=0)
    return getattr(parts, part)


@cache
def articles(part: str, encoder: str, most: int | None = None) -> list[Any]:
    """Return the articles of a part, at most so many, read once per process."""
    return summaries.read_articles(news(part).take(most), reads(encoder))


def drawn(order: Order, encoder: str) -> list[Any]:
    """Return the articles to learn from."""
    train = articles("train", encoder)
    at = np.random.default_rng(order.seed).permutation(len(train))[: order.size]
    return [train[i] for i in at]


def rouge(test: list[Any], written: dict[str, list[str]]) -> dict[str, Any]:
    """Return ROUGE-1 of all that was written, with intervals over the articles."""
    return means_beside(
        {name: summaries.rouge_of(test, t)["rouge1"] for name, t in written.items()}
    )


def choose(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Learn to choose a sentence by its frozen vector, beside the first and others."""
    known, encoder = drawn(order, options.encoder), options.encoder
    learned = summaries.Extractor.fit(known, articles("validation", encoder))
    return copied_by(learned, known, options, oracle=summaries.oracle)


def fine_tune(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Fine-tune the encoder for the same choice, beside that by frozen vectors too."""
    known, encoder = drawn(order, options.encoder), options.encoder
    learned = FineTunedExtractor.fit(known, encoder, settings(order))
    frozen = summaries.Extractor.fit(known, articles("validation", encoder))
    return copied_by(learned, known, options, frozen=frozen)


def copied_by(
    learned: summaries.Choose,
    known: list[Any],
    options: argparse.Namespace,
    **others: summaries.Choose,
) -> dict[str, Any]:
    """Return what a choice learned from ``known`` is worth on the test articles."""
    test = articles("test", options.encoder, options.test)
    plain = {"baseline": summaries.lead, "textrank": summaries.textrank}
    ways = {"score": learned, **plain, **others}
    written = {name: summaries.copied(test, way) for name, way in ways.items()}
    return {"records": len(known), "tested": len(test), **rouge(test, written)}


def write_summaries(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Have the decoder summarise test articles, beside the first sentence, TextRank."""
    most = min(order.size, options.test)
    test = articles("test", options.encoder, most)
    causal, documents = writes(options.causal), news("test").take(most).sources
    written = {
        "score": [summaries.generate(causal, document) for document in documents],
        "baseline": summaries.copied(test, summaries.lead),
        "textrank": summaries.copied(test, summaries.textrank),
    }
    return {"records": 0, "tested": len(test), **rouge(test, written)}


def write_replies(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Have the decoder reply to held-out questions, beside replies drawn and found.

    "found" may give any answer, the reference among them, as on page 3e; "found_others"
    only what training questions were answered: it has not seen the reference either.
    """
    exchanges = data.load("chat-exchanges")
    parts = data.split_exchanges(exchanges, seed=order.seed)
    rng = np.random.default_rng(order.seed)
    once = np.unique(parts.test.questions, return_index=True)[1]  # some stand twice
    asked = parts.test.select(rng.permutation(once)[: min(order.size, options.test)])
    known = parts.train
    lot = rng.permutation(len(known))[: len(asked)]
    learned = customer_service.learn(
        exchanges, reads(options.encoder), target=0.8, seed=order.seed
    )
    service = learned.choice.service
    pairs = zip(known.questions, known.answers, strict=True)
    index = AnswerIndex.of([Entry(*pair) for pair in pairs], service.index.embedder)
    others = CustomerService(index, service.settings)
    partners = {
        "score": dialogue.Generates(writes(options.causal)),
        "found": dialogue.Retrieves(service, always=True),
        "found_others": dialogue.Retrieves(others, always=True),
    }
    replies = {
        name: [partner.reply(question) for question in asked.questions]
        for name, partner in partners.items()
    }
    replies["baseline"] = [known.answers[i] for i in lot]
    chrf = {name: generated.chrf(said, asked.answers) for name, said in replies.items()}
    return {"records": 0, "tested": len(asked), **means_beside(chrf)}
