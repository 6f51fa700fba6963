"""Parameters counted, by formula, and by transformers: three times the same number."""

import dataclasses

import pytest
import transformers

from chapter2.models import (
    GPT,
    BertConfig,
    BertForPretraining,
    GPTConfig,
    bert_parameters,
    count_parameters,
    gpt_parameters,
    load_bert,
)

BERTS = [
    BertConfig(),
    BertConfig.preset("mini", vocab_size=8192, positions=128),
    BertConfig(vocab_size=99, width=30, layers=3, heads=5, inner=70, segments=3),
]
GPTS = [
    GPTConfig(vocab_size=8192),
    GPTConfig(vocab_size=99, width=30, layers=3, heads=5, inner=70, positions=40),
]


@pytest.mark.parametrize("config", BERTS)
def test_bert_has_as_many_as_the_formula_and_transformers_say(config, tmp_path):
    model = BertForPretraining(config)
    assert count_parameters(model) == bert_parameters(config)
    assert count_parameters(model.bert) == bert_parameters(config, heads=False)
    stated = transformers.BertConfig.from_pretrained(model.save(tmp_path))
    reference = transformers.BertForPreTraining(stated)
    assert reference.num_parameters() == bert_parameters(config)


@pytest.mark.parametrize("config", GPTS)
def test_gpt_has_as_many_as_the_formula_and_transformers_say(config, tmp_path):
    model = GPT(config)
    assert count_parameters(model) == gpt_parameters(config)
    stated = transformers.GPT2Config.from_pretrained(model.save(tmp_path))
    assert transformers.GPT2LMHeadModel(stated).num_parameters() == (
        gpt_parameters(config)
    )


def test_published_sizes():
    """BERT base without heads and GPT-2, as their authors' weights have it."""
    assert bert_parameters(BertConfig.preset("base"), heads=False) == 109_482_240
    assert gpt_parameters(GPTConfig.preset("base")) == 124_439_808
    assert bert_parameters(BertConfig.preset("tiny"), heads=False) == 4_385_920


def test_heads_share_the_width():
    one, two = (dataclasses.replace(BERTS[0], heads=h) for h in (1, 4))
    assert bert_parameters(one) == bert_parameters(two)


def test_frozen_parameters_are_told_apart():
    model = load_bert("bert-tiny")
    assert count_parameters(model) == count_parameters(model, trainable=True)
    model.bert.requires_grad_(False)
    left = count_parameters(model, trainable=True)
    assert left == count_parameters(model) - count_parameters(model.bert)
