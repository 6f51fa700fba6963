"""Saving what was trained, loading it onto its base only, merging, and whole runs."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from chapter2.errors import ModelError, TrainingError, UsageError
from chapter2.models import load_encoder
from chapter2.training import TrainingConfig, fine_tune
from chapter2.tuning import METHODS, TunedClassifier, tune

SMALL = {"adapters": {"bottleneck": 8}}
TEXTS = ["good film", "bad film and so on", "a story"]
CONFIG = TrainingConfig(epochs=2, batch_size=8, learning_rate=0.01, precision="fp32")
ALL = [(m, "chapter2") for m in METHODS]
ALL += [(m, "peft") for m in ("lora", "adalora", "prompt")]


@pytest.fixture(scope="module")
def base():
    return load_encoder("tiny-random", ("a", "b"), seed=3)


def made(base, method="lora", backend="chapter2", **options):
    return tune(base, method, backend=backend, **SMALL.get(method, {}), **options)


@torch.no_grad()
def stir(tuned):
    generator = torch.Generator().manual_seed(0)
    for group in tuned.method.groups(tuned.model, 0.0):
        for parameter in group["params"]:
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return tuned


@pytest.mark.parametrize(("method", "backend"), ALL)
def test_what_is_loaded_predicts_bit_for_bit(base, tmp_path, method, backend):
    tuned = stir(made(base, method, backend))
    tuned.save(tmp_path)
    found = TunedClassifier.load(tmp_path, base)
    assert np.array_equal(found.predict_proba(TEXTS), tuned.predict_proba(TEXTS))
    assert found.recipe == tuned.recipe
    assert found.max_length == tuned.max_length
    assert found.trainable == tuned.trainable
    like = made(base, method, backend).load_like(tmp_path)
    assert np.array_equal(like.predict_proba(TEXTS), tuned.predict_proba(TEXTS))


def test_only_what_was_trained_is_stored(base, tmp_path):
    tuned = made(base, rank=2)
    tuned.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "tuned.safetensors",
        "tuning.json",
    }
    stored = load_file(tmp_path / "tuned.safetensors")
    assert sum(tensor.numel() for tensor in stored.values()) == tuned.trainable
    assert (tmp_path / "tuned.safetensors").stat().st_size < 5 * 4 * tuned.trainable


def test_a_base_with_another_head_or_pooler_is_the_same_base(base, tmp_path):
    tuned = stir(made(base))
    tuned.save(tmp_path)
    other = load_encoder("tiny-random", ("a", "b"), seed=3)
    with torch.no_grad():
        other.model.classifier.weight.add_(1.0)
        other.model.bert.pooler.dense.weight.add_(1.0)
    found = TunedClassifier.load(tmp_path, other)
    assert np.array_equal(found.predict_proba(TEXTS), tuned.predict_proba(TEXTS))


def other_weights():
    return load_encoder("tiny-random", ("a", "b"), seed=4)


def one_bit():
    found = load_encoder("tiny-random", ("a", "b"), seed=3)
    with torch.no_grad():
        weight = found.model.bert.encoder.layer[1].output.dense.weight
        weight[0, 0] = torch.nextafter(weight[0, 0], torch.tensor(9.0))
    return found


def other_labels():
    return load_encoder("tiny-random", ("b", "a"), seed=3)


def other_width():
    from transformers import BertConfig, BertForSequenceClassification

    found = load_encoder("tiny-random", ("a", "b"), seed=3)
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=200, num_hidden_layers=2, **sizes)
    found.model = BertForSequenceClassification(config)
    return found


@pytest.mark.parametrize(
    ("another", "sentence"),
    [
        (other_weights, "a base of other weights"),
        (one_bit, "a base of other weights"),
        (other_labels, "the labels a, b, and this base has b, a"),
        (other_width, "width 32, and this one has 16"),
    ],
)
def test_another_base_is_refused(base, tmp_path, another, sentence):
    made(base).save(tmp_path)
    with pytest.raises(ModelError, match=sentence) as caught:
        TunedClassifier.load(tmp_path, another())
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_whole_is_refused(base, tmp_path):
    with pytest.raises(ModelError, match="no tuned classifier"):
        TunedClassifier.load(tmp_path, base)
    made(base).save(tmp_path)
    with pytest.raises(UsageError, match="give the base"):
        TunedClassifier.load(tmp_path)
    with pytest.raises(
        ModelError, match="tuned from another base or with other options"
    ):
        made(base, rank=4).load_like(tmp_path)
    weights = tmp_path / "tuned.safetensors"
    stored = load_file(weights)
    save_file(dict(list(stored.items())[1:]), weights)
    with pytest.raises(ModelError, match="does not hold"):
        TunedClassifier.load(tmp_path, base)
    weights.write_bytes(b"cut")
    with pytest.raises(ModelError, match="cannot be read"):
        TunedClassifier.load(tmp_path, base)
    (tmp_path / "tuning.json").write_text("{")
    with pytest.raises(ModelError, match="no tuned classifier"):
        TunedClassifier.load(tmp_path, base)


def test_a_folder_that_cannot_be_written_is_named(base, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        made(base).save(tmp_path / "file")


@pytest.mark.parametrize(("method", "backend"), ALL)
def test_merging_gives_a_plain_classifier_or_a_sentence(
    base, tmp_path, method, backend
):
    tuned = stir(made(base, method, backend))
    if method in ("adapters", "prefix", "prompt"):
        with pytest.raises(UsageError, match=f"{method} cannot be merged"):
            tuned.merged()
        return
    plain = tuned.merged()
    names = {name for name, _ in plain.model.named_parameters()}
    assert names == {name for name, _ in base.model.named_parameters()}
    one, other = plain.predict_proba(TEXTS), tuned.predict_proba(TEXTS)
    assert np.abs(one - other).max() < 1e-6
    plain.save(tmp_path)
    assert np.array_equal(type(plain).load(tmp_path).predict_proba(TEXTS), one)


@pytest.mark.parametrize(("method", "backend"), ALL)
def test_a_run_ends_in_a_folder_and_is_returned_from_it(
    base, tmp_path, method, backend, data
):
    first, again = (made(base, method, backend) for _ in range(2))
    part = data(40)
    history = fine_tune(first, part, part, CONFIG, out=tmp_path / "run", progress=False)
    ended = fine_tune(
        again, part, part, CONFIG, out=tmp_path / "run", resume=True, progress=False
    )
    assert ended.losses == history.losses
    assert history.losses[-1] < history.losses[0]
    found = TunedClassifier.load(tmp_path / "run", base)
    for tuned in (again, found):
        assert np.array_equal(tuned.predict_proba(TEXTS), first.predict_proba(TEXTS))


def test_a_run_tuned_otherwise_is_not_resumed(base, tmp_path, data):
    """Head and BitFit have the same weights by name and shape, and are not the same."""
    out = tmp_path / "run"
    fine_tune(made(base, "head"), data(40), None, CONFIG, out=out, progress=False)
    with pytest.raises(UsageError, match="other settings or data"):
        fine_tune(
            made(base, "bitfit"),
            data(40),
            None,
            CONFIG,
            out,
            resume=True,
            progress=False,
        )
    assert json.loads((out / "tuning.json").read_text())["recipe"]["method"] == "head"


def test_a_checkpoint_tuned_otherwise_is_not_resumed(base, tmp_path, monkeypatch, data):
    out, tuned = tmp_path / "run", made(base, "head")

    def fail(self, folder):
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(TunedClassifier, "save", fail)
        with pytest.raises(TrainingError, match="no room"):
            fine_tune(tuned, data(40), None, CONFIG, out=out, progress=False)
    with pytest.raises(TrainingError, match="differ in tuning"):
        fine_tune(
            made(base, "bitfit"),
            data(40),
            None,
            CONFIG,
            out,
            resume=True,
            progress=False,
        )
