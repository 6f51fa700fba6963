"""The shipped model in a process of its own: its costs, its answers, its end."""

import json
import time
from types import SimpleNamespace

import numpy as np
import pytest

from chapter2.deployment.fresh import (
    FEWEST,
    LEAST,
    affordable,
    refuse_network,
    times,
)
from chapter2.deployment.measure import measure
from chapter2.deployment.shipped import load_model, save_model
from chapter2.errors import ModelError, UsageError

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def footprint(exported, texts):
    return measure(exported, texts, threads=1)


def test_the_fresh_process_gives_the_same_probabilities(footprint, exported, texts):
    wanted = load_model(exported).predict_proba(texts)
    assert np.abs(footprint.probabilities - wanted).max() < 1e-6


def test_times_memory_and_size_are_those_of_the_folder(footprint, exported):
    assert 0 < footprint.latency_ms_p50 <= footprint.latency_ms_p95
    assert footprint.batch_ms_per_text > 0
    assert footprint.load_seconds > 0
    assert 1 < footprint.memory_mb < footprint.peak_mb < 1000
    assert footprint.calls >= 10
    size = sum(path.stat().st_size for path in exported.iterdir())
    assert footprint.size_mb == pytest.approx(size / 1e6)
    figures = json.loads(json.dumps(footprint.to_dict()))
    assert "probabilities" not in figures
    assert figures["calls"] == footprint.calls


def test_another_models_answers_are_a_mismatch(footprint, exported, texts):
    given = footprint.probabilities.copy()
    given[7] = given[7][::-1] + 0.01
    with pytest.raises(
        ModelError, match=r"not the one that was measured.*text 8 of 40"
    ):
        measure(exported, texts, expected=given, threads=1)
    with pytest.raises(ModelError, match="shape"):
        measure(exported, texts[:3], expected=given, threads=1)


def test_a_process_that_takes_too_long_is_killed(exported, texts):
    began = time.monotonic()
    with pytest.raises(ModelError, match="within 0 s"):
        measure(exported, texts, timeout=0.01)
    assert time.monotonic() - began < 10


def test_a_damaged_folder_says_what_is_wrong_with_it(exported, texts, tmp_path):
    folder = save_model(load_model(exported), tmp_path / "model")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json is missing"):
        measure(folder, texts, threads=1)


def test_no_texts_or_no_time_is_refused(exported, texts):
    with pytest.raises(UsageError, match="0 texts"):
        measure(exported, ())
    with pytest.raises(UsageError, match="needs a text and a second"):
        measure(exported, texts, timeout=0)


def test_a_model_that_asks_the_network_is_stopped():
    with pytest.raises(OSError, match="must not ask a network"):
        refuse_network("socket.getaddrinfo", ("huggingface.co", 443))
    assert refuse_network("open", ("model.onnx", "r", 0)) is None


def test_where_time_is_short_the_last_texts_are_left_out(footprint, exported, texts):
    """A slow model lost the whole run, as it was asked for all texts."""
    first = footprint.probabilities[:5]
    found = measure(exported, texts, expected=first, threads=1, least=6, timeout=100)
    assert len(found.probabilities) == len(texts)  # there is time
    wrong = first[:, ::-1] + 0.01
    with pytest.raises(ModelError, match=r"not the one that was measured.* of 5 "):
        measure(exported, texts, expected=wrong, threads=1, least=6, timeout=100)


@pytest.mark.parametrize(
    ("seconds", "least", "count"),
    [(100.0, 8, 40), (6.0, 8, 12), (1.0, 8, 8), (-5.0, 8, 8), (1.0, None, 40)],
)
def test_as_many_texts_are_asked_as_there_is_time_for(seconds, least, count):
    assert affordable(40, [0.4, 0.6], least, seconds) == count


def test_single_texts_end_with_their_time_but_for_the_fewest():
    slow = SimpleNamespace(predict_proba=lambda texts: time.sleep(0.05))
    assert len(times(slow, ["a"] * 9, most=0.0)) == FEWEST
    assert len(times(slow, ["a"] * 9, most=0.5)) <= LEAST
