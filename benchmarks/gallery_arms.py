"""What `gallery.py` trains and measures: taggers, the reader of yes or no, translator.

Each beside its baseline on the same test records, with intervals over these records:
of the scores, and of the score less what stands beside it, both on the same resamples.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from gallery_messages import known_messages

from chapter2 import data, training
from chapter2.applications.gallery import entities, questions, translation
from chapter2.data import TaggedDataset, TextDataset
from chapter2.evaluation import (
    Interval,
    generated,
    majority,
    mean_interval,
    tagging_report,
)
from chapter2.evaluation.tag_baselines import Gazetteer
from chapter2.models.recurrent_tagger import RecurrentTagger, Vocabulary
from chapter2.models.token_classifier import load_token_encoder
from chapter2.training.tagging import Tagger, fit_tagger

EPOCHS = {"english": 3, "chinese": 8, "yes-no": 3, "translation": 20, "fine-tuned": 3}
LEAST_STEPS = {"english": 200}  # few sentences are read more often
RATES = {"english": 1e-4, "chinese": 5e-3, "yes-no": 5e-5, "fine-tuned": 5e-5}
SETS = {"english": "conll-entities", "chinese": "chinese-entities"}


@dataclass(frozen=True)
class Order:
    """One run: of what, from (or of) how many records, with which seed."""

    arm: str
    size: int
    seed: int


def epochs(order: Order) -> int:
    """Return the passes over the records of an order."""
    of_each = math.ceil(order.size / training.TrainingConfig().batch_size)  # steps
    return max(EPOCHS[order.arm], math.ceil(LEAST_STEPS.get(order.arm, 0) / of_each))


def settings(order: Order) -> training.TrainingConfig:
    """Return the settings of a run; torch's LSTM gains nothing from bf16."""
    return training.TrainingConfig(
        epochs=epochs(order),
        learning_rate=RATES[order.arm],
        monitor="step",
        precision="fp32" if order.arm == "chinese" else "auto",
        seed=order.seed,
    )


def beside(
    names: Iterable[str],
    interval: Callable[[str], Interval],
    less: Callable[[str], Interval],
) -> dict[str, Any]:
    """Return each contender's score, its interval, and "score" less each of the others.

    ``interval`` gives the score of a name, ``less`` the paired difference of "score"
    and a name.
    """
    found = {name: interval(name) for name in names}
    others = [name for name in found if name != "score"]
    return {
        **{name: each.value for name, each in found.items()},
        "intervals": {name: each.to_dict() for name, each in found.items()},
        "differences": {name: less(name).to_dict() for name in others},
    }


def means_beside(values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return :func:`beside` of means, from one value for each test record, (N,)."""
    return beside(
        values,
        lambda name: mean_interval(values[name]),
        lambda name: mean_interval(values["score"] - values[name]),
    )


@cache
def tagged(arm: str, test: int) -> tuple[TaggedDataset, TaggedDataset]:
    """Return the training and the test part of a set of sentences; once per process."""
    parts = data.split_tagged(data.load(SETS[arm]), seed=0)
    return parts.train, parts.test.take(test)


@cache
def asked(test: int) -> tuple[TextDataset, TextDataset]:
    """Return the training and the test part of the questions; once per process."""
    parts = data.split(data.load("yes-no-questions"), seed=0)
    return parts.train, parts.test.take(test)


@cache
def messages() -> Any:
    """Return the parts of the messages, as page 3e splits them; once per process."""
    pairs = data.load("interface-messages")
    return data.split_pairs(pairs, (0.8, 0.05, 0.15), seed=0)


def make(order: Order, train: TaggedDataset, encoder: str) -> Tagger:
    """Return an untrained tagger."""
    if order.arm == "english":
        names = train.tag_names
        return load_token_encoder(encoder, names, order.seed, max_length=128)
    words = Vocabulary.of(train.tokens)
    return RecurrentTagger.new(train.tag_names, words, seed=order.seed)


def tag(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Train a tagger; F1 of whole entities, beside the list of the same names."""
    train, test = tagged(order.arm, options.test)
    known = train.take(order.size, order.seed)
    tagger = make(order, known, options.encoder)
    fit_tagger(tagger, known, None, settings(order), progress=False)
    names = Gazetteer.fit(known, least=0.5)
    predicted = {
        "score": tagger.predict(test.tokens),
        "baseline": names.predict(test.tokens),
    }
    both = entities.TaggerComparison(test.tags, predicted)
    return {
        "records": len(known),
        "tested": len(test),
        **beside(predicted, both.interval, lambda name: both.against("score", name)),
        "entities": tagging_report(test.tags, predicted["score"]).micro.to_dict(),
    }


def answer(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Fine-tune a reader of both texts; accuracy, beside always yes."""
    train, test = asked(options.test)
    known = train.take(order.size, order.seed)
    reader = questions.fit_reader(
        known, options.encoder, settings(order), 192, order.seed
    )
    said = reader.predict(questions.joined(test, reader).texts)
    right = np.array(test.labels)
    always = majority(known).predict(test.texts)
    hits = {"score": said == right, "baseline": always == right}
    return {
        "records": len(known),
        "tested": len(test),
        **means_beside({name: hit.astype(float) for name, hit in hits.items()}),
        "answered_yes": float(said.mean()),
    }


def translate(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Train the encoder-decoder; BLEU by four beams, beside the translation memory."""
    parts = messages()
    known, test = known_messages(parts, order.size, order.seed), parts.test
    test = test.take(options.test)
    told = translation.TranslatorOptions(
        epochs=EPOCHS[order.arm], longest=40, seed=order.seed
    )
    translator = translation.Translator.fit(known, parts.validation, told)
    memory = translation.TranslationMemory.fit(known)
    written = {
        "score": translator.translate(test.sources),
        "baseline": memory.translate(test.sources),
    }

    def bleu(name: str, other: str | None = None) -> Interval:
        less = other and written[other]
        return generated.bleu(written[name], test.targets, "zh", less)

    chrf = {
        name: generated.chrf(texts, test.targets) for name, texts in written.items()
    }
    return {
        "records": len(known),
        "tested": len(test),
        **beside(written, bleu, lambda name: bleu("score", name)),
        "chrf": means_beside(chrf),
    }
