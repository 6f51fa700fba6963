"""The sentence that a page prints must follow from the interval, not from hope."""

import pytest

from chapter2.evaluation import Interval


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.05, 0.02, 0.08, "BERT is better than TF-IDF (+5.0 points"),
        (-0.05, -0.08, -0.02, "BERT is worse than TF-IDF (-5.0 points"),
        (0.01, -0.02, 0.04, "no difference between BERT and TF-IDF could be shown"),
        (0.0, 0.0, 0.0, "no difference between BERT and TF-IDF could be shown"),
    ],
)
def test_verdict_follows_from_the_interval(value, low, high, said):
    sentence = Interval(value, low, high, 0.95, 1000).verdict("BERT", "TF-IDF")
    assert said in sentence
    assert f"95% interval {100 * low:+.1f} to {100 * high:+.1f})." in sentence
