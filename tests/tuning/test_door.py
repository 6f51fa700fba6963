"""The door: a copy is tuned, the base stays, and what makes no sense is refused."""

import copy

import numpy as np
import pytest
import torch

from chapter2.errors import ModelError, UsageError
from chapter2.models import Classifier, load_encoder
from chapter2.tuning import METHODS, TunedClassifier, tune

SMALL = {"adapters": {"bottleneck": 8}}
TEXTS = ["good film", "bad film and so on", "a story"]


@pytest.fixture(scope="module")
def base():
    return load_encoder("tiny-random", ("a", "b"), seed=3)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_gives_a_classifier_and_leaves_the_base(base, method):
    before = copy.deepcopy(base.model.state_dict())
    tuned = tune(base, method, **SMALL.get(method, {}))
    assert isinstance(tuned, Classifier)
    assert tuned.method.name == method
    assert tuned.label_names == base.label_names
    assert np.allclose(tuned.predict_proba(TEXTS).sum(axis=1), 1)
    assert 0 < tuned.trainable <= tuned.total
    with torch.no_grad():
        for parameter in tuned.model.parameters():
            parameter.add_(1.0)
    after = base.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.requires_grad for p in base.model.parameters())


def test_inserted_and_frozen_weights_are_not_in_the_count(base):
    tuned = tune(base, "lora", rank=2)
    counted = sum(p.numel() for p in tuned.model.parameters() if p.requires_grad)
    assert tuned.trainable == counted


def test_a_prompt_takes_its_positions_from_the_text(base):
    assert tune(base, "prompt", length=20).max_length == base.max_length - 20
    assert tune(base, "prefix", length=20).max_length == base.max_length
    short = load_encoder("tiny-random", ("a", "b"), max_length=30)
    assert tune(short, "prompt", length=20).max_length == 30
    long = " ".join(["film"] * 600)
    assert tune(base, "prompt", length=20).predict_proba([long]).shape == (1, 2)


def test_lists_are_taken_for_tuples(base):
    tuned = tune(base, "lora", targets=["query"])
    assert tuned.recipe.options["targets"] == ("query",)


REFUSED = [
    ("lora", {"rank": 33}, "rank is 33 and encoder.layer.0.*32 x 32"),
    ("lora", {"rank": 0}, "rank is 0; it must be at least 1"),
    ("lora", {"dropout": 1.0}, "dropout is 1.0"),
    (
        "lora",
        {"targets": ("qeury",)},
        "'qeury'; this model has dense, key, query, value",
    ),
    ("lora", {"targets": ()}, "no target"),
    ("lora", {"ranks": 4}, "lora has no option 'ranks'; it has rank, alpha, dropout"),
    ("head", {"rank": 4}, "head has no option 'rank'; it has none"),
    ("adalora", {"rank": 13}, "initial_rank is 12; it must be at least the rank, 13"),
    ("adalora", {"initial_rank": 40}, "rank is 40"),
    ("adalora", {"rank": -1}, "rank is -1"),
    ("adalora", {"warmup": 0.6, "final": 0.6}, "shares"),
    ("gradual", {"decay": 0.0}, "decay is 0.0"),
    ("lorra", {}, "no method 'lorra'; use full, head, bitfit, gradual"),
    ("lora", {"backend": "tensorflow"}, "no backend 'tensorflow'; use chapter2, peft"),
    (
        "bitfit",
        {"backend": "peft"},
        "peft has no method 'bitfit'.* adalora, lora, prompt",
    ),
    ("lora", {"backend": "peft", "rank": 99}, "rank is 99"),
    ("lora", {"backend": "peft", "targets": ["q"]}, "no target 'q'"),
    ("prompt", {"backend": "peft", "length": 0}, "length"),
]


@pytest.mark.parametrize(("method", "options", "sentence"), REFUSED)
def test_what_cannot_be_is_refused_in_a_sentence(base, method, options, sentence):
    with pytest.raises(UsageError, match=sentence) as caught:
        tune(base, method, **options)
    assert "\n" not in str(caught.value)


def test_a_tuned_classifier_is_not_tuned_again(base):
    with pytest.raises(UsageError, match="tuned by lora already"):
        tune(tune(base, "lora"), "head")
    merged = tune(base, "lora").merged()
    assert isinstance(tune(merged, "head"), TunedClassifier)


def test_another_architecture_is_refused():
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    base = load_encoder("tiny-random", ("a", "b"))
    config = DistilBertConfig(
        vocab_size=200, dim=16, n_layers=1, n_heads=2, hidden_dim=16
    )
    base.model = DistilBertForSequenceClassification(config)
    with pytest.raises(ModelError, match="DistilBert"):
        tune(base, "lora")
