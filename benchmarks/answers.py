"""How long an answer takes: the customer service with up to 400,000 stored answers.

Run ``python benchmarks/answers.py``. The finance answers are filled up with passages of
the encyclopaedia, which are filler: nobody asks for them. A passage is a run of two or
more sentences of one document; whole documents come first, and where all runs are
stored they come again. The held-out finance questions are asked, one at a time: alone,
and after another question of the same customer. All stored answers are compared, or
faiss's graph finds the near ones; the first ten are re-ranked, or not.

Of the filler ``--read`` passages are read by the encoder. The vectors of the others are
drawn from a normal distribution with the mean and covariance of those. The re-ranker's
head is not trained: it takes as long as a trained one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import contest
import faiss
import numpy as np
import torch

from chapter2.applications.customer_service import (
    AnswerIndex,
    CustomerService,
    Entry,
    Reranker,
    Settings,
    entries_of,
)
from chapter2.applications.customer_service.index import DEPTH, embed
from chapter2.applications.customer_service.nearest import product
from chapter2.applications.customer_service.reranker import LABELS, LENGTH
from chapter2.data import load, split_exchanges
from chapter2.evaluation import mean_interval
from chapter2.models import load_encoder
from chapter2.models.embedding import Embedder, load_embedder

ARMS = ("exhaustive", "graph", "reranked")
HEADS = (
    *("stored", *(f"{arm}: p95, ms" for arm in ARMS), "after a turn, ms", "graph, ms"),
    *("re-ranked, ms", "recall at 10", "at 100", "same answer", "built in, s"),
)
MIB = 2**20


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    sizes = (1_000, 10_000, 50_000, 100_000, 200_000, 400_000)
    add("--sizes", type=int, nargs="+", default=sizes, help="stored answers")
    add("--questions", type=int, default=100, help="half of them are re-ranked too")
    add("--threads", type=int, default=2)
    add("--encoder", default="minilm")
    add("--read", type=int, default=4_000, help="passages that the encoder reads")
    add("--json", type=Path, help="where to store; default: in chapter2/results")
    return parser.parse_args()


def passages() -> Iterator[str]:
    """Yield the runs of two or more sentences of each document, the longest first."""
    documents = [each.sentences() for each in load("encyclopaedia").documents]
    for less in range(max(map(len, documents))):  # sentences that are left out
        for sentences in documents:
            length = len(sentences) - less
            if length > 1:
                starts = range(less + 1)
                yield from (" ".join(sentences[i : i + length]) for i in starts)


def filler(number: int) -> list[Entry]:
    """Return so many passages, as answers without a question."""
    return [Entry(None, passage) for passage in islice(cycle(passages()), number)]


def like(vectors: np.ndarray, number: int) -> np.ndarray:
    """Return random vectors of length 1, (number, D), float32.

    Before they are made as long they are normal, with mean and covariance of
    ``vectors`` (R, D).
    """
    mean = vectors.mean(axis=0)
    _, size, axes = np.linalg.svd(vectors - mean, full_matrices=False)
    spread = size / np.sqrt(max(len(vectors) - 1, 1))
    random = np.random.default_rng(0).normal(size=(number, len(spread)))
    drawn = (mean + (random * spread) @ axes).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def vectors_of(
    real: Sequence[Entry], more: Sequence[Entry], embedder: Embedder, read: int
) -> np.ndarray:
    """Return the vectors of the finance answers, and of the filler after them."""
    own = embed([entry.text for entry in real], embedder)
    if not more:
        return own
    known = embed([entry.text for entry in more[:read]], embedder)
    return np.concatenate([own, known, like(known, len(more) - len(known))])


def milliseconds(what: Callable[[int], Any], number: int) -> np.ndarray:
    """Return the time of each of the calls, (N,); ten before them are not counted."""
    times = []
    for i in (*range(min(10, number)), *range(number)):
        began = time.perf_counter()
        what(i)
        times.append(1000 * (time.perf_counter() - began))
    return np.array(times[-number:])


def percentiles(times: np.ndarray) -> dict[str, float]:
    """Return the middle and the 95th percentile."""
    return {f"p{p}": float(np.percentile(times, p)) for p in (50, 95)}


def answering(service: CustomerService, questions: Sequence[str]) -> dict[str, Any]:
    """Return the times of an answer to a question alone, and after the one before."""
    calls = {
        "alone": lambda i: service.answer(questions[i]),
        "after_a_turn": lambda i: service.answer(questions[i], [questions[i - 1]]),
    }
    return {
        how: percentiles(milliseconds(call, len(questions)))
        for how, call in calls.items()
    }


def parts_of(index: AnswerIndex, questions: Sequence[str]) -> dict[str, float]:
    """Return the median time of each part of a search; two: a question and its turn."""
    embedder, vectors, graph = index.embedder, index.vectors, index.graph
    assert embedder is not None
    assert vectors is not None
    assert graph is not None
    asked = embedder.embed(questions).astype(np.float32)
    both = [f"{questions[i - 1]} {question}" for i, question in enumerate(questions)]
    calls: dict[str, Callable[[int], Any]] = {
        "reading": lambda i: embedder.embed([questions[i]]),
        "reading_two": lambda i: embedder.embed([questions[i], both[i]]),
        "words": lambda i: index.bm25.scores(questions[i]),
        "product": lambda i: product(vectors, asked[[i]]),
        "product_two": lambda i: product(vectors, asked[[i, i - 1]]),
        "graph": lambda i: graph.cosines(vectors, asked[[i]], index.live, DEPTH),
    }
    return {
        name: float(np.median(milliseconds(call, len(questions))))
        for name, call in calls.items()
    }


def missed(index: AnswerIndex, questions: Sequence[str]) -> dict[str, Any]:
    """Return what the graph finds of what the exhaustive search does, with intervals.

    ``recall_k``: share of the k nearest vectors; ``same_first``: share of the questions
    for which the service's first answer is the same.
    """
    assert index.embedder is not None
    assert index.vectors is not None
    assert index.graph is not None
    asked = index.embedder.embed(questions).astype(np.float32)
    order = np.argsort(-product(index.vectors, asked), axis=1)
    found = index.graph.cosines(index.vectors, asked, index.live, DEPTH) != 0
    recall = {
        f"recall_{k}": np.take_along_axis(found, order[:, :k], axis=1).mean(axis=1)
        for k in (10, DEPTH)
    }
    plain, fast = (CustomerService(index, Settings(graph=g)) for g in (False, True))
    firsts = [[s.search(q)[0].place for q in questions] for s in (plain, fast)]
    recall["same_first"] = np.equal(*firsts).astype(float)
    return {name: mean_interval(each).to_dict() for name, each in recall.items()}


def mebibytes(index: AnswerIndex) -> dict[str, float]:
    """Return the memory of the vectors, of the graph with its copy, and of BM25."""
    assert index.vectors is not None
    assert index.graph is not None
    counts = index.bm25.counts
    words = counts.data, counts.indices, counts.indptr
    return {
        "vectors": index.vectors.nbytes / MIB,
        "graph": len(faiss.serialize_index(index.graph.index)) / MIB,
        "words": sum(each.nbytes for each in words) / MIB,
    }


def measured(
    index: AnswerIndex, reranker: Reranker, questions: Sequence[str]
) -> dict[str, Any]:
    """Return the figures of one size of the index."""
    began = time.perf_counter()
    index = index.with_graph()
    built = time.perf_counter() - began
    some = questions[: max(1, len(questions) // 2)]
    again = CustomerService(index, Settings(rerank=True), reranker)
    return {
        "stored": len(index),
        "exhaustive": answering(CustomerService(index), questions),
        "graph": answering(CustomerService(index, Settings(graph=True)), questions),
        "reranked": answering(again, some),
        "parts": parts_of(index, questions),
        "missed": missed(index, questions),
        "graph_built_s": built,
        "correction_ms": correction(index),
        "memory_mib": mebibytes(index),
    }


def correction(index: AnswerIndex) -> float:
    """Return the median time of a correction of a stored service, milliseconds."""
    service = CustomerService(index)
    with tempfile.TemporaryDirectory() as folder:
        service.save(Path(folder))
        told = milliseconds(lambda i: service.correct(f"New {i}?", "An answer."), 20)
    return float(np.median(told))


def cells(row: dict[str, Any]) -> list[str]:
    """Return the cells under ``HEADS``."""
    shares = ("recall_10", f"recall_{DEPTH}", "same_first")
    return [
        f"{row['stored']:,}",
        *(
            f"{row[arm][how]['p95']:.1f}"
            for how in ("alone", "after_a_turn")
            for arm in ARMS
        ),
        *(f"{row['missed'][share]['value']:.1%}" for share in shares),
        f"{row['graph_built_s']:.1f}",
    ]


def words_in(entries: Sequence[Entry]) -> float:
    """Return the median number of words of the answers."""
    return float(np.median([len(entry.answer.split()) for entry in entries]))


def main() -> None:
    """Fill the index, ask, print the table, store the figures."""
    options = arguments()
    torch.set_num_threads(options.threads)
    parts = split_exchanges(load("finance-exchanges"))
    real = entries_of(parts)
    questions = parts.test.take(options.questions).questions
    embedder = load_embedder(options.encoder, LENGTH)
    reranker = Reranker(load_encoder(options.encoder, LABELS, max_length=LENGTH))
    sizes = sorted({max(size, len(real)) for size in options.sizes})
    more = filler(sizes[-1] - len(real))
    vectors = vectors_of(real, more, embedder, options.read)
    rows = []
    for size in sizes:
        entries = [*real, *more][:size]
        index = AnswerIndex.of(entries, embedder, vectors=vectors[:size])
        rows.append(measured(index, reranker, questions))
    print(contest.markdown(HEADS, map(cells, rows)))
    found = {
        "options": contest.chosen(options),
        "questions": len(questions),
        "answers": len(real),
        "different_passages": len({entry.answer for entry in more}),
        "words": {"answers": words_in(real), "filler": words_in(more or real)},
        "runs": rows,
    }
    contest.store(options.json or contest.RESULTS / "answers.json", found)


if __name__ == "__main__":
    main()
