"""The benchmark of the re-ranker, at a tiny size."""

import pytest

ARM = "BERT-tiny, random"


@pytest.mark.timeout(600)
def test_what_a_cross_encoder_learnt_is_told(stored):
    options = ("--arms", ARM, "--seeds", 0, "--threads", 1, "--exchanges", 40)
    printed, found = stored("reranking.py", *options, "--encoder", "tiny-random")
    search, run = found["runs"]
    assert (found["training_questions"], found["questions"]) == (24, 8)
    assert run["pairs"] == 24 * 5
    assert run["steps"] == 3 * 4  # epochs, and batches of 32 of 120 pairs
    assert search["auc_seen"] is None
    for key in ("auc_random", "auc_ten"):
        assert 0 <= run[key] <= 1
    gain = found["over_seeds"][ARM]["gain_1"]["value"]
    ours, before = (each["recall_1"]["value"] for each in (run, search))
    assert gain == pytest.approx(ours - before)
    assert f"| {ARM} | 0 |" in printed
