"""Loading, predicting, saving: the tiny random encoder stands for all."""

import json
import shutil

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from chapter2.errors import ModelError, UsageError
from chapter2.models import Classifier, load_encoder

LABELS = ("negative", "positive")
TEXTS = ["A good film.", "bad " * 40, "", "so-so", "the best story of all " * 9]


@pytest.fixture(scope="module")
def classifier():
    return load_encoder("tiny-random", LABELS, seed=1)


@pytest.fixture
def saved(classifier, tmp_path):
    return classifier.save(tmp_path / "model")


def weights(model):
    return {key: value.clone() for key, value in model.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(
        torch.equal(one[key], other[key]) for key in one
    )


def edit_config(folder, **changes):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config.update(changes)
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))


def test_the_seed_decides_the_weights_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    first = load_encoder("tiny-random", LABELS, seed=3).model
    again = load_encoder("tiny-random", LABELS, seed=3).model
    other = load_encoder("tiny-random", LABELS, seed=4).model
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))
    assert torch.equal(torch.get_rng_state(), before)


def test_probabilities_come_in_the_order_of_the_texts(classifier):
    together = classifier.predict_proba(TEXTS, batch_size=2)
    alone = np.concatenate([classifier.predict_proba([text]) for text in TEXTS])
    assert together.shape == (len(TEXTS), 2)
    assert np.allclose(together, alone, atol=1e-6)
    assert np.allclose(together.sum(axis=1), 1, atol=1e-12)
    assert (classifier.predict(TEXTS) == together.argmax(axis=1)).all()


def test_probabilities_are_those_of_transformers_alone(saved):
    model = AutoModelForSequenceClassification.from_pretrained(saved).eval()
    tokenizer = AutoTokenizer.from_pretrained(saved)
    batch = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        expected = model(**batch).logits.softmax(-1).numpy()
    assert np.allclose(Classifier.load(saved).predict_proba(TEXTS), expected, atol=1e-6)


def test_no_texts_give_no_rows(classifier):
    assert classifier.predict_proba([]).shape == (0, 2)
    assert classifier.predict([]).shape == (0,)


def test_predicting_leaves_the_mode_as_it_was():
    classifier = load_encoder("tiny-random", LABELS)
    classifier.model.train()
    classifier.predict_proba(["x"])
    assert classifier.model.training


def test_a_saved_folder_loads_bit_for_bit(classifier, saved):
    loaded = Classifier.load(saved)
    assert same(weights(classifier.model), weights(loaded.model))
    assert loaded.label_names == LABELS
    assert loaded.max_length == classifier.max_length
    one, other = classifier.predict_proba(TEXTS), loaded.predict_proba(TEXTS)
    assert (one == other).all()


def test_a_saved_folder_names_its_labels_for_any_reader(saved):
    config = json.loads((saved / "config.json").read_text())
    assert config["id2label"] == {"0": "negative", "1": "positive"}
    assert config["label2id"] == {"negative": 0, "positive": 1}
    assert (saved / "model.safetensors").exists()
    assert not list(saved.glob("*.bin"))


def test_the_length_is_kept_and_the_texts_that_lose_their_end_are_counted(tmp_path):
    short = load_encoder("tiny-random", LABELS, max_length=8)
    assert short.truncated(TEXTS) == 2
    assert max(len(ids) for ids in short.encode(TEXTS)) == 8
    assert Classifier.load(short.save(tmp_path)).max_length == 8


@pytest.mark.parametrize("length", [0, 2, 513])
def test_a_length_the_model_cannot_read_is_refused(length):
    with pytest.raises(UsageError, match="from 3 to 512"):
        load_encoder("tiny-random", LABELS, max_length=length)


@pytest.mark.parametrize("labels", [[], ["one"], ["a", "b", "a"]])
def test_labels_that_make_no_classifier_are_refused(labels):
    with pytest.raises(UsageError, match="label"):
        load_encoder("tiny-random", labels)


def test_a_stored_head_with_these_labels_is_kept(classifier, saved):
    again = load_encoder(str(saved), LABELS, seed=9)
    assert same(weights(classifier.model), weights(again.model))
    assert again.notices == ()


@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c")])
def test_a_stored_head_with_other_labels_is_replaced_and_said(
    classifier, saved, labels
):
    new = load_encoder(str(saved), labels, seed=5)
    again = load_encoder(str(saved), labels, seed=5)
    assert "replaced" in new.notices[0]
    assert new.model.classifier.weight.shape == (len(labels), 32)
    assert same(weights(new.model), weights(again.model))
    assert same(weights(classifier.model.bert), weights(new.model.bert))
    old = classifier.model.classifier.weight
    assert not torch.equal(new.model.classifier.weight[:2], old)
    assert new.model.classifier.bias.abs().max() == 0


def damaged(folder, kind):
    """Break a saved folder in one way; return what the sentence must contain."""
    path = folder / "model.safetensors"
    match kind:
        case "missing folder":
            shutil.rmtree(folder)
            return "not a folder"
        case "missing config":
            (folder / "config.json").unlink()
            return "no config.json"
        case "broken config":
            (folder / "config.json").write_text("{")
            return "not valid JSON"
        case "config of something else":
            (folder / "config.json").write_text('{"sizes": [1, 2]}')
            return "names no model_type"
        case "unknown architecture":
            edit_config(folder, model_type="other")
            return "cannot be loaded"
        case "missing tokenizer":
            (folder / "tokenizer.json").unlink()
            return "no tokenizer"
        case "broken tokenizer":
            (folder / "tokenizer.json").write_text("{")
            return "tokenizer in .* cannot be read"
        case "missing weights":
            path.unlink()
            return "no model.safetensors"
        case "pickled weights":
            path.rename(folder / "pytorch_model.bin")
            return "no model.safetensors"
        case "truncated weights":
            path.write_bytes(path.read_bytes()[:-100])
            return "cut off or damaged"
        case "empty weights":
            path.write_bytes(b"")
            return "cut off or damaged"
        case "other weights":
            edit_config(folder, num_hidden_layers=3)
            return "lacks 16 of the encoder's weights"
        case "other width":
            edit_config(folder, hidden_size=48)
            return "of the encoder's weights"
        case "label count":
            edit_config(folder, id2label={"0": "a", "1": "b", "2": "c"})
            return "does not have the 3 classes"
        case "no head":
            model = Classifier.load(folder).model
            model.bert.save_pretrained(folder)
            return "without a classification head"
        case "tokenizer of another model":
            tokenizer = AutoTokenizer.from_pretrained(folder)
            tokenizer.add_tokens([f"word{i}" for i in range(9)])
            tokenizer.save_pretrained(folder)
            return "belong to different models"


KINDS = [
    "missing folder",
    "missing config",
    "broken config",
    "config of something else",
    "unknown architecture",
    "missing tokenizer",
    "broken tokenizer",
    "missing weights",
    "pickled weights",
    "truncated weights",
    "empty weights",
    "other weights",
    "other width",
    "label count",
    "no head",
    "tokenizer of another model",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_folder_is_refused_in_one_sentence(saved, kind):
    expected = damaged(saved, kind)
    with pytest.raises(ModelError, match=expected) as caught:
        Classifier.load(saved)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert ";" in message or ":" in message  # what is wrong; how to mend it
    assert str(saved) in message


def test_an_encoder_without_a_head_gets_one(classifier, tmp_path):
    classifier.model.bert.save_pretrained(tmp_path)
    classifier.tokenizer.save_pretrained(tmp_path)
    one, two = (load_encoder(str(tmp_path), ("a", "b", "c"), seed=s) for s in (0, 1))
    assert one.notices == ()
    assert one.model.classifier.weight.shape == (3, 32)
    assert same(weights(one.model.bert), weights(classifier.model.bert))
    assert not torch.equal(one.model.classifier.weight, two.model.classifier.weight)


def test_loading_prints_nothing(saved, capfd):
    load_encoder(str(saved), ("a", "b", "c"))
    Classifier.load(saved).predict_proba(TEXTS)
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""


def test_a_folder_that_cannot_be_written_is_said(classifier, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        classifier.save(tmp_path / "file" / "model")


def test_a_full_disk_under_the_weights_is_said(classifier, tmp_path, monkeypatch):
    from safetensors import SafetensorError

    def full(folder):  # not an OSError
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(classifier.model, "save_pretrained", full)
    with pytest.raises(ModelError, match=r"cannot be written \(I/O error: No space"):
        classifier.save(tmp_path)


def test_the_embedded_encoder_reads_512_tokens_and_starts_from_its_seed():
    one = load_encoder("minilm", LABELS, seed=0)
    two = load_encoder("minilm", LABELS, seed=0)
    assert one.max_length == 512
    assert one.model.config.num_hidden_layers == 6
    assert same(weights(one.model), weights(two.model))
    assert 0.015 < one.model.classifier.weight.std() < 0.025
    assert one.notices == ()
