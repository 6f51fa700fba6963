"""The estimator's benchmark stores both sides, and how near the estimates came."""

import json

import pytest
import torch

from chapter2 import results

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def test_estimates_are_stored_beside_the_measured_peaks(stored):
    shape = ("--sizes", "tiny", "--batches", 16, "--lengths", 64)
    how = ("--methods", "full", "--checkpointing", 0, "--steps", 1)
    printed, result = stored("resources.py", *shape, *how)
    (run,) = result["runs"]
    assert run["memory_ratio"] == run["estimate"]["total"] / run["peak"]
    assert result["worst"]["memory_ratio"] == run["memory_ratio"]
    assert run["seconds_per_step"] > 0
    assert "| tiny | full |" in printed


def test_each_estimate_of_the_stored_grid_is_within_a_quarter_of_the_peak():
    runs = results.stored("resources_cpu")["runs"]
    case = ("config", "batch", "length", "method")
    assert len({json.dumps([run[name] for name in case]) for run in runs}) == 24
    for run in runs:
        assert 0.75 <= run["estimate"]["total"] / run["peak"] <= 1.25, run


@GPU
def test_on_a_gpu_each_estimate_is_within_15_percent_of_what_torch_counts(stored):
    how = ("--device", "cuda", "--sizes", "minilm", "--steps", 2)
    _, result = stored("resources.py", *how)
    for run in result["runs"]:
        assert 0.85 <= run["memory_ratio"] <= 1.15, run
