"""Page 6a: each numbered equation, computed in two ways."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch

from chapter2.applications import customer_service as cs
from chapter2.applications.customer_service.reranker import LABELS
from chapter2.evaluation import answered_curve
from chapter2.models import load_encoder
from chapter2.models.embedding import load_embedder

TEXTS = ("a dress to return", "the parcel is late", "return the parcel, return it")
QUERY = "return a parcel"


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    page = "06a_customer_service.ipynb"
    tags, tested, mentioned = equations(page, "6a", globals())
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


def test_equation_6a_1() -> None:
    k_1, b = 1.2, 0.75
    split = [text.replace(",", "").split() for text in TEXTS]
    mean = sum(map(len, split)) / len(split)
    expected = []
    for words in split:
        s, counts = 0.0, Counter(words)
        for t in QUERY.split():
            n_t, f_td = sum(t in other for other in split), counts[t]
            idf = math.log(1 + (len(split) - n_t + 0.5) / (n_t + 0.5))
            s += idf * f_td * (k_1 + 1) / (f_td + k_1 * (1 - b + b * len(words) / mean))
        expected.append(s)
    assert cs.BM25.of(TEXTS, k_1, b).scores(QUERY) == pytest.approx(expected)


def test_equation_6a_2() -> None:
    """The index's confidence is the cosine of the two mean outputs."""
    embedder = load_embedder("tiny-random", 64)
    index = cs.AnswerIndex.of(
        [cs.Entry(None, text) for text in TEXTS], embedder, bm25_share=0.0
    )

    def mean_output(text: str) -> np.ndarray:
        inputs = embedder.tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            outputs = embedder.model(**inputs).last_hidden_state[0]
        return outputs.numpy().astype(float).mean(axis=0)  # (L, D) -> (D,)

    q = mean_output(QUERY)
    for hit in index.search(QUERY):
        d = mean_output(TEXTS[hit.place])
        cosine = q @ d / (np.linalg.norm(q) * np.linalg.norm(d))
        assert hit.confidence == pytest.approx(cosine, abs=1e-5)


def test_equation_6a_3() -> None:
    rng = np.random.default_rng(0)
    scores, weights = rng.uniform(0.1, 1, (2, 9)), (0.3, 0.7)
    # the place of each thing: 1, and one more for each thing with a higher score
    places = [[1 + sum(other > own for other in row) for own in row] for row in scores]
    expected = [
        sum(w / (60 + row[d]) for w, row in zip(weights, places, strict=True))
        for d in range(9)
    ]
    assert cs.fuse(scores, weights, depth=9) == pytest.approx(expected)


PLACES = np.array([1, 3, np.inf, 2, 1, 7])
RANKS = cs.Ranks(PLACES, np.linspace(0.2, 0.7, 6))


@pytest.mark.parametrize("k", [1, 2, 5, 10])
def test_equation_6a_4(k: int) -> None:
    found = [place for place in PLACES if place <= k]
    assert RANKS.recall(k).value == pytest.approx(len(found) / len(PLACES))


def test_equation_6a_5() -> None:
    mrr = (1 + 1 / 3 + 0 + 1 / 2 + 1 + 1 / 7) / 6
    assert RANKS.mrr().value == pytest.approx(mrr)


def test_equation_6a_6() -> None:
    """The score from transformers' own logits of the pair, as two segments read."""
    classifier = load_encoder("tiny-random", LABELS, seed=3)
    scores = cs.Reranker(classifier).scores(QUERY, TEXTS)
    right, wrong = LABELS.index("right"), LABELS.index("wrong")
    for text, score in zip(TEXTS, scores, strict=True):
        inputs = classifier.tokenizer(QUERY, text, return_tensors="pt")
        tokens = classifier.tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
        assert tokens[0] == "[CLS]"
        assert tokens.count("[SEP]") == 2
        with torch.no_grad():  # without segment numbers, as the library reads them
            z = classifier.model(input_ids=inputs["input_ids"]).logits[0].double()
        sigmoid = 1 / (1 + math.exp(-float(z[right] - z[wrong])))
        assert score == pytest.approx(sigmoid, abs=1e-6)


@pytest.mark.parametrize("theta", [0.2, 0.35, 0.5, 0.69])
def test_equation_6a_7(theta: float) -> None:
    given = [j for j in range(6) if RANKS.confidence[j] >= theta]
    right = [j for j in given if PLACES[j] == 1]
    handed = cs.Handed.of(RANKS, theta)
    assert handed.answered / handed.questions == len(given) / 6
    assert handed.right / handed.answered == len(right) / len(given)
    curve = answered_curve(PLACES == 1, RANKS.confidence)
    at = np.flatnonzero(curve.threshold >= theta)[-1]
    assert curve.coverage[at] == pytest.approx(len(given) / 6)
    assert curve.accuracy[at] == pytest.approx(len(right) / len(given))
