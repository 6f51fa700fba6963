"""On which device torch computes: the stated one, else a GPU, else the CPU."""

import os

import numpy as np
import pytest
import torch

from chapter2 import runtime
from chapter2.data import TextDataset
from chapter2.deployment.measure import measure
from chapter2.deployment.shipped import load_model, save_model
from chapter2.errors import ModelError, UsageError
from chapter2.models import load_encoder
from chapter2.models.recurrent_classifier import RecurrentClassifier
from chapter2.selection.candidates.frozen import FrozenEncoder
from chapter2.selection.candidates.prompted import Asked

RECORDS = TextDataset("d", ("a good one", "a bad one") * 4, (1, 0) * 4, ("no", "yes"))


@pytest.fixture
def here(monkeypatch):
    """Nothing is stated; the devices that are said to be here, by name."""
    monkeypatch.delenv("CHAPTER2_DEVICE", raising=False)
    found = {"cuda": False, "mps": False}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found["cuda"])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: found["mps"])
    return found


def test_a_gpu_is_taken_where_there_is_one(here):
    assert runtime.device().type == "cpu"
    here["mps"] = True
    assert runtime.device().type == "mps"
    here["cuda"] = True
    assert runtime.device().type == "cuda"


def test_the_stated_device_is_taken_within_and_no_longer(here, monkeypatch):
    here["cuda"] = True
    with runtime.on_device("cpu"):
        assert runtime.device().type == "cpu"
    assert runtime.device().type == "cuda"
    monkeypatch.setenv("CHAPTER2_DEVICE", "cpu")
    with runtime.on_device(None):
        assert runtime.device().type == "cpu"
    with runtime.on_device("cuda"):
        assert runtime.device().type == "cuda"
    assert os.environ["CHAPTER2_DEVICE"] == "cpu"


def test_a_device_that_is_not_here_is_refused(here, monkeypatch):
    here["cuda"] = True
    refused = pytest.raises(UsageError, match=r"stated as 'mps'.*use cuda or cpu")
    with refused, runtime.on_device("mps"):
        raise AssertionError
    assert "CHAPTER2_DEVICE" not in os.environ
    monkeypatch.setenv("CHAPTER2_DEVICE", "tpu")
    with pytest.raises(UsageError, match="stated as 'tpu'"):
        runtime.device()


def predictors():
    """One of each kind that has a network of torch, by where that is."""
    frozen = FrozenEncoder(encoder="tiny-random").fit(RECORDS)
    asked = Asked(model="tiny-random").fit(RECORDS)
    made = RecurrentClassifier.new(RECORDS.label_names, ("good", "bad"))
    encoder = load_encoder("tiny-random", RECORDS.label_names)
    return {
        "classifier": (encoder, lambda p: p.model),
        "embedding": (frozen, lambda p: p.embedder.model),
        "recurrent": (made, lambda p: p.model),
        "prompted": (asked, lambda p: p.causal.model),
    }


@pytest.fixture(scope="module")
def shipped():
    return predictors()


@pytest.mark.parametrize("kind", ["classifier", "embedding", "recurrent", "prompted"])
def test_a_shipped_network_is_put_where_it_is_asked_for(
    shipped, kind, tmp_path, monkeypatch
):
    """``meta`` stands for a GPU: a device of torch that is everywhere."""
    predictor, network = shipped[kind]
    folder = save_model(predictor, tmp_path / kind)
    place = {p.device.type for p in network(load_model(folder, "meta")).parameters()}
    assert place == {"meta"}
    monkeypatch.setattr(runtime, "device", lambda: torch.device("meta"))
    place = {p.device.type for p in network(load_model(folder, None)).parameters()}
    assert place == {"meta"}
    again = load_model(folder)
    assert {p.device.type for p in network(again).parameters()} == {"cpu"}
    texts = RECORDS.texts[:2]
    same = np.abs(again.predict_proba(texts) - predictor.predict_proba(texts))
    assert same.max() < 1e-6


def test_the_fresh_process_measures_on_the_stated_device(
    shipped, tmp_path, here, monkeypatch
):
    folder = save_model(shipped["classifier"][0], tmp_path / "model")
    monkeypatch.setenv("CHAPTER2_DEVICE", "tpu")
    with pytest.raises(ModelError, match="stated as 'tpu'"):
        measure(folder, RECORDS.texts)
    found = measure(folder, RECORDS.texts, "cpu")
    assert found.probabilities.shape == (len(RECORDS), 2)


@pytest.mark.parametrize(
    "candidate", [FrozenEncoder(encoder="tiny-random"), Asked(model="tiny-random")]
)
def test_what_is_not_trained_computes_on_the_device_too(candidate, monkeypatch):
    asked = []
    monkeypatch.setattr(
        runtime, "device", lambda: asked.append(1) or torch.device("cpu")
    )
    candidate.fit(RECORDS)
    assert asked
