"""What all methods begin with: the encoder frozen, another model refused."""

import pytest
import torch

from chapter2.errors import ModelError
from chapter2.models import load_encoder
from chapter2.tuning import adapters, prefix, prompt
from chapter2.tuning.bert import freeze_encoder


def test_only_pooler_and_classifier_are_left_to_train():
    model = freeze_encoder(load_encoder("tiny-random", ("a", "b")).model, "head")
    trained = {n for n, p in model.named_parameters() if p.requires_grad}
    assert trained == {
        "bert.pooler.dense.weight",
        "bert.pooler.dense.bias",
        "classifier.weight",
        "classifier.bias",
    }


@pytest.mark.parametrize(
    ("apply", "options", "words"),
    [
        (adapters.apply, adapters.AdapterOptions(), "adapters"),
        (prefix.apply, prefix.PrefixOptions(), "prefix tuning"),
        (prompt.apply, prompt.PromptOptions(), "prompt tuning"),
    ],
)
def test_a_model_that_is_no_bert_is_refused(apply, options, words):
    with pytest.raises(ModelError, match=f"{words} is built for Bert.*is Linear;"):
        apply(torch.nn.Linear(2, 2), options, 0)
