"""What page 3e has no time for, by number of records and seed, beside its baselines.

The encoder with a head for each word on CoNLL-2003, the character LSTM with its CRF on
the People's Daily, the encoder that reads question and paragraph together on BoolQ, the
encoder-decoder on the interface messages, the learned choice of a sentence on XSum.
Each baseline learnt from the same records, if it learns. Numbers of passes are fixed
before; no part is chosen on the test part. A journal beside the result lets a run that
was cut go on.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import contest
import numpy as np
from gallery_messages import known_messages
from journal import run_noted

from chapter2 import data, training
from chapter2.applications.gallery import questions, summaries, translation
from chapter2.data import TaggedDataset, TextDataset
from chapter2.data.pairs import TextPairs
from chapter2.evaluation import generated, majority, tagging_report
from chapter2.evaluation.tag_baselines import Gazetteer
from chapter2.models.embedding import load_embedder
from chapter2.models.recurrent_tagger import RecurrentTagger, Vocabulary
from chapter2.models.token_classifier import load_token_encoder
from chapter2.training.tagging import Tagger, fit_tagger

STORED = contest.RESULTS / "gallery.json"
EPOCHS = {"english": 3, "chinese": 8, "yes-no": 3, "translation": 20}
LEAST_STEPS = {"english": 200}  # few sentences are read more often
RATES = {"english": 1e-4, "chinese": 5e-3, "yes-no": 5e-5}
SETS = {"english": "conll-entities", "chinese": "chinese-entities"}


@dataclass(frozen=True)
class Order:
    """One training: of what, from how many records, with which seed."""

    arm: str
    size: int
    seed: int


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


@cache
def articles(encoder: str, test: int) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the articles of the three parts, read once per process."""
    parts = data.split_pairs(data.load("news-summaries"), (0.6, 0.1, 0.3), seed=0)
    reads = load_embedder(encoder, max_length=32)
    cut: list[TextPairs] = [parts.train, parts.validation, parts.test.take(test)]
    train, validation, held = (summaries.read_articles(each, reads) for each in cut)
    return train, validation, held


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
    found, baseline = (
        tagging_report(test.tags, model.predict(test.tokens)).micro.to_dict()
        for model in (tagger, names)
    )
    scores = {"score": found["f1"], "baseline": baseline["f1"]}
    return {"records": len(known), **scores, "entities": found}


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
    scores = {
        "score": float((said == right).mean()),
        "baseline": float((always == right).mean()),
    }
    return {"records": len(known), **scores, "answered_yes": float(said.mean())}


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
    written = [each.translate(test.sources) for each in (translator, memory)]
    score, baseline = (
        generated.bleu_score(
            generated.bleu_counts(texts, test.targets, "zh").sum(axis=0)
        )
        for texts in written
    )
    chrf = [float(generated.chrf(texts, test.targets).mean()) for texts in written]
    return {
        "records": len(known),
        "score": score,
        "baseline": baseline,
        "chrf": chrf[0],
        "baseline_chrf": chrf[1],
    }


def summarise(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Learn to choose a sentence; ROUGE-1, beside the first sentence and others."""
    train, validation, test = articles(options.encoder, options.test)
    drawn = np.random.default_rng(order.seed).permutation(len(train))[: order.size]
    known = [train[i] for i in drawn]
    ways = {
        "score": summaries.Extractor.fit(known, validation),
        "baseline": summaries.lead,
        "textrank": summaries.textrank,
        "oracle": summaries.oracle,
    }
    scores = {
        name: float(
            summaries.rouge_of(test, summaries.copied(test, choose))["rouge1"].mean()
        )
        for name, choose in ways.items()
    }
    return {"records": len(known), **scores}


Arm = Callable[[Order, argparse.Namespace], dict[str, Any]]
# what is trained, and on how many records; the longest first
ARMS: dict[str, tuple[Arm, tuple[int, ...]]] = {
    "english": (tag, (3_000, 1_000, 250)),
    "yes-no": (answer, (1_000,)),
    "chinese": (tag, (3_200, 800)),
    "translation": (translate, (8_804, 2_274, 600)),  # 8,804: of four programs
    "summaries": (summarise, (600, 150, 50)),
}


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


def run(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Carry out an order; return it with what was measured."""
    began = time.perf_counter()
    found = ARMS[order.arm][0](order, options)
    told = {**asdict(order), **found, "seconds": time.perf_counter() - began}
    print(told, flush=True)
    return told


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    add("--sizes", nargs="+", type=int, help="of all arms; default: of each its own")
    add("--seeds", type=int, default=2, help="0 to SEEDS - 1")
    add("--test", type=int, default=1_000, help="test records at most")
    add("--encoder", default="minilm")
    add("--jobs", type=int, default=1, help="processes")
    add("--json", type=Path, default=STORED, help="where to store")
    return parser.parse_args()


def main() -> None:
    """Train what the journal lacks, measure, store the whole."""
    options = arguments()
    orders = [
        Order(arm, size, seed)
        for arm in options.arms
        for size in options.sizes or ARMS[arm][1]
        for seed in range(options.seeds)
    ]
    journal = options.json.with_suffix(".jsonl")
    runs = run_noted(partial(run, options=options), orders, options.jobs, journal)
    told = {
        "epochs": EPOCHS,
        "least_steps": LEAST_STEPS,
        "rates": RATES,
        "options": contest.chosen(options),
    }
    contest.store(options.json, {**told, "runs": runs})


if __name__ == "__main__":
    main()
