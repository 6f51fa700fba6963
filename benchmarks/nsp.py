"""What next sentence prediction is worth: longer runs and several seeds than page 4c's.

Four copies of the embedded BERT-tiny go on training with the same number of pairs and
of hidden tokens: with the masked loss alone, on pairs as they are for next sentence
prediction and on neighbours only; with next sentence prediction; with sentence order.
Then each is asked for hidden tokens and for both kinds of pairs of unseen articles, and
is fine-tuned on film reviews.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import contest
import numpy as np

from chapter2 import data, models, objectives, runtime, training
from chapter2.data.corpus import Corpus
from chapter2.objectives import Pair, PairBatches
from chapter2.objectives.next_sentence import IS_NEXT
from chapter2.training.pairs import answer_pairs

STORED = contest.RESULTS / "nsp.json"
MASKED = 6  # hidden tokens per pair: 15 % of 40
LENGTH = 64  # tokens of a pair at most
RECIPE = training.TrainingConfig(epochs=1, learning_rate=1e-3)
# which pairs are read, and whether their question is part of the loss
ARMS = {
    "MLM": ("next", False),
    "MLM, neighbours only": ("neighbours", False),
    "MLM + next": ("next", True),
    "MLM + order": ("order", True),
}


def pairs_of(part: Corpus, kind: str, seed: int) -> list[Pair]:
    """Return the pairs of one kind: next, order, or neighbours (all of them next)."""
    documents = [document.sentences() for document in part.documents]
    titles = [document.title for document in part.documents]
    if kind != "neighbours":
        order = kind == "order"
        return objectives.sentence_pairs(documents, seed, groups=titles, order=order)
    return [
        Pair(a, b, IS_NEXT, d, d)
        for d, sentences in enumerate(documents)
        for a, b in pairwise(sentences)
    ]


def batches_of(
    pairs: Sequence[Pair], tokenizer: Any, size: int, seed: int
) -> PairBatches:
    """Return the pairs as masked batches."""
    joined = objectives.join_pairs(pairs, tokenizer, LENGTH)
    return PairBatches(joined, tokenizer, MASKED, batch_size=size, seed=seed)


def train_arm(
    name: str, part: Corpus, tokenizer: Any, options: argparse.Namespace, seed: int
) -> tuple[models.BertForPretraining, training.History]:
    """Train one copy on as many pairs as every other; return it and its history."""
    kind, asked = ARMS[name]
    pairs = pairs_of(part, kind, seed)
    order = np.random.default_rng(seed).permutation(len(pairs))
    chosen = [pairs[i] for i in order[: 32 * options.steps]]
    model = models.load_bert(options.model, seed=seed).to(runtime.device())
    objective = partial(objectives.joint, masked_per_pair=MASKED if asked else 0.0)
    config = training.TrainingConfig(**{**RECIPE.to_dict(), "seed": seed})
    batches = batches_of(chosen, tokenizer, 32, seed)
    history = training.train(model, objective, batches, config, progress=False)
    return model, history


def film_accuracy(
    model: models.BertForPretraining, tokenizer: Any, records: int | None, seed: int
) -> float:
    """Fine-tune a copy on film reviews; return its accuracy on their test part."""
    reviews = data.load("movie-snippets").take(records)
    parts = data.split(reviews, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder, tokenizer)
        classifier = models.load_encoder(folder, reviews.label_names, seed=seed)
    config = training.TrainingConfig(epochs=2, learning_rate=3e-4, seed=seed)
    training.fine_tune(classifier, parts.train, None, config, progress=False)
    found = classifier.predict(parts.test.texts)
    return float((found == np.array(parts.test.labels)).mean())


@cache
def prepare(documents: int | None) -> Any:
    """Return the passages, whole articles held out, once per process."""
    corpus = data.load("encyclopaedia").take(documents)
    return data.split_corpus(corpus, fractions=(0.85, 0.0, 0.15), seed=0)


def one_run(order: tuple[str, int], options: argparse.Namespace) -> dict[str, Any]:
    """Train one arm with one seed; return all that is measured of it."""
    (name, seed), began = order, time.perf_counter()
    split, tokenizer = prepare(options.documents), models.load_tokenizer(options.model)
    model, history = train_arm(name, split.train, tokenizer, options, seed)
    found: dict[str, Any] = {"arm": name, "seed": seed, "steps": len(history.steps)}
    for kind in ("next", "order", "neighbours"):
        test = pairs_of(split.test, kind, seed=0)[: options.test_pairs]
        answers = answer_pairs(model, batches_of(test, tokenizer, 64, seed=0))
        found[f"masked_accuracy_on_{kind}"] = answers.masked_accuracy
        if kind != "neighbours":
            found[f"{kind}_accuracy"] = answers.pair_accuracy
    found["film_accuracy"] = film_accuracy(model, tokenizer, options.records, seed)
    found["seconds"] = time.perf_counter() - began
    print(found, flush=True)
    return found


def summary(runs: Sequence[dict[str, Any]]) -> dict[str, dict[str, list[float]]]:
    """Return [mean, least, most] over the seeds, of each figure of each arm."""
    figures = [key for key in runs[0] if key.endswith("accuracy") or "_on_" in key]
    table: dict[str, dict[str, list[float]]] = {}
    for name in dict.fromkeys(run["arm"] for run in runs):
        mine = [run for run in runs if run["arm"] == name]
        table[name] = {}
        for key in figures:
            values = [run[key] for run in mine]
            table[name][key] = [statistics.mean(values), min(values), max(values)]
    return table


def main() -> None:
    """Run arms and seeds, print the means, store the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="0 to SEEDS - 1")
    parser.add_argument("--steps", type=int, default=600, help="of 32 pairs")
    parser.add_argument("--documents", type=int, help="default: all passages")
    parser.add_argument("--test-pairs", type=int, default=2000)
    parser.add_argument("--records", type=int, help="film reviews; default: all")
    parser.add_argument("--model", default="bert-tiny")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--jobs", type=int, default=1, help="processes that share it")
    parser.add_argument("--json", type=Path, default=STORED, help="where to store")
    options = parser.parse_args()
    orders = [(name, seed) for seed in range(options.seeds) for name in options.arms]
    each = partial(one_run, options=options)
    runs = contest.run_all(each, orders, options.jobs)
    split = prepare(options.documents)
    stored = {
        "model": options.model,
        "recipe": RECIPE.to_dict(),
        "masked_per_pair": MASKED,
        "documents": {"train": len(split.train), "test": len(split.test)},
        "runs": runs,
        "summary": summary(runs),
    }
    contest.store(options.json, stored)
    for name, row in stored["summary"].items():
        print(name)
        for key, (mean, low, high) in row.items():
            print(f"  {key:<32}{mean:.1%} ({low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main()
