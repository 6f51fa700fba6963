"""A WordPiece tokenizer: the same on each run, equal to BERT's pipeline, saved."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chapter2.data import train_wordpiece
from chapter2.errors import DataError, UsageError

TEXTS = [
    "The lowest tower is lower than the widest tower, and newer.",
    "Newest, lowest, widest: the widening of the lower tower.",
    "A low tower; a wide tower; a new tower.",
] * 5
PROGRAM = f"""
import json
from chapter2.data import train_wordpiece
print(json.dumps(train_wordpiece({TEXTS!r}, vocab_size=90).get_vocab()))
"""


@pytest.fixture(scope="module")
def tokenizer():
    return train_wordpiece(TEXTS, vocab_size=90)


def test_the_special_tokens_come_first(tokenizer) -> None:
    special = tokenizer.convert_ids_to_tokens(range(5))
    assert special == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert tokenizer.mask_token_id == 4
    ids = tokenizer("A tower", "new").input_ids
    assert (ids[0], ids[-1], ids.count(3)) == (2, 3, 2)


def test_the_vocabulary_is_the_same_in_each_process(tokenizer) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == tokenizer.get_vocab()
    assert train_wordpiece(TEXTS, vocab_size=90).get_vocab() == tokenizer.get_vocab()


def test_characters_come_next_in_order_then_joined_pieces(tokenizer) -> None:
    pieces = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)[5:]
    single = [p for p in pieces if len(p.removeprefix("##")) == 1]
    assert pieces[: len(single)] == single
    opening = [p for p in single if len(p) == 1]
    assert single == sorted(opening) + sorted(p for p in single if len(p) == 3)
    assert {"tower", "low"} <= set(pieces)


def test_a_text_comes_back_lower_cased(tokenizer) -> None:
    ids = tokenizer("A NEWER tower.").input_ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == "a newer tower."
    assert tokenizer.tokenize("Á tower") == ["a", "tower"]
    assert tokenizer.tokenize("z") == ["[UNK]"]
    assert tokenizer.tokenize("[MASK] tower") == ["[MASK]", "tower"]


def test_case_is_kept_where_asked_for() -> None:
    cased = train_wordpiece(TEXTS, vocab_size=90, lowercase=False)
    assert "T" in cased.get_vocab()
    assert cased.tokenize("The")[0][0] == "T"


def test_it_is_saved_and_loaded(tokenizer, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, BertTokenizer

    tokenizer.save_pretrained(tmp_path)
    text = "The widest, newest tower [MASK] Zürich"
    for kind in (AutoTokenizer, BertTokenizer):
        loaded = kind.from_pretrained(tmp_path)
        assert loaded.get_vocab() == tokenizer.get_vocab()
        assert loaded(text).input_ids == tokenizer(text).input_ids


def test_the_rarest_characters_get_no_piece() -> None:
    texts = ["aaaa bbbb " * 500, "ж я"]
    full = train_wordpiece(texts, vocab_size=40, coverage=1)
    assert {"ж", "я"} <= set(full.get_vocab())
    most = train_wordpiece(texts, vocab_size=40, coverage=0.99)
    assert not {"ж", "я"} & set(most.get_vocab())
    assert most.tokenize("aaaa ж") == ["aaaa", "[UNK]"]


def test_coverage_is_the_share_of_the_characters_that_are_kept() -> None:
    texts = ["a" * 98 + " b c"]
    for coverage, kept in ((0.98, {"a"}), (0.99, {"a", "b"}), (1, {"a", "b", "c"})):
        tokenizer = train_wordpiece(texts, vocab_size=40, coverage=coverage)
        assert {"a", "b", "c"} & set(tokenizer.get_vocab()) == kept


def test_lone_surrogates_do_no_harm() -> None:
    assert train_wordpiece(["a \ud83d b"], vocab_size=20).tokenize("a") == ["a"]


@pytest.mark.parametrize("texts", [[], ["", " \n"]])
def test_texts_without_a_character_are_refused(texts: list[str]) -> None:
    with pytest.raises(DataError, match="nothing but blanks"):
        train_wordpiece(texts)


def test_a_vocabulary_without_room_is_refused() -> None:
    with pytest.raises(UsageError, match=r"vocab_size is 10, but .* need 36"):
        train_wordpiece(TEXTS, vocab_size=10)


@pytest.mark.parametrize("options", [{"coverage": 0}, {"min_frequency": 0}])
def test_arguments_without_meaning_are_refused(options: dict) -> None:
    with pytest.raises(UsageError, match="coverage is"):
        train_wordpiece(TEXTS, **options)
