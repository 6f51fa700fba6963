"""A translator from a folder: a tiny random model, laid out as the Hub's are."""

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from chapter2.errors import ModelError
from chapter2.models import load_encoder
from chapter2.models.translation import hub_translator

WORDS = ["<pad>", "</s>", "<unk>", "a", "good", "film", "un", "bon", "the"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("translator")
    vocab = {word: i for i, word in enumerate(WORDS)}
    raw = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(WORDS),
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        decoder_start_token_id=0,
    )
    T5ForConditionalGeneration(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def test_each_text_is_translated_whatever_the_batch(folder):
    texts = ["a good film", "the film", "good", "un bon film a a a"]
    alone = hub_translator(str(folder), batch_size=1, max_tokens=8)(texts)
    together = hub_translator(str(folder), batch_size=3, max_tokens=8)(texts)
    assert len(alone) == 4
    assert together == alone
    assert not any("<" in text.replace("<unk>", "") for text in alone)
    assert hub_translator(str(folder))([]) == []


def test_an_encoder_is_no_translator(tmp_path):
    folder = load_encoder("tiny-random", ("no", "yes"), 2).save(tmp_path / "encoder")
    with pytest.raises(ModelError, match="cannot be loaded as a sequence-to-sequence"):
        hub_translator(str(folder))
