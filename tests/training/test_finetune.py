"""Fine-tuning texts: from records to a plain Hugging Face folder."""

import copy
import json
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from chapter2.data import TextDataset
from chapter2.errors import DataError, InterruptedTraining, TrainingError, UsageError
from chapter2.models import Classifier, load_encoder
from chapter2.training import (
    History,
    TextBatches,
    TrainingConfig,
    fine_tune,
    finetune,
    make_validation,
    predict_logits,
)

LABELS = ("negative", "positive")
CONFIG = TrainingConfig(
    epochs=2, batch_size=8, learning_rate=0.01, precision="fp32", max_grad_norm=None
)


def texts(n, seed=0, labels=LABELS):
    """Texts of 1 to 12 common words, of which some are good and some are bad."""
    draw = np.random.default_rng(seed)
    words = np.array(["the", "movie", "story", "and", "was", "film", "with", "all"])
    marks = {0: ["bad", "worst", "no"], 1: ["good", "great", "best"]}
    found = []
    for i in range(n):
        body = draw.choice(words, size=draw.integers(1, 12)).tolist()
        found.append(" ".join([*body, str(draw.choice(marks[i % 2]))]))
    return TextDataset("made", tuple(found), tuple(i % 2 for i in range(n)), labels)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("tiny-random", LABELS)


@pytest.fixture
def classifier(encoder):
    return copy.deepcopy(encoder)


def weights(classifier):
    return {k: v.clone() for k, v in classifier.model.state_dict().items()}


def equal(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def tune(classifier, **options):
    options.setdefault("progress", False)
    config = options.pop("config", CONFIG)
    train, validation = texts(45), texts(15, seed=1)
    return fine_tune(classifier, train, validation, config, **options)


def test_learns_good_from_bad(classifier):
    config = TrainingConfig(epochs=12, batch_size=8, learning_rate=0.005)
    history = tune(classifier, config=config)
    assert history.mean_loss(12) < history.mean_loss(1)
    assert max(v["accuracy"] for v in history.validations) > 0.8
    test = texts(40, seed=2)
    assert (classifier.predict(test.texts) == np.array(test.labels)).mean() > 0.8


def test_validation_figures_are_those_of_all_records_together(classifier):
    part = texts(21, seed=3)
    batches = TextBatches(
        classifier.encode(part.texts),
        part.labels,
        classifier.tokenizer.pad_token_id,
        batch_size=4,
    )
    figures = make_validation(batches)(classifier.model)
    inputs = classifier.tokenizer(list(part.texts), return_tensors="pt", padding=True)
    with torch.no_grad():
        logits = classifier.model(**inputs).logits
    labels = torch.tensor(part.labels)
    assert torch.allclose(predict_logits(classifier.model, batches), logits, atol=1e-5)
    expected = F.cross_entropy(logits, labels)
    assert figures["loss"] == pytest.approx(float(expected), abs=1e-6)
    right = (logits.argmax(1) == labels).float().mean()
    assert figures["accuracy"] == pytest.approx(float(right))


def test_tokens_are_counted_without_padding(classifier):
    history = tune(classifier)
    ids = classifier.encode(texts(45).texts)
    assert sum(history.tokens) == 2 * sum(map(len, ids))
    assert sum(history.counts) == 2 * 45


def test_the_folder_is_a_plain_hugging_face_folder(classifier, tmp_path):
    history = tune(classifier, out=tmp_path / "out")
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert "checkpoints" not in names
    assert History.load(tmp_path / "out" / "history.json") == history
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    assert record["settings"]["learning_rate"] == 0.01
    assert set(record["data"]) == {"training texts", "validation texts"}
    assert record["versions"]["torch"] == torch.__version__
    from transformers import pipeline

    read = pipeline("text-classification", str(tmp_path / "out"), device="cpu")
    sentence = "the movie was good"
    told, ours = read(sentence)[0], classifier.predict_proba([sentence])[0]
    assert told["label"] == LABELS[int(ours.argmax())]
    assert told["score"] == pytest.approx(float(ours.max()), abs=1e-5)
    assert equal(weights(Classifier.load(tmp_path / "out")), weights(classifier))


def test_the_callers_model_and_the_saved_one_are_the_best(classifier, tmp_path):
    history = tune(classifier, out=tmp_path)
    best = min(history.validations, key=lambda v: v["loss"])
    assert history.best_step == best["step"]


def interrupt_in(step, monkeypatch):
    real, calls = finetune.classification, []

    def objective(model, batch, **options):
        calls.append(1)
        if len(calls) == step:
            signal.raise_signal(signal.SIGINT)
        return real(model, batch, **options)

    monkeypatch.setattr(finetune, "classification", objective)


def test_stopped_and_resumed_is_as_never_stopped(encoder, tmp_path, monkeypatch):
    whole, stopped, resumed = (copy.deepcopy(encoder) for _ in range(3))
    expected = tune(whole)
    interrupt_in(4, monkeypatch)
    with pytest.raises(InterruptedTraining, match="resume"):
        tune(stopped, out=tmp_path)
    monkeypatch.undo()
    history = tune(resumed, out=tmp_path, resume=True)
    assert history.losses == expected.losses
    assert equal(weights(resumed), weights(whole))


def test_other_texts_are_refused(classifier, tmp_path, monkeypatch):
    interrupt_in(4, monkeypatch)
    with pytest.raises(InterruptedTraining):
        tune(classifier, out=tmp_path)
    monkeypatch.undo()
    with pytest.raises(TrainingError, match="data differ in training texts"):
        fine_tune(
            classifier,
            texts(45, seed=9),
            texts(15, seed=1),
            CONFIG,
            out=tmp_path,
            resume=True,
            progress=False,
        )


def test_a_finished_run_is_not_overwritten_and_resumes_to_itself(encoder, tmp_path):
    first, second = copy.deepcopy(encoder), copy.deepcopy(encoder)
    history = tune(first, out=tmp_path)
    with pytest.raises(UsageError, match="trained before"):
        tune(second, out=tmp_path)
    often = replace(CONFIG, checkpoint_every=3, checkpoint_minutes=5.0)
    for config in (CONFIG, often):  # how often it is stored may change
        assert tune(second, out=tmp_path, resume=True, config=config) == history
        assert equal(weights(first), weights(second))
    other = TrainingConfig(epochs=3)
    with pytest.raises(UsageError, match="other settings or data"):
        tune(second, out=tmp_path, resume=True, config=other)


def test_no_space_for_the_model_keeps_the_checkpoint(encoder, tmp_path, monkeypatch):
    def full(self, folder):
        raise OSError(28, "No space left on device")

    classifier = copy.deepcopy(encoder)
    monkeypatch.setattr(Classifier, "save", full)
    with pytest.raises(TrainingError, match=r"could not be written .*No space left"):
        tune(classifier, out=tmp_path)
    monkeypatch.undo()
    assert not (tmp_path / "training.json").exists()
    resumed = copy.deepcopy(encoder)
    tune(resumed, out=tmp_path, resume=True)
    assert equal(weights(resumed), weights(classifier))
    assert not (tmp_path / "checkpoints").exists()


def test_without_validation_the_last_weights_are_kept(classifier):
    history = fine_tune(classifier, texts(20), None, CONFIG, progress=False)
    assert history.validations == []
    assert history.best_step is None


@pytest.mark.parametrize(
    ("train", "validation", "config", "error", "sentence"),
    [
        (texts(0), texts(4), CONFIG, DataError, "has no records"),
        (texts(4), texts(0), CONFIG, DataError, "has no records"),
        (
            texts(4, labels=("a", "b")),
            texts(4),
            CONFIG,
            DataError,
            "has the labels a, b",
        ),
        (
            texts(4),
            None,
            TrainingConfig(patience=1),
            UsageError,
            "there is no validation part",
        ),
    ],
)
def test_what_could_not_work_is_refused(
    classifier, train, validation, config, error, sentence
):
    before = weights(classifier)
    with pytest.raises(error, match=sentence):
        fine_tune(classifier, train, validation, config, progress=False)
    assert equal(weights(classifier), before)
