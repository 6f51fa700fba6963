"""``chapter2 choose --device``: trials, the last fit and the measurement are there."""

import os

import pytest

pytestmark = pytest.mark.timeout(900)  # processes start slowly on a busy machine


@pytest.fixture
def no_apple(monkeypatch):
    """No device of Apple is here, and yet the environment asks for it."""
    import torch

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    if torch.backends.mps.is_built():
        pytest.skip("child processes would find one")
    monkeypatch.setenv("CHAPTER2_DEVICE", "mps")


def test_the_stated_device_reaches_every_process(
    cli, tiny, reviews, tmp_path, no_apple
):
    """One process that did not hear of it would ask for what is not here, and fail."""
    named = ("--candidates", f"hub:{tiny}", "--budget", "5m", "--jobs", "1", "--json")
    limit = ("--max", "latency_ms_p95=60000", "--device", "cpu")
    done = cli("choose", reviews, "--out", tmp_path / "o", *named, *limit)
    assert done.code == 0, done.err
    told = done.json()
    assert told["limits"]["device"] == "cpu"
    assert told["recommended"] == told["shipped"]["name"] == "hub:tiny"
    assert told["shipped"]["fitted_on_all"]
    assert told["meets_limits"]  # its latency was measured
    assert not [t for t in told["trials"] if t["error"]]
    assert os.environ["CHAPTER2_DEVICE"] == "mps"  # as it was


def test_a_device_that_is_not_here_is_refused_at_once(cli, reviews, tmp_path, no_apple):
    out = tmp_path / "o"
    done = cli("choose", reviews, "--out", out, "--device", "mps")
    assert (done.code, done.out) == (2, "")
    assert "Error: The device is stated as 'mps', and torch" in done.err
    assert not out.exists()
    done = cli("choose", reviews, "--out", out, "--device", "gpu")
    assert (done.code, done.out) == (2, "")
    assert "The device is 'gpu'; use one of cpu, cuda, mps." in done.err


def test_the_device_stands_in_a_file_or_in_the_option(cli, reviews, tmp_path):
    limits = tmp_path / "limits.yaml"
    limits.write_text("device: cpu\n")
    named = ("--requirements", limits, "--device", "cpu")
    done = cli("choose", reviews, "--out", tmp_path / "o", *named)
    assert done.code == 2
    assert "leave out --device, or write it into that file" in done.err
