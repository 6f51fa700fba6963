"""The estimator's benchmark runs at a tiny size and stores both sides."""


def test_estimates_are_stored_beside_the_measured_peaks(stored):
    shape = ("--sizes", "tiny", "--batches", 16, "--lengths", 64)
    how = ("--methods", "full", "--checkpointing", 0, "--steps", 1)
    printed, result = stored("resources.py", *shape, *how)
    (run,) = result["runs"]
    assert run["memory_ratio"] == run["estimate"]["total"] / run["peak"]
    assert result["worst"]["memory_ratio"] == run["memory_ratio"]
    assert run["seconds_per_step"] > 0
    assert "| tiny | full |" in printed
