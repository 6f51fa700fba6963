"""Blanks: tokens and probabilities equal transformers'; faults in one sentence."""

import pytest
import torch
from transformers import (
    BertForPreTraining,
    BertForSequenceClassification,
    pipeline,
)

from chapter2.errors import ModelError, UsageError
from chapter2.models import RecurrentConfig, RecurrentLM, fill_mask, load_bert
from chapter2.models.tiny_causal import byte_tokenizer

TEXT = "the [MASK] is good, and the [MASK] is not"


def test_equals_the_pipeline(masked, tokenizer):
    filler = pipeline("fill-mask", model=masked, tokenizer=tokenizer, device="cpu")
    ours, theirs = fill_mask(masked, tokenizer, TEXT, k=4), filler(TEXT, top_k=4)
    assert len(ours) == 2
    for row, their_row in zip(ours, theirs, strict=True):
        expected = [(found["token_str"], found["score"]) for found in their_row]
        assert [token.removeprefix("##") for token, _ in row] == [
            token.removeprefix("##") for token, _ in expected
        ]
        assert [p for _, p in row] == pytest.approx([p for _, p in expected], rel=1e-4)


def test_our_bert_fills_as_theirs(tokenizer, masked_config, tmp_path):
    torch.manual_seed(0)
    theirs = BertForPreTraining(masked_config).eval()
    theirs.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    ours = load_bert(tmp_path)
    for row, other in zip(
        fill_mask(ours, tokenizer, TEXT),
        fill_mask(theirs, tokenizer, TEXT),
        strict=True,
    ):
        assert [f.token for f in row] == [f.token for f in other]
        expected = [f.probability for f in other]
        assert [f.probability for f in row] == pytest.approx(expected, rel=1e-4)


def test_best_first_and_k_is_at_most_the_vocabulary(masked, tokenizer):
    (row,) = fill_mask(masked, tokenizer, "a [MASK] film", k=10_000)
    p = [filling.probability for filling in row]
    assert len(row) == len(tokenizer)
    assert p == sorted(p, reverse=True)
    assert sum(p) == pytest.approx(1, abs=1e-5)


def test_a_model_in_training_fills_without_dropout_and_stays_in_training(
    masked, tokenizer
):
    expected = fill_mask(masked, tokenizer, TEXT)
    masked.train()
    found = fill_mask(masked, tokenizer, TEXT)
    assert masked.training
    masked.eval()
    assert found == expected


def test_faults_are_said(masked, masked_config, tokenizer):
    with pytest.raises(UsageError, match=r"The text has no \[MASK\]"):
        fill_mask(masked, tokenizer, "nothing is missing")
    with pytest.raises(UsageError, match="k is 0"):
        fill_mask(masked, tokenizer, TEXT, k=0)
    with pytest.raises(UsageError, match="and the model reads 64"):
        fill_mask(masked, tokenizer, "a " * 80 + "[MASK]")
    with pytest.raises(ModelError, match="no mask token"):
        fill_mask(masked, byte_tokenizer(), TEXT)
    recurrent = RecurrentLM(RecurrentConfig(vocab_size=len(tokenizer), width=8))
    for headless in (BertForSequenceClassification(masked_config), recurrent):
        with pytest.raises(ModelError, match="no head that fills blanks"):
            fill_mask(headless, tokenizer, TEXT)
