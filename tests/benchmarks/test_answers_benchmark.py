"""The latency benchmark of the customer service, at a tiny size."""

import pytest


@pytest.mark.timeout(600)
def test_the_times_of_an_answer_are_told(stored):
    options = (
        "--sizes",
        700,
        "--questions",
        12,
        "--threads",
        1,
        "--encoder",
        "tiny-random",
    )
    printed, found = stored("answers.py", *options)
    (row,) = found["runs"]
    assert row["stored"] == 700
    assert found["questions"] == 12
    for how in ("without", "reranked"):
        assert 0 < row[how]["p50"] <= row[how]["p95"]
    assert row["without"]["p50"] < row["reranked"]["p50"]  # ten answers are read more
    assert row["recall"] is None  # the filler's vectors mean nothing
    assert "| 700 |" in printed
