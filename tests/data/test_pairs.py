"""Pairs of texts: the messages and the articles as they are, parted without a leak."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2 import data
from chapter2.data.normalise import normalise
from chapter2.data.pairs import (
    TextPairs,
    concatenate_pairs,
    exclude_pairs,
    once,
    split_pairs,
)
from chapter2.data.parsers import gettext_messages, xsum
from chapter2.errors import DataError, UsageError

TEXTS = st.sampled_from(["Open", "open!", "Close", "Save all", "Run", "run.", "Stop"])


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("interface-messages", {"pairs": 2_843, "sources": 2_800, "targets": 2_760}),
        ("news-summaries", {"pairs": 999, "sources": 999, "targets": 999}),
    ],
)
def test_a_set_is_as_stated(name: str, counts: dict[str, int]) -> None:
    pairs = data.load(name)
    assert isinstance(pairs, TextPairs)
    assert pairs.counts() == counts == dict(data.card(name).balance)
    assert len(pairs) == data.card(name).records
    assert all(text == text.strip() != "" for text in pairs.sources + pairs.targets)
    assert len(data.load(name, limit=9)) == 9


def test_messages_keep_their_placeholders_and_their_program() -> None:
    pairs = data.load("interface-messages")
    assert isinstance(pairs, TextPairs)
    assert len(set(pairs.groups)) == 17
    mark = gettext_messages.PLACEHOLDER
    for english, chinese in zip(pairs.sources, pairs.targets, strict=True):
        assert sorted(mark.findall(english)) == sorted(mark.findall(chinese))
        assert gettext_messages.CHINESE.search(chinese)
        assert gettext_messages.CONTEXT not in english
        assert len(english.split()) <= 30


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=30))
def test_no_source_and_no_target_stands_in_two_parts(rows) -> None:
    rows = rows + [(f"source {i}", f"target {i}") for i in range(60)]  # none is empty
    sources, targets = zip(*rows, strict=True)
    parts = split_pairs(TextPairs("t", sources, targets), (0.5, 0.25, 0.25))
    found = [parts.train, parts.validation, parts.test]
    assert sum(map(len, found)) == len(rows)
    for side in ("sources", "targets"):
        seen = [{normalise(text) for text in getattr(part, side)} for part in found]
        assert sum(map(len, seen)) == len(set.union(*seen))


def test_parts_are_of_the_asked_size_and_repeatable() -> None:
    numbers = tuple(map(str, range(100)))
    pairs = TextPairs("n", numbers, tuple(f"t{n}" for n in numbers), numbers)
    parts = split_pairs(pairs, (0.7, 0.1, 0.2), seed=4)
    sizes = [len(part) for part in (parts.train, parts.validation, parts.test)]
    assert sizes == [70, 10, 20]
    assert parts == split_pairs(pairs, (0.7, 0.1, 0.2), seed=4)
    assert parts != split_pairs(pairs, (0.7, 0.1, 0.2), seed=5)
    assert all(
        t == f"t{s}" == f"t{g}"
        for s, t, g in zip(
            parts.test.sources, parts.test.targets, parts.test.groups, strict=True
        )
    )
    with pytest.raises(UsageError, match="fractions"):
        split_pairs(pairs, (0.7, 0.1))
    with pytest.raises(DataError, match="n: 1 independent pairs do not fill 3 parts"):
        split_pairs(pairs.select([0]))


def test_each_pair_is_kept_once() -> None:
    twice = TextPairs("t", ("A?", "a", "A?"), ("b", "B!", "c"), ("x", "y", "z"))
    kept = once(twice)
    assert (kept.sources, kept.targets, kept.groups) == (
        ("A?", "A?"),
        ("b", "c"),
        ("x", "z"),
    )
    assert kept.notices == ("1 of 3 pairs repeat an earlier one and were dropped.",)
    assert once(kept) is kept
    assert kept.fingerprint() != twice.fingerprint()
    with pytest.raises(ValueError, match="2 sources, 1 targets and 0 groups"):
        TextPairs("t", ("a", "b"), ("c",))


def test_sets_become_one_in_which_each_pair_stands_once() -> None:
    first = TextPairs("a", ("Open", "Close"), ("开", "关"), ("x", "y"), ("Told.",))
    second = TextPairs("b", ("close!", "Close", "Run"), ("关", "关闭", "跑"))
    pairs = concatenate_pairs([first, second])
    assert pairs.name == "a + b"
    assert list(zip(pairs.sources, pairs.targets, pairs.groups, strict=True)) == [
        ("Open", "开", "a"),
        ("Close", "关", "a"),
        ("Close", "关闭", "b"),  # the same source, said otherwise
        ("Run", "跑", "b"),
    ]
    assert pairs.notices == (
        "a: Told.",
        "1 of 5 pairs repeat an earlier one and were dropped.",
    )
    assert concatenate_pairs([]).counts() == {"pairs": 0, "sources": 0, "targets": 0}


PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=12).map(
    lambda rows: TextPairs("t", *(zip(*rows, strict=True) if rows else ((), ())))
)


@given(PAIRS, st.lists(PAIRS, max_size=2))
def test_what_is_held_out_stands_in_no_pair(pairs, held_out) -> None:
    kept = exclude_pairs(pairs, held_out)
    seen = {normalise(text) for part in held_out for text in part.sources}
    seen |= {normalise(text) for part in held_out for text in part.targets}
    rows = list(zip(pairs.sources, pairs.targets, strict=True))
    assert list(zip(kept.sources, kept.targets, strict=True)) == [
        row for row in rows if not {normalise(text) for text in row} & seen
    ]


HEADER = {"": {"language": "zh-CN"}}


def messages(folder: Path, found: object) -> TextPairs:
    (folder / "program.json").write_text(json.dumps(found), encoding="utf-8")
    return gettext_messages.parse(folder, "m")


def test_what_is_no_translation_is_dropped_and_told(tmp_path: Path) -> None:
    found = {
        "menu\x04Open %1": ["打开 %1"],
        "Open %1 ": ["打开 %1"],
        "%1 cell": ["%1 个单元格", ""],
        "Python": ["Python"],
        "Save %1": ["保存"],
        "Help " * 31: ["帮助"],
        "two\nlines": ["两行"],
    }
    pairs = messages(tmp_path, {**HEADER, **found})
    assert (pairs.sources, pairs.targets) == (("Open %1",), ("打开 %1",))
    assert pairs.groups == ("program",)
    told = [int(notice.split()[0]) for notice in pairs.notices]
    assert told == [1, 1, 1, 2, 1]


@pytest.mark.parametrize(
    "found",
    [
        [],
        {"Open": ["打开"]},
        {"": {"language": "de"}, "Open": ["打开"]},
        {**HEADER, "Open": "打开"},
        {**HEADER, "Open": []},
    ],
)
def test_another_file_is_no_catalogue(tmp_path: Path, found: object) -> None:
    with pytest.raises(DataError, match=r"program\.json: expected a catalogue"):
        messages(tmp_path, found)


def test_a_broken_article_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = ['{"document": "A.\\nB.", "summary": "C."}', '{"document": "A."}']
    (tmp_path / xsum.FILE).write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=r"xsum\.jsonl, line 2: expected a document"):
        xsum.parse(tmp_path, "x")
    (tmp_path / xsum.FILE).write_text(lines[0], encoding="utf-8")
    assert xsum.parse(tmp_path, "x").sources == ("A.\nB.",)
