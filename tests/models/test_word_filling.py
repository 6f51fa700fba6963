"""Words for many blanks: the same as one blank at a time, padding or not."""

import pytest

from chapter2.errors import ModelError
from chapter2.models import fill_mask
from chapter2.models.tiny_causal import byte_tokenizer
from chapter2.models.word_filling import word_filler

TEXTS = ["the [MASK] is good", "a very very long story about [MASK]", "[MASK]"]


@pytest.fixture
def model(masked):
    yield masked.train()
    masked.eval()


def test_it_agrees_with_one_blank_at_a_time(model, tokenizer):
    found = word_filler(model, tokenizer, k=40, batch_size=2)(TEXTS)
    assert model.training
    for text, words in zip(TEXTS, found, strict=True):
        (row,) = fill_mask(model, tokenizer, text, k=40)
        expected = {token: p for token, p in row if token.isalpha()}
        assert words == pytest.approx(expected, rel=1e-4)
        assert words


def test_a_blank_beyond_the_end_gets_no_words(model, tokenizer):
    fill = word_filler(model, tokenizer, max_length=6)
    assert fill(["a a a a a a a a [MASK]", "a [MASK]"])[0] == {}


def test_a_tokenizer_without_a_mask_is_refused(model):
    with pytest.raises(ModelError, match="no mask token"):
        word_filler(model, byte_tokenizer())


def test_a_model_that_fails_stays_in_training(model, tokenizer, monkeypatch):
    def fails(**inputs):
        assert not model.training
        raise RuntimeError("no memory")

    monkeypatch.setattr(model, "forward", fails)
    with pytest.raises(RuntimeError, match="no memory"):
        word_filler(model, tokenizer)(TEXTS)
    with pytest.raises(RuntimeError, match="no memory"):
        fill_mask(model, tokenizer, TEXTS[0])
    assert model.training
