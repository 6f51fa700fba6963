"""Page 3d: each numbered equation, computed in two ways, and what the page claims."""

from __future__ import annotations

import math
from itertools import product
from math import comb

import numpy as np
import pytest

from chapter2 import evaluation

Y = np.array([0, 1, 1, 2, 2, 2, 0, 1, 2, 0, 1, 0])
P = np.array([0, 1, 0, 2, 2, 1, 0, 1, 0, 0, 2, 1])


def counts(positive: int) -> tuple[int, int, int, int]:
    """TP, FP, FN and TN of one class, in plain Python."""
    pairs = [(t == positive, p == positive) for t, p in zip(Y, P, strict=True)]
    tp, fp = pairs.count((True, True)), pairs.count((False, True))
    return tp, fp, pairs.count((True, False)), pairs.count((False, False))


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations("03d_evaluation.ipynb", "3d", globals())
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


def test_equation_3d_1() -> None:
    y, p = (Y == 1).astype(int), (P == 1).astype(int)
    tp, fp, fn, tn = counts(1)
    assert evaluation.accuracy(y, p) == (tp + tn) / (tp + fp + fn + tn)


def test_equation_3d_2() -> None:
    found = evaluation.precision_recall_f1(Y, P, 3)
    for c in range(3):
        tp, fp, fn, _ = counts(c)
        assert found.precision[c] == pytest.approx(tp / (tp + fp))
        assert found.recall[c] == pytest.approx(tp / (tp + fn))


def test_equation_3d_3() -> None:
    found = evaluation.precision_recall_f1(Y, P, 3)
    for c in range(3):
        tp, fp, fn, _ = counts(c)
        a, b = found.precision[c], found.recall[c]
        assert found.f1[c] == pytest.approx(2 * a * b / (a + b))
        assert found.f1[c] == pytest.approx(2 * tp / (2 * tp + fp + fn))


def test_f1_is_not_the_mean_of_accuracy_and_recall() -> None:
    """True negatives move accuracy, and so the source's formula; they never move F1."""
    found = []
    for negatives in (5, 5000):
        y = np.array([1] * 10 + [0] * (10 + negatives))
        p = np.array([1] * 4 + [0] * 6 + [1] * 10 + [0] * negatives)
        accuracy = evaluation.accuracy(y, p)
        scores = evaluation.precision_recall_f1(y, p, 2)
        recall, f1 = scores.recall[1], scores.f1[1]
        found.append((2 * accuracy * recall / (accuracy + recall), f1))
    (wrong_few, few), (wrong_many, many) = found
    assert few == pytest.approx(many)
    assert wrong_many > wrong_few + 0.05
    assert wrong_few > few + 0.04


def test_precision_and_accuracy_are_two_numbers() -> None:
    y, p = [0] * 98 + [1, 1], [0] * 96 + [1, 1, 1, 0]
    assert evaluation.accuracy(y, p) == 0.97
    precision = evaluation.precision_recall_f1(y, p, 2).precision[1]
    assert precision == pytest.approx(1 / 3)


def test_equation_3d_4() -> None:
    per_class = [2 * tp / (2 * tp + fp + fn) for tp, fp, fn, _ in map(counts, range(3))]
    found = evaluation.precision_recall_f1(Y, P, 3, "macro").f1
    assert found == pytest.approx(sum(per_class) / 3)
    micro = evaluation.precision_recall_f1(Y, P, 3, "micro").f1
    assert micro == pytest.approx(evaluation.accuracy(Y, P))


@pytest.mark.parametrize(("b", "c"), [(2, 7), (6, 1), (4, 4), (0, 5)])
def test_equation_3d_5(b, c) -> None:
    """Every sequence of b + c throws, counted: those as far out, half of the ties."""
    n, far = b + c, abs(b - c)
    distances = [abs(2 * sum(throws) - n) for throws in product((0, 1), repeat=n)]
    beyond = sum(d > far for d in distances) + sum(d == far for d in distances) / 2
    expected = beyond / 2**n
    if far == 0:  # the middle has one side only
        expected = 2 * sum(comb(n, k) for k in range(b + 1)) / 2**n - comb(n, b) / 2**n
    assert evaluation.binomial_p_values(b, c)[1] == pytest.approx(expected)


def test_equation_3d_6() -> None:
    d = evaluation.minimal_detectable_difference(800, 0.15)
    right = 1.959963985 * math.sqrt(0.15) + 0.841621234 * math.sqrt(0.15 - d * d)
    assert 800 * d * d == pytest.approx(right**2)


@pytest.fixture
def p() -> np.ndarray:
    return np.random.default_rng(0).dirichlet([1, 1, 1], len(Y))


def test_equation_3d_7(p) -> None:
    total = 0.0
    for m in range(10):
        inside = [i for i in range(len(Y)) if m / 10 < max(p[i]) <= (m + 1) / 10]
        if inside:
            right = np.mean([p[i].argmax() == Y[i] for i in inside])
            sure = np.mean([max(p[i]) for i in inside])
            total += len(inside) / len(Y) * abs(right - sure)
    assert evaluation.expected_calibration_error(Y, p, 10) == pytest.approx(total)


def test_equation_3d_8(p) -> None:
    """Logits that are shifted per record give the same scaled probabilities."""
    z = np.log(p) + np.arange(len(p))[:, None]
    exps = np.exp(z / 2.5)
    by_hand = exps / exps.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(evaluation.Temperature(2.5)(p), by_hand, rtol=1e-9)


def test_equation_3d_9() -> None:
    """At p* both decisions have the same expected cost."""
    costs = np.array([[0.5, 3.0], [8.0, 1.0]])
    at = evaluation.cost_threshold(costs)
    no, yes = np.array([1 - at, at]) @ costs
    assert no == pytest.approx(yes)
    assert at == pytest.approx(2.5 / (2.5 + 7))


def test_equation_3d_10() -> None:
    losses = np.random.default_rng(1).exponential(size=35)
    batches = [losses[i : i + 16] for i in range(0, 35, 16)]
    total = sum(batch.sum() for batch in batches)
    assert total / 35 == pytest.approx(losses.mean())
    assert np.mean([b.mean() for b in batches]) != pytest.approx(losses.mean())
    equal = [losses[i : i + 7] for i in range(0, 35, 7)]
    assert np.mean([b.mean() for b in equal]) == pytest.approx(losses.mean())


def test_equation_3d_11() -> None:
    sizes = np.array([50, 100, 200, 400, 800, 1600])
    scores = 0.9 - 0.8 * sizes**-0.4
    found = evaluation.extrapolate(sizes, scores, 6400, noise=0.0005)
    assert found.value == pytest.approx(0.9 - 0.8 * 6400**-0.4, abs=0.003)


def test_the_best_of_many_coins_looks_like_a_model() -> None:
    """Its interval excludes chance, and its corrected p-value does not."""
    coins = np.random.default_rng(0).binomial(400, 0.5, (300, 200)).max(axis=1)
    low = [evaluation.wilson_interval(int(right), 400).low for right in coins]
    assert np.mean(np.array(low) > 0.5) > 0.95
    p = [evaluation.binomial_p_values(int(r), int(400 - r))[1] for r in coins]
    corrected = [evaluation.holm([one] + [1.0] * 199)[0] for one in p]
    assert np.mean(np.array(corrected) <= 0.05) <= 0.09
