"""Intervals of the entities' F1: counted per sentence, drawn by sentence."""

import numpy as np
import pytest

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.tag_intervals import (
    _sums,
    f1_difference,
    f1_interval,
    f1_of,
    sentence_counts,
)
from chapter2.evaluation.tagging import tagging_report

KINDS = ("O", "B-X", "I-X", "B-Y", "I-Y")


def random_tags(sentences, seed):
    rng = np.random.default_rng(seed)
    lengths = np.random.default_rng(9).integers(1, 9, size=sentences)
    return [[KINDS[i] for i in rng.integers(5, size=n)] for n in lengths]


TRUE, ONE, OTHER = (random_tags(60, seed) for seed in range(3))


@pytest.mark.parametrize("strict", [False, True])
def test_summed_counts_give_the_reports_f1(strict):
    counts = sentence_counts(TRUE, ONE, strict)
    assert counts.shape == (60, 3)
    wanted = tagging_report(TRUE, ONE, strict).micro
    assert f1_of(counts.sum(axis=0)) == pytest.approx(wanted.f1)
    assert counts[:, 2].sum() == wanted.support
    assert f1_of(np.zeros(3)) == 0


def test_a_resample_is_scored_as_if_it_were_the_test_part():
    counts = sentence_counts(TRUE, ONE)
    drawn = _sums(counts[None], 5, seed=3)
    rng = np.random.default_rng(3)
    for row in drawn[:, 0]:
        chosen = rng.integers(60, size=60)
        report = tagging_report([TRUE[i] for i in chosen], [ONE[i] for i in chosen])
        assert f1_of(row) == pytest.approx(report.micro.f1)


def test_intervals_hold_the_value_and_a_pair_cancels():
    one, other = (sentence_counts(TRUE, tags) for tags in (ONE, OTHER))
    found = f1_interval(one, 300)
    assert found.low < found.value < found.high
    same = f1_difference(one, one, 100)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    gain = f1_difference(sentence_counts(TRUE, TRUE), other, 100)
    assert gain.value == pytest.approx(1 - f1_of(other.sum(0)))
    assert gain.low > 0


def test_what_cannot_be_measured_is_told():
    with pytest.raises(DataError, match="60 sentences and y_pred 2"):
        sentence_counts(TRUE, ONE[:2])
    with pytest.raises(DataError, match="no sentences"):
        f1_interval(np.zeros((0, 3)))
    with pytest.raises(UsageError, match="resamples is 0"):
        f1_interval(np.ones((2, 3)), 0)
    with pytest.raises(DataError, match="cannot be paired"):
        f1_difference(np.ones((2, 3)), np.ones((3, 3)))
