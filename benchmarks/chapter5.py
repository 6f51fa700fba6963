"""Chapter 5's recipe with several seeds: how far the score moves with the seed alone.

A seed decides the new head, the order of the batches and dropout; the split stays the
same. The page shows one live run; three take longer than it may, so this script
runs them and stores the result.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import contest
import numpy as np

from chapter2 import data, evaluation, runtime, training
from chapter2.data.splits import Split, split
from chapter2.models import load_encoder

BOOK = runtime.SCALES["book"]
RECIPE = training.TrainingConfig(epochs=BOOK.epochs, learning_rate=1e-4, monitor="step")
STORED = contest.RESULTS / "chapter5.json"


def one_run(parts: Split, encoder: str, seed: int) -> dict[str, Any]:
    """Fine-tune with one seed; return its accuracies and its seconds."""
    classifier = load_encoder(encoder, parts.train.label_names, seed=seed)
    began = time.perf_counter()
    history = training.fine_tune(
        classifier, parts.train, parts.validation, replace(RECIPE, seed=seed)
    )
    seconds = time.perf_counter() - began
    found = {
        "seed": seed,
        "validations": history.validations,
        "test_accuracy": share(classifier.predict(parts.test.texts), parts.test.labels),
        "seconds": seconds,
        "tokens_per_second": history.tokens_per_second,
        "precision": history.precision,
        "steps": len(history.steps),
    }
    print(found)
    return found


def share(predicted: np.ndarray, labels: tuple[int, ...]) -> float:
    """Return the share of labels that were predicted."""
    return float((predicted == np.array(labels)).mean())


def baseline(parts: Split) -> dict[str, float]:
    """Return the test accuracy of the majority class and of TF-IDF + logistic."""
    models = {
        "majority": evaluation.majority(parts.train),
        "tfidf_logistic": evaluation.tfidf_logistic(parts.train),
    }
    test = parts.test
    return {k: share(m.predict(test.texts), test.labels) for k, m in models.items()}


def main() -> None:
    """Run the seeds, print the mean, store the whole."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="0 to SEEDS - 1")
    parser.add_argument("--records", type=int, help="default: all 10,568")
    parser.add_argument("--encoder", default=BOOK.encoder)
    parser.add_argument("--json", type=Path, default=STORED, help="where to store")
    options = parser.parse_args()
    parts = split(data.load("movie-snippets").take(options.records), seed=0)
    runs = [one_run(parts, options.encoder, seed) for seed in range(options.seeds)]
    scores = [run["test_accuracy"] for run in runs]
    stored = {
        "encoder": options.encoder,
        "recipe": RECIPE.to_dict(),
        "records": {
            "train": len(parts.train),
            "validation": len(parts.validation),
            "test": len(parts.test),
        },
        "baselines": baseline(parts),
        "runs": runs,
        "mean_test_accuracy": statistics.mean(scores),
    }
    contest.store(options.json, stored)
    low, high = min(scores), max(scores)
    print(f"test accuracy {statistics.mean(scores):.2%} (from {low:.2%} to {high:.2%})")


if __name__ == "__main__":
    main()
