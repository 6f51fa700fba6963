"""What a cross-encoder learns from some hundred questions: recipes, seeds, two tests.

Run ``python benchmarks/reranking.py``. Each arm fine-tunes a cross-encoder on the pairs
of the finance training questions. Three things are asked of it: does it tell right from
wrong on pairs that it was trained on (did it fit them?), a test question's right answer
from one drawn at random (did it learn what fits at all?), and from the others of the
ten that the search finds (is it of use?). The search's own order stands beside it. The
wrong answers of training are near ones, as the search finds them, or random ones.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import contest
import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from chapter2.applications.customer_service import (
    AnswerIndex,
    CustomerService,
    Found,
    Remembering,
    Reranker,
    Settings,
    entries_of,
    rank,
    training_pairs,
)
from chapter2.applications.customer_service.reranker import LABELS, LENGTH, pair_text
from chapter2.applications.customer_service.service import reorder
from chapter2.data import Exchanges, TextDataset, load, split_exchanges
from chapter2.data.exchanges import right_answers
from chapter2.data.normalise import normalise
from chapter2.evaluation import mean_interval
from chapter2.models import load_encoder
from chapter2.models.embedding import load_embedder
from chapter2.training import TrainingConfig, fine_tune

Scores = Callable[[str, Sequence[str]], np.ndarray]
AUCS = ("auc_seen", "auc_random", "auc_ten")
HEADS = ("arm", "seed", "steps", *AUCS, "R@1", "MRR", "seconds")
SEEN = 300  # training pairs that are asked again


@dataclass(frozen=True)
class Arm:
    """One way to train."""

    encoder: str
    near: bool  # wrong answers as the search finds them, or drawn at random
    epochs: int
    learning_rate: float
    negatives: int = 4


ARMS = {
    "BERT-tiny, near": Arm("bert-tiny", True, 3, 3e-4),
    "BERT-tiny, random": Arm("bert-tiny", False, 3, 3e-4),
    "BERT-tiny, near, 12 passes": Arm("bert-tiny", True, 12, 3e-4),
    "BERT-tiny, random, 12 passes": Arm("bert-tiny", False, 12, 3e-4),
    "MiniLM, near": Arm("minilm", True, 1, 1e-4),
    "MiniLM, random": Arm("minilm", False, 1, 1e-4),
}


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--arms", nargs="+", default=list(ARMS), choices=list(ARMS), metavar="ARM")
    add("--seeds", type=int, nargs="+", default=(0, 1, 2))
    add("--threads", type=int, default=2)
    add("--encoder", default="minilm", help="of the search")
    add("--exchanges", type=int, help="so many; default: all")
    add("--json", type=Path, help="where to store; default: in chapter2/results")
    return parser.parse_args()


def strangers(exchanges: Exchanges, each: int, seed: int) -> list[list[str]]:
    """Return ``each`` answers of other questions for every question, at random."""
    right, rng = right_answers(exchanges), np.random.default_rng(seed)
    found = []
    for question in exchanges.questions:
        own = right[normalise(question)]
        order = rng.permutation(len(exchanges))
        others = (exchanges.answers[i] for i in order)
        wrong = (answer for answer in others if normalise(answer) not in own)
        found.append([next(wrong) for _ in range(each)])
    return found


def random_pairs(train: Exchanges, each: int, mark: str, seed: int) -> TextDataset:
    """Return what :func:`training_pairs` does, with random wrong answers."""
    texts, labels = [], []
    rows = zip(
        train.questions, train.answers, strangers(train, each, seed), strict=True
    )
    for question, answer, wrong in rows:
        texts += [pair_text(question, text, mark) for text in (answer, *wrong)]
        labels += [1] + [0] * len(wrong)
    return TextDataset(f"{train.name}: random", tuple(texts), tuple(labels), LABELS)


def trained(
    arm: Arm, train: Exchanges, index: AnswerIndex, seed: int
) -> tuple[Reranker, dict[str, Any]]:
    """Return the cross-encoder of one arm and seed, and what its training was."""
    classifier = load_encoder(arm.encoder, LABELS, seed, LENGTH)
    mark = classifier.tokenizer.sep_token
    if arm.near:
        pairs = training_pairs(train, index, arm.negatives, mark)
    else:
        pairs = random_pairs(train, arm.negatives, mark, seed)
    config = TrainingConfig(
        epochs=arm.epochs, learning_rate=arm.learning_rate, monitor="step", seed=seed
    )
    began = time.perf_counter()
    fine_tune(classifier, pairs, None, config, progress=False)
    seconds = time.perf_counter() - began
    p = classifier.predict_proba(pairs.texts[:SEEN])[:, LABELS.index("right")]
    auc = float(roc_auc_score(pairs.labels[:SEEN], p))
    steps = arm.epochs * math.ceil(len(pairs) / config.batch_size)
    told = {"auc_seen": auc, "pairs": len(pairs), "steps": steps, "seconds": seconds}
    return Reranker(classifier), told


def against_random(scores: Scores, test: Exchanges) -> float:
    """Return the AUC of the right answers against one random answer each."""
    rows = zip(test.questions, test.answers, strangers(test, 1, 0), strict=True)
    found = [scores(question, [answer, *wrong]) for question, answer, wrong in rows]
    return float(roc_auc_score([1, 0] * len(test), np.concatenate(found)))


def measured(
    scores: Scores, plain: CustomerService, test: Exchanges, reorders: bool = True
) -> dict[str, Any]:
    """Return both AUCs, and the ranks of what ``scores`` brings to the front."""
    right = right_answers(test)
    labels: list[bool] = []
    given: list[float] = []

    def search(question: str) -> list[Found]:
        found = plain.search(question)
        answers = [hit.entry.answer for hit in found]
        new = scores(question, answers) if reorders else [h.confidence for h in found]
        own = right[normalise(question)]
        labels.extend(normalise(answer) in own for answer in answers)
        given.extend(float(score) for score in new)
        return reorder(found, np.array(new)) if reorders else found

    ranks = rank(search, test)
    return {
        "auc_random": against_random(scores, test),
        "auc_ten": float(roc_auc_score(labels, given)),
        "spread": float(np.std(given)),  # of the scores
        "recall_1": ranks.recall(1).to_dict(),
        "mrr": ranks.mrr().to_dict(),
        "places": [int(p) if np.isfinite(p) else None for p in ranks.places],
    }


def averaged(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return R@1 and its gain over the search, meaned over seeds, for each arm."""
    found = {}
    for name in dict.fromkeys(run["arm"] for run in runs):
        hits = [[p == 1 for p in run["places"]] for run in runs if run["arm"] == name]
        base = [p == 1 for p in runs[0]["places"]]
        mean = np.mean(np.array(hits, dtype=float), axis=0)  # over seeds, (N,)
        gain = mean_interval(mean - np.array(base, dtype=float), 2000)
        found[name] = {
            "recall_1": mean_interval(mean, 2000).to_dict(),
            "gain_1": gain.to_dict(),
        }
    return found


def cells(run: dict[str, Any]) -> list[str]:
    """Return the cells under ``HEADS``."""
    return [
        *(str(run[key]) for key in ("arm", "seed", "steps")),
        *("-" if run[key] is None else f"{run[key]:.3f}" for key in AUCS),
        *(f"{run[key]['value']:.3f}" for key in ("recall_1", "mrr")),
        f"{run['seconds']:.0f}",
    ]


def main() -> None:
    """Train, measure, print the table, store the figures."""
    options = arguments()
    torch.set_num_threads(options.threads)
    parts = split_exchanges(load("finance-exchanges").take(options.exchanges))
    embedder = Remembering(load_embedder(options.encoder, LENGTH))
    index = AnswerIndex.of(entries_of(parts), embedder, bm25_share=0.0)
    plain = CustomerService(index, Settings(bm25_share=0.0))

    def cosines(question: str, answers: Sequence[str]) -> np.ndarray:
        return embedder.embed(answers) @ embedder.embed([question])[0]

    first = {"arm": "the search", "seed": None, "auc_seen": None}
    first |= {"steps": 0, "seconds": 0.0}
    runs = [first | measured(cosines, plain, parts.test, reorders=False)]
    for name in options.arms:
        for seed in options.seeds:
            reranker, told = trained(ARMS[name], parts.train, index, seed)
            told |= {"arm": name, "seed": seed}
            runs.append(told | measured(reranker.scores, plain, parts.test))
            print(contest.markdown(HEADS, [cells(runs[-1])]), flush=True)
            found = {"options": contest.chosen(options), "questions": len(parts.test)}
            found |= {"training_questions": len(parts.train), "runs": runs}
            found["over_seeds"] = averaged(runs)
            path = options.json or contest.RESULTS / "reranking.json"
            contest.store(path, found)  # after each: the next may take long
    print(contest.markdown(HEADS, map(cells, runs)))


if __name__ == "__main__":
    main()
