"""The latency benchmark of the customer service, at a tiny size."""

import numpy as np
import pytest


@pytest.mark.timeout(600)
def test_the_times_of_an_answer_are_told(stored):
    options = (
        *("--sizes", 700, "--questions", 12, "--threads", 1),
        *("--encoder", "tiny-random", "--read", 20),
    )
    printed, found = stored("answers.py", *options)
    (row,) = found["runs"]
    assert row["stored"] == 700
    assert found["questions"] == 12
    assert found["different_passages"] == 700 - found["answers"]
    for arm in ("exhaustive", "graph", "reranked"):
        for how in ("alone", "after_a_turn"):
            assert 0 < row[arm][how]["p50"] <= row[arm][how]["p95"]
    assert row["correction_ms"] > 0
    assert set(row["parts"]) > {"reading", "product", "graph"}
    for share in ("recall_10", "recall_100", "same_first"):
        told = row["missed"][share]
        assert 0.5 < told["value"] <= 1
        assert told["low"] <= told["value"] <= told["high"]
    memory = row["memory_mib"]
    assert memory["graph"] > memory["vectors"] > 0  # it has a copy of them
    assert "| 700 |" in printed


def test_filler_is_runs_of_sentences(script):
    answers = script("answers")
    some = [entry.answer for entry in answers.filler(300)]
    assert len(set(some)) == 300
    documents = answers.load("encyclopaedia").documents
    whole = {" ".join(each.sentences()): len(each.sentences()) for each in documents}
    assert all(whole[passage] > 1 for passage in some)  # whole documents come first


def test_drawn_vectors_have_mean_and_covariance_of_those_read(script):
    read = np.random.default_rng(1).normal(size=(400, 6)) @ np.diag([3, 2, 1, 1, 1, 1])
    read += np.array([9, 0, 0, 0, 0, 4])
    drawn = script("answers").like(read, 20_000)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, rtol=1e-5)
    lengths = np.linalg.norm(read, axis=1, keepdims=True)
    unit = read / lengths
    np.testing.assert_allclose(drawn.mean(0), unit.mean(0), atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(unit.T), atol=0.02)
