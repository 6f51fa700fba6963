"""Page 3a: each numbered equation, computed in two ways, and what the page claims."""

from __future__ import annotations

import numpy as np
import pytest

from chapter2.evaluation.metrics import score_by
from chapter2.selection.contenders import Contender
from chapter2.selection.recommend import RESAMPLES, Yardstick, recommend

RNG = np.random.default_rng(5)
LABELS = RNG.integers(0, 2, 400)
METRIC, MARGIN = "macro_f1", 0.02
YARD = Yardstick(LABELS, METRIC, 2)
# simplicity, and of how many records the label is wrong
ERRORS = {"simple": (0, 90), "middle": (1, 62), "best": (2, 60)}


def contender(name: str) -> Contender:
    """Return a contender that is wrong on its first so many records of one order."""
    simplicity, wrong = ERRORS[name]
    predicted = LABELS.copy()
    rows = np.random.default_rng(0).permutation(len(LABELS))[:wrong]
    predicted[rows] = 1 - predicted[rows]
    return Contender(name, simplicity, np.arange(len(LABELS)), predicted, 1.0, {})


def by_hand(name: str, other: str) -> float:
    """Return the p-value of (3a.1): each resample scored by itself."""
    draws = np.random.default_rng(0)
    ours, theirs = contender(name).predicted, contender(other).predicted
    losses = 0
    for _ in range(RESAMPLES):
        rows = draws.integers(0, len(LABELS), len(LABELS))
        a, b = (score_by(METRIC, LABELS[rows], p[rows], 2) for p in (ours, theirs))
        losses += a - b <= -MARGIN
    return (1 + losses) / (RESAMPLES + 1)


def test_every_equation_of_the_page_has_a_test_here(equations) -> None:
    tags, tested, mentioned = equations("03a_choosing.ipynb", "3a", globals())
    assert len(tags) == len(set(tags))
    assert set(tags) == tested
    assert mentioned <= set(tags)


def test_equation_3a_1() -> None:
    found = recommend([contender(n) for n in ERRORS], YARD, MARGIN)
    raw = {name: by_hand(name, "best") for name in ("simple", "middle")}
    # Holm: the smaller one times two, the larger one at least as much
    low, high = sorted(raw, key=lambda name: raw[name])
    corrected = {low: 2 * raw[low], high: max(2 * raw[low], raw[high])}
    for one in found.comparisons:
        # other resamples: two standard errors of a share of so many
        assert one.p_value == pytest.approx(min(1, corrected[one.name]), abs=0.03)
        assert one.accepted == (one.p_value <= 0.05)


def test_equation_3a_2() -> None:
    every = [contender(name) for name in ERRORS]
    found = recommend(every, YARD, MARGIN)
    safe = {c.name for c in found.comparisons if c.p_value <= 0.05} | {found.best}
    assert found.best == "best"
    assert safe == {"middle", "best"}
    assert found.name == min(safe, key=lambda name: ERRORS[name][0]) == "middle"


@pytest.mark.parametrize(("records", "chosen"), [(50, "best"), (20_000, "simple")])
def test_few_records_prove_little_so_that_the_best_stays(
    records: int, chosen: str
) -> None:
    """The page: asked is proof that little is lost, not absence of significance."""
    labels = np.random.default_rng(1).integers(0, 2, records)
    found = []
    for simplicity, name in enumerate(("simple", "best")):
        wrong = np.arange(records) % 5 == simplicity  # a fifth each, never the same
        wrong[1] &= name == "simple"  # by one record worse
        predicted = np.where(wrong, 1 - labels, labels)
        found.append(
            Contender(name, simplicity, np.arange(records), predicted, 1.0, {})
        )
    answer = recommend(found, Yardstick(labels, METRIC, 2), MARGIN)
    assert answer.name == chosen
