"""Does reading in the domain help the task? Longer and with more seeds than page 3b.

Two embedded models, BERT-tiny with its masked-word head and MiniLM with a new one, are
fine-tuned on film snippets: as they are, after reading the training snippets without
their labels, and after reading as much of the encyclopaedia (a control: is it the
domain, or the reading?). Number of labels and seeds vary; the snippets read are the
same, all of the training part. A seed decides masks, order, head and dropout.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import contest
import numpy as np

from chapter2 import data, models, training
from chapter2.models.language_model import LanguageModel, load_language_model
from chapter2.training.pretrain import pretrain, recipe
from chapter2.training.scoring import blocks_of, score

STORED = contest.RESULTS / "domain.json"
# so small a model takes larger steps
RATES = {"bert-tiny": (1e-3, 3e-4), "minilm": (2e-4, 1e-4)}  # reading, fine-tuning
LENGTH = 64  # tokens in a block
Texts = dict[str, tuple[list[str], list[str]]]  # of each kind: training, test


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--models", nargs="+", choices=RATES, default=list(RATES))
    add("--read", nargs="+", choices=("nothing", "snippets", "encyclopaedia"))
    add("--tokens", type=int, default=2_000_000, help="read before fine-tuning")
    add("--labels", nargs="+", type=int, default=[128, 512, 2048, 8454])
    add("--seeds", type=int, default=3, help="0 to SEEDS - 1")
    add("--records", type=int, help="film snippets; default: all")
    add("--documents", type=int, help="of the encyclopaedia; default: all")
    add("--jobs", type=int, default=1, help="processes; on a GPU several share it")
    add("--json", type=Path, default=STORED, help="where to store")
    found = parser.parse_args()
    found.read = found.read or ["nothing", "snippets", "encyclopaedia"]
    return found


@cache
def prepare(records: int | None, documents: int | None) -> tuple[Any, Texts]:
    """Return the split snippets, and training and test texts of each kind.

    Articles are held out by title. Once per process.
    """
    snippets = data.split(data.load("movie-snippets").take(records), seed=0)
    prose = data.split_corpus(data.load("encyclopaedia").take(documents), seed=0)
    return snippets, {
        "snippets": (list(snippets.train.texts), list(snippets.test.texts)),
        "encyclopaedia": (prose.train.texts(), prose.test.texts()),
    }


def read(
    name: str, kind: str, texts: Texts, seed: int, tokens: int
) -> tuple[LanguageModel, dict[str, Any]]:
    """Return the model ``name`` after reading, and how well it fills masks by then."""
    subject = load_language_model(name)
    found: dict[str, Any] = {"model": name, "read": kind, "seed": seed}
    if kind != "nothing":
        some = blocks_of(texts[kind][0], subject.tokenizer, LENGTH)
        rate = RATES[name][0]
        config = recipe("bert", continued=True, learning_rate=rate, seed=seed)
        history = pretrain(subject, some, None, config, tokens=tokens, progress=False)
        found |= {"tokens": sum(history.tokens), "seconds": history.seconds}
        found["precision"] = history.precision
    for asked, (_, test) in texts.items():
        held_out = blocks_of(test, subject.tokenizer, LENGTH)
        measured = score(subject, held_out)
        found[f"masked_accuracy_{asked}"] = measured.accuracy
        found[f"masked_loss_{asked}"] = measured.loss
    return subject, found


def tasks(
    subject: LanguageModel, rate: float, snippets: Any, amounts: list[int], seed: int
) -> Iterator[dict[str, Any]]:
    """Fine-tune copies on few and on many labels; yield their test accuracies."""
    labels = np.array(snippets.test.labels)
    with tempfile.TemporaryDirectory() as folder:
        subject.save(folder)
        for amount in amounts:
            classifier = models.load_encoder(
                folder, snippets.train.label_names, seed=seed
            )
            part = snippets.train.take(amount, seed=seed)
            config = training.TrainingConfig(
                epochs=2 if amount > 1000 else 4, learning_rate=rate, seed=seed
            )
            training.fine_tune(classifier, part, None, config, progress=False)
            right = classifier.predict(snippets.test.texts) == labels
            yield {"labels": len(part), "accuracy": float(right.mean())}


def one_run(order: tuple[str, str, int], options: argparse.Namespace) -> dict[str, Any]:
    """Let one model read, and fine-tune it; return what was measured."""
    name, kind, seed = order
    snippets, texts = prepare(options.records, options.documents)
    subject, found = read(name, kind, texts, seed, options.tokens)
    rate = RATES[name][1]
    found["tasks"] = [*tasks(subject, rate, snippets, options.labels, seed)]
    print(found, flush=True)
    return found


def main() -> None:
    """Read, fine-tune, store the whole."""
    options = arguments()
    orders = list(product(options.models, options.read, range(options.seeds)))
    runs = contest.run_all(partial(one_run, options=options), orders, options.jobs)
    snippets, _ = prepare(options.records, options.documents)
    found = {"rates": RATES, "test_records": len(snippets.test), "runs": runs}
    contest.store(options.json, {"options": contest.chosen(options), **found})


if __name__ == "__main__":
    main()
