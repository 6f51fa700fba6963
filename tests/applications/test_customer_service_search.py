"""Terms, BM25 and fusion: against closed forms, and against plain code."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.applications.customer_service.bm25 import BM25
from chapter2.applications.customer_service.fusion import best, fuse
from chapter2.applications.customer_service.terms import terms
from chapter2.errors import UsageError

WORDS = st.lists(st.sampled_from(["red", "blue", "green", "old", "new"]), min_size=1)
TEXTS = st.lists(WORDS.map(" ".join), min_size=1, max_size=8)


def test_terms_of_english_and_of_chinese() -> None:
    assert terms("Can't pay, PAY 20%?") == ["can", "t", "pay", "pay", "20"]
    assert terms("退货吗 iPhone15") == ["退", "货", "吗", "退货", "货吗", "iphone15"]
    assert terms("货") == ["货"]
    assert terms("") == []


def plain_bm25(texts: list[str], query: str, k1: float, b: float) -> list[float]:
    """The formula, word for word, text by text."""
    split = [text.split() for text in texts]
    mean = sum(map(len, split)) / len(split)
    scores = []
    for words in split:
        score = 0.0
        for term in query.split():
            n = sum(term in other for other in split)
            f = words.count(term)
            idf = math.log(1 + (len(split) - n + 0.5) / (n + 0.5))
            norm = f + k1 * (1 - b + b * len(words) / mean)
            score += idf * f * (k1 + 1) / norm if f else 0.0
        scores.append(score)
    return scores


@given(TEXTS, WORDS, st.floats(0, 3), st.floats(0, 1))
def test_bm25_is_its_formula(
    texts: list[str], query: list[str], k1: float, b: float
) -> None:
    found = BM25.of(texts, k1, b).scores(" ".join(query))
    expected = plain_bm25(texts, " ".join(query), k1, b)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    assert (found <= BM25.of(texts, k1, b).most(" ".join(query)) + 1e-9).all()


@given(TEXTS, TEXTS, WORDS)
def test_texts_added_later_count_as_those_from_the_start(
    first: list[str], later: list[str], query: list[str]
) -> None:
    index = BM25.of(first)
    before = index.scores(" ".join(query))
    grown = index.with_texts(later)
    whole = BM25.of(first + later)
    for each in (" ".join(query), "unseen"):
        np.testing.assert_allclose(grown.scores(each), whole.scores(each))
    np.testing.assert_array_equal(index.scores(" ".join(query)), before)  # unchanged


def test_bm25_by_hand() -> None:
    # N = 2, n = 1: idf = ln 2; both texts have the mean length 2, so the norm is f + k1
    scores = BM25.of(["tea cup", "tea pot"], k1=1.0).scores("cup")
    assert scores == pytest.approx([math.log(2) * 2 / 2, 0.0])


@pytest.mark.parametrize(("k1", "b"), [(-0.1, 0.5), (1.2, 1.1), (1.2, -0.1)])
def test_bm25_refuses_what_means_nothing(k1: float, b: float) -> None:
    with pytest.raises(UsageError, match="give k1 of 0 or more"):
        BM25.of(["a"], k1, b)


def test_fusion_by_hand() -> None:
    words, meaning = np.array([3.0, 2.0, 0.0]), np.array([0.1, 0.9, 0.5])
    fused = fuse((words, meaning), (1.0, 2.0), depth=3)
    assert fused == pytest.approx([1 / 61 + 2 / 63, 1 / 62 + 2 / 61, 2 / 62])
    # beyond the depth, and without a score, a ranking gives nothing
    assert fuse((words, meaning), (1.0, 2.0), depth=1) == pytest.approx(
        [1 / 61, 2 / 61, 0]
    )


@given(st.lists(st.integers(-3, 3), min_size=1), st.integers(1, 12))
def test_best_is_a_stable_sort_cut_off(values: list[int], depth: int) -> None:
    scores = np.array(values, dtype=float)
    order = np.argsort(-scores, kind="stable")
    expected = [i for i in order.tolist() if values[i] > 0][:depth]
    assert best(scores, depth).tolist() == expected


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=9, unique=True))
def test_only_places_count(values: list[float]) -> None:
    scores = np.array(values)
    assert Counter(fuse((scores,), (1.0,), 9)) == Counter(fuse((scores**3,), (1.0,), 9))
