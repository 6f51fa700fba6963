"""What page 3e has no time for: taggers and a reader of questions, by size and seed.

The encoder with a head for each word on CoNLL-2003, the character LSTM with its CRF on
the People's Daily, and the encoder that reads question and paragraph together on BoolQ:
more records, more passes and several seeds, each beside the baseline that learnt from
the same records. Epochs are fixed before; no part is chosen on the test part.
"""

from __future__ import annotations

import argparse
import time
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import contest
import numpy as np

from chapter2 import data, training
from chapter2.applications.gallery import questions
from chapter2.data import TaggedDataset, TextDataset
from chapter2.evaluation import majority, tagging_report
from chapter2.evaluation.tag_baselines import Gazetteer
from chapter2.models.recurrent_tagger import RecurrentTagger, Vocabulary
from chapter2.models.token_classifier import load_token_encoder
from chapter2.training.tagging import Tagger, fit_tagger

STORED = contest.RESULTS / "gallery.json"
EPOCHS = {"english": 3, "chinese": 8, "yes-no": 3}
RATES = {"english": 1e-4, "chinese": 5e-3, "yes-no": 5e-5}
SETS = {"english": "conll-entities", "chinese": "chinese-entities"}


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--arms", nargs="+", choices=EPOCHS, default=list(EPOCHS))
    add("--sizes", nargs="+", type=int, default=[1_000, 4_000, 20_000])
    add("--seeds", type=int, default=3, help="0 to SEEDS - 1")
    add("--test", type=int, help="test records; default: all")
    add("--encoder", default="minilm")
    add("--jobs", type=int, default=1, help="processes")
    add("--json", type=Path, default=STORED, help="where to store")
    return parser.parse_args()


@cache
def tagged(arm: str, test: int | None) -> tuple[TaggedDataset, TaggedDataset]:
    """Return the training and the test part of a set of sentences; once per process."""
    parts = data.split_tagged(data.load(SETS[arm]), seed=0)
    return parts.train, parts.test.take(test)


@cache
def asked(test: int | None) -> tuple[TextDataset, TextDataset]:
    """Return the training and the test part of the questions; once per process."""
    parts = data.split(data.load("yes-no-questions"), seed=0)
    return parts.train, parts.test.take(test)


def make(arm: str, train: TaggedDataset, encoder: str, seed: int) -> Tagger:
    """Return an untrained tagger."""
    if arm == "english":
        return load_token_encoder(encoder, train.tag_names, seed, max_length=128)
    words = Vocabulary.of(train.tokens)
    return RecurrentTagger.new(train.tag_names, words, seed=seed)


def tag(order: tuple[str, int, int], options: argparse.Namespace) -> dict[str, Any]:
    """Train a tagger; return its figures and those of the list of names."""
    arm, size, seed = order
    train, test = tagged(arm, options.test)
    known = train.take(size, seed)
    tagger = make(arm, known, options.encoder, seed)
    fit_tagger(tagger, known, None, settings(arm, seed), progress=False)
    names = Gazetteer.fit(known, least=0.5)
    found, baseline = (
        tagging_report(test.tags, model.predict(test.tokens)).micro.to_dict()
        for model in (tagger, names)
    )
    return {"records": len(known), **found, "gazetteer": baseline}


def answer(order: tuple[str, int, int], options: argparse.Namespace) -> dict[str, Any]:
    """Fine-tune a reader of both texts; return its accuracy beside always yes."""
    arm, size, seed = order
    train, test = asked(options.test)
    known = train.take(size, seed)
    config = settings(arm, seed)
    reader = questions.fit_reader(known, options.encoder, config, 192, seed)
    said = reader.predict(questions.joined(test, reader).texts)
    right = np.array(test.labels)
    always = majority(known).predict(test.texts)
    accuracies = {
        "accuracy": float((said == right).mean()),
        "majority": float((always == right).mean()),
        "answered_yes": float(said.mean()),
    }
    return {"records": len(known), **accuracies}


def settings(arm: str, seed: int) -> training.TrainingConfig:
    """Return the settings of a run; torch's LSTM gains nothing from bf16."""
    return training.TrainingConfig(
        epochs=EPOCHS[arm],
        learning_rate=RATES[arm],
        monitor="step",
        precision="fp32" if arm == "chinese" else "auto",
        seed=seed,
    )


def one_run(order: tuple[str, int, int], options: argparse.Namespace) -> dict[str, Any]:
    """Carry out one order: arm, size, seed."""
    began = time.perf_counter()
    found = (answer if order[0] == "yes-no" else tag)(order, options)
    seconds = time.perf_counter() - began
    run = dict(zip(("arm", "size", "seed"), order, strict=True))
    print(run | found, flush=True)
    return {**run, **found, "seconds": seconds}


def main() -> None:
    """Train, measure, store the whole."""
    options = arguments()
    orders = [*product(options.arms, options.sizes, range(options.seeds))]
    runs = contest.run_all(partial(one_run, options=options), orders, options.jobs)
    told = {"epochs": EPOCHS, "rates": RATES, "options": contest.chosen(options)}
    contest.store(options.json, {**told, "runs": runs})


if __name__ == "__main__":
    main()
