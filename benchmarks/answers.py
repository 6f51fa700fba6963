"""How long an answer takes: the customer service with up to 50,000 stored answers.

Run ``python benchmarks/answers.py``. The finance answers are filled up with sentences
of the encyclopaedia, which are filler: nobody asks for them. The held-out finance
questions are asked, one at a time, without and with re-ranking of the first ten.
The search is exhaustive. Where faiss is installed its exact index is asked as well.

Filler gets random directions for vectors, since a product takes as long whatever is
multiplied; ``--encode`` reads all of it with the encoder, which takes minutes, and then
the recall among the filler is told too. The re-ranker's head is not trained: it takes
as long as a trained one.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import contest
import numpy as np
import torch

from chapter2.applications.customer_service import (
    AnswerIndex,
    CustomerService,
    Entry,
    Reranker,
    Settings,
    entries_of,
    rank,
)
from chapter2.applications.customer_service.index import embed
from chapter2.applications.customer_service.reranker import LABELS, LENGTH
from chapter2.data import Exchanges, load, split_exchanges
from chapter2.models import load_encoder
from chapter2.models.embedding import Embedder, load_embedder

HEADS = (
    *("stored", "p50, ms", "p95, ms", "re-ranked p50, ms", "p95, ms"),
    *("reading, ms", "BM25, ms", "vectors, ms", "faiss, ms", "a correction, ms"),
)


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    sizes = (1_000, 10_000, 50_000)
    add("--sizes", type=int, nargs="+", default=sizes, help="stored answers")
    add("--questions", type=int, default=100)
    add("--threads", type=int, default=2)
    add("--encoder", default="minilm")
    add("--encode", action="store_true", help="read the filler with the encoder")
    add("--json", type=Path, help="where to store; default: in chapter2/results")
    return parser.parse_args()


def filler(number: int) -> list[Entry]:
    """Return so many sentences of the encyclopaedia, as answers without a question.

    Raises:
        SystemExit: it has not so many.
    """
    found: list[Entry] = []
    for document in load("encyclopaedia").documents:
        found += (Entry(None, sentence) for sentence in document.sentences())
        if len(found) >= number:
            return found[:number]
    raise SystemExit(f"The encyclopaedia has {len(found)} sentences, not {number}.")


def directions(number: int, width: int) -> np.ndarray:
    """Return random vectors of length 1, (N, D), float32."""
    drawn = np.random.default_rng(0).normal(size=(number, width)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def milliseconds(what: Callable[[str], Any], questions: Sequence[str]) -> np.ndarray:
    """Return the time of each call, (N,); the first ten are not counted."""
    times = []
    for question in (*questions[:10], *questions):
        began = time.perf_counter()
        what(question)
        times.append(1000 * (time.perf_counter() - began))
    return np.array(times[10:])


def percentiles(times: np.ndarray) -> dict[str, float]:
    """Return the middle and the 95th percentile."""
    return {f"p{p}": float(np.percentile(times, p)) for p in (50, 95)}


def faiss_time(vectors: np.ndarray, asked: np.ndarray) -> float | None:
    """Return the median time of faiss's exact index; None where it is not installed."""
    if importlib.util.find_spec("faiss") is None:
        return None
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    rows = {str(i): asked[i : i + 1] for i in range(len(asked))}
    return float(np.median(milliseconds(lambda i: index.search(rows[i], 100), [*rows])))


def measured(
    index: AnswerIndex, reranker: Reranker, test: Exchanges, encoded: bool
) -> dict[str, Any]:
    """Return the times of one size of the index, and recall where it means a thing."""
    plain = CustomerService(index, Settings())
    second = CustomerService(index, Settings(rerank=True), reranker)
    assert index.embedder is not None
    assert index.vectors is not None
    asked = index.embedder.embed(test.questions).astype(np.float32)
    rows = dict(zip(test.questions, torch.from_numpy(asked), strict=True))
    vectors = torch.from_numpy(index.vectors)
    parts = {
        "reading": lambda question: index.embedder.embed([question]),
        "bm25": index.bm25.scores,
        "vectors": lambda question: torch.mv(vectors, rows[question]),
    }
    medians = {
        name: float(np.median(milliseconds(part, test.questions)))
        for name, part in parts.items()
    }
    began = time.perf_counter()
    index.with_entry(Entry("A new question?", "A new answer."))
    correction = 1000 * (time.perf_counter() - began)
    return {
        "stored": len(index),
        "without": percentiles(milliseconds(plain.search, test.questions)),
        "reranked": percentiles(milliseconds(second.search, test.questions)),
        **medians,
        "faiss": faiss_time(index.vectors, asked),
        "correction": correction,
        "recall": rank(plain.search, test).recall(1).to_dict() if encoded else None,
    }


def cells(row: dict[str, Any]) -> list[str]:
    """Return the cells under ``HEADS``."""
    faiss = row["faiss"]
    return [
        f"{row['stored']:,}",
        *(
            f"{row[how][p]:.1f}"
            for how in ("without", "reranked")
            for p in ("p50", "p95")
        ),
        *(f"{row[part]:.1f}" for part in ("reading", "bm25", "vectors")),
        "not installed" if faiss is None else f"{faiss:.1f}",
        f"{row['correction']:.0f}",
    ]


def vectors_of(
    real: Sequence[Entry], more: Sequence[Entry], embedder: Embedder, encode: bool
) -> np.ndarray:
    """Return the vectors of the finance answers, and of the filler after them."""
    found = embed([entry.text for entry in real], embedder)
    if encode:
        return np.concatenate([found, embed([entry.text for entry in more], embedder)])
    return np.concatenate([found, directions(len(more), found.shape[1])])


def main() -> None:
    """Fill the index, ask, print the table, store the figures."""
    options = arguments()
    torch.set_num_threads(options.threads)
    parts = split_exchanges(load("finance-exchanges"))
    real = entries_of(parts)
    test = parts.test.take(options.questions)
    embedder = load_embedder(options.encoder, LENGTH)
    reranker = Reranker(load_encoder(options.encoder, LABELS, max_length=LENGTH))
    sizes = sorted({max(size, len(real)) for size in options.sizes})
    more = filler(sizes[-1] - len(real))
    vectors = vectors_of(real, more, embedder, options.encode)
    rows = []
    for size in sizes:
        entries = [*real, *more][:size]
        index = AnswerIndex.of(entries, embedder, vectors=vectors[:size])
        rows.append(measured(index, reranker, test, options.encode))
    print(contest.markdown(HEADS, map(cells, rows)))
    found = {"options": contest.chosen(options), "questions": len(test), "runs": rows}
    contest.store(options.json or contest.RESULTS / "answers.json", found)


if __name__ == "__main__":
    main()
