"""Byte pairs: what comes back, and that only the texts decide."""

from __future__ import annotations

import pytest

from chapter2.data.bpe import SPECIAL, train_bpe
from chapter2.errors import DataError, UsageError

TEXTS = ["Open the notebook", "Open the file: %1", "打开笔记本", "打开文件：%1"] * 3


def test_texts_come_back() -> None:
    tokenizer = train_bpe(TEXTS, vocab_size=60)
    for text in (*TEXTS, "the Open notebook%1", "文件笔记本"):
        ids = tokenizer(text)["input_ids"]
        assert not set(ids) & set(range(len(SPECIAL)))
        assert tokenizer.decode(ids) == text
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL)) == [0, 1, 2, 3]
    assert tokenizer("q")["input_ids"][-1] == tokenizer.unk_token_id


def test_pairs_are_joined_in_both_languages() -> None:
    tokenizer = train_bpe(TEXTS, vocab_size=200)
    assert tokenizer.tokenize("Open the file") == ["▁Open", "▁the", "▁file"]
    assert "打开" in tokenizer.tokenize("打开文件")[0]
    assert len(train_bpe(TEXTS, 50)) <= 50


def test_the_order_of_the_texts_is_nothing() -> None:
    one, two = (train_bpe(texts, 80).get_vocab() for texts in (TEXTS, TEXTS[::-1]))
    assert one == two


def test_it_is_read_back(tmp_path) -> None:
    from transformers import AutoTokenizer

    tokenizer = train_bpe(TEXTS, 80)
    tokenizer.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again(TEXTS)["input_ids"] == tokenizer(TEXTS)["input_ids"]


def test_what_cannot_be_learned_from_is_refused() -> None:
    with pytest.raises(DataError, match="nothing but blanks"):
        train_bpe(["", "  "])
    with pytest.raises(UsageError, match="vocab_size is 4"):
        train_bpe(TEXTS, 4)
