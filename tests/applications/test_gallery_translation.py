"""Translation: a translator that learns a rule, and a memory that remembers."""

from __future__ import annotations

import numpy as np
import pytest

from chapter2.applications.gallery.translation import (
    TranslationMemory,
    Translator,
    TranslatorOptions,
)
from chapter2.data import TextPairs
from chapter2.errors import DataError, UsageError

WORDS = {"open": "打开", "close": "关闭", "save": "保存", "move": "移动"}
THINGS = {"file": "文件", "cell": "单元格", "tab": "标签", "kernel": "内核"}


def pairs(rows: list[tuple[str, str]]) -> TextPairs:
    """English puts 'now' last, Chinese says it first."""
    sources = tuple(f"{verb} {thing} now" for verb, thing in rows)
    targets = tuple(f"现在{WORDS[verb]}{THINGS[thing]}" for verb, thing in rows)
    return TextPairs("rule", sources, targets)


ALL = [(verb, thing) for verb in WORDS for thing in THINGS]
NEW = [("open", "cell"), ("save", "kernel")]  # both words known, not together


@pytest.fixture(scope="module")
def translator() -> Translator:
    known = pairs([row for row in ALL if row not in NEW])
    options = TranslatorOptions(
        vocab_size=100, epochs=70, batch_size=16, dropout=0.0, longest=16
    )
    return Translator.fit(known, known, options)


def test_it_learns_the_rule_and_puts_known_words_together(translator) -> None:
    known = pairs([row for row in ALL if row not in NEW])
    assert translator.translate(known.sources) == list(known.targets)
    assert translator.history.precision == "fp32"
    new = pairs(NEW)
    found = translator.translate(new.sources, beams=1)
    right = [text == target for text, target in zip(found, new.targets, strict=True)]
    assert any(right), found


def test_each_text_is_translated_whatever_its_batch(translator) -> None:
    texts = ["open file now", "close", "move tab now", ""]
    alone = [translator.translate([text])[0] for text in texts]
    assert translator.translate(texts) == alone
    assert translator.translate(texts, batch_size=1) == alone
    assert translator.translate([]) == []


def test_a_memory_returns_what_is_stored() -> None:
    known = pairs([row for row in ALL if row not in NEW])
    memory = TranslationMemory.fit(known)
    assert memory.translate(known.sources) == list(known.targets)
    (match,) = memory.find(["open cells now"])
    assert match.source == "open tab now"  # "open cell now" is not stored
    assert known.targets[known.sources.index(match.source)] == match.target
    assert 0 < match.similarity < 1
    assert memory.find(["zzz"])[0].similarity == 0
    assert memory.translate([]) == []


def test_similarity_is_the_cosine_of_tfidf() -> None:
    known = pairs(ALL)
    memory = TranslationMemory.fit(known)
    own = memory.vectorizer.transform(["save all files"]).toarray()[0]
    cosines = memory.vectors.toarray() @ own
    match = memory.find(["save all files"])[0]
    assert match.similarity == pytest.approx(float(np.max(cosines)))
    assert match.source == known.sources[int(np.argmax(cosines))]


def test_nothing_to_learn_from_is_refused() -> None:
    empty = TextPairs("none", (), ())
    with pytest.raises(DataError, match="none: a part has no pair"):
        Translator.fit(empty, empty)
    with pytest.raises(DataError, match="none: there is no pair to remember"):
        TranslationMemory.fit(empty)


def test_too_few_tokens_for_a_text_are_refused() -> None:
    with pytest.raises(UsageError, match="longest is 2; give 3 tokens or more"):
        TranslatorOptions(longest=2)
