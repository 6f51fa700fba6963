"""Exchanges: counted, parted, read from the reader's own file."""

import json
from pathlib import Path

import pytest

from chapter2 import data
from chapter2.data.exchanges import (
    Exchanges,
    distinct,
    right_answers,
    split_exchanges,
    together,
)
from chapter2.data.files.exchanges import read_exchanges
from chapter2.data.normalise import normalise
from chapter2.data.parsers import chatterbot, fiqa
from chapter2.errors import DataError, UsageError

SMALL = Exchanges(
    "small",
    ("Where is it?", "where is it", "When?", "Who?", "Why?"),
    ("Here.", "There.", "Now.", "now", "Because."),
)


def many(n: int) -> Exchanges:
    texts = tuple(f"question {i}" for i in range(n)), tuple(f"a {i}" for i in range(n))
    return Exchanges("many", *texts)


def test_equal_questions_or_answers_stay_together() -> None:
    assert sorted(map(sorted, together(SMALL))) == [[0, 1], [2, 3], [4]]
    shared = Exchanges(
        "shared",
        tuple(f"Question {i // 2}" for i in range(60)),
        tuple(f"answer {i - 1 if i % 6 == 2 else i}!" for i in range(60)),
    )
    for seed in range(20):
        parts = split_exchanges(shared, (0.5, 0.25, 0.25), seed)
        sets = [parts.train, parts.validation, parts.test]
        assert sum(map(len, sets)) == len(shared)
        for field in ("questions", "answers"):
            seen = [{normalise(x) for x in getattr(part, field)} for part in sets]
            assert sum(map(len, seen)) == len(set.union(*seen))


def test_parts_are_as_large_as_asked_and_repeatable() -> None:
    parts = split_exchanges(many(200), (0.6, 0.2, 0.2), seed=3)
    assert [len(p) for p in (parts.train, parts.validation, parts.test)] == [
        120,
        40,
        40,
    ]
    assert split_exchanges(many(200), (0.6, 0.2, 0.2), seed=3) == parts
    assert split_exchanges(many(200), (0.6, 0.2, 0.2), seed=4) != parts


def test_too_few_for_three_parts_are_refused() -> None:
    with pytest.raises(DataError, match=r"many: 2 independent exchanges do not fill"):
        split_exchanges(many(2))


def test_all_answers_that_a_question_got_are_right() -> None:
    assert right_answers(SMALL) == {
        "where is it": {"here", "there"},
        "when": {"now"},
        "who": {"now"},
        "why": {"because"},
    }


def test_each_exchange_is_kept_once() -> None:
    twice = Exchanges("t", ("A?", "a", "A?"), ("b", "B!", "c"))
    once = distinct(twice)
    assert (once.questions, once.answers) == (("A?", "A?"), ("b", "c"))
    assert once.notices == ("1 of 3 exchanges repeat an earlier one and were dropped.",)
    assert once.counts() == {"exchanges": 2, "questions": 1, "answers": 2}
    assert distinct(once) is once


def test_a_limit_keeps_the_order() -> None:
    few = many(50).take(7)
    numbers = [int(question.split()[1]) for question in few.questions]
    assert numbers == sorted(numbers)
    assert len(few) == 7


# --- the reader's own file ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,question,answer\n1,How?,So.\n2,When?,Now.\n"),
        ("a.tsv", "Question\tAnswer\nHow?\tSo.\nWhen?\tNow.\n"),
        (
            "a.jsonl",
            '{"query": "How?", "reply": "So."}\n{"query": "When?", "reply": "Now."}\n',
        ),
        ("a.csv", "问题,答案\nHow?,So.\nWhen?,Now.\n"),
    ],
)
def test_two_columns_are_found_by_their_usual_names(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    found = read_exchanges(tmp_path / name)
    assert found.questions == ("How?", "When?")
    assert found.answers == ("So.", "Now.")
    assert "(found, not stated)" in found.notices[0]


def test_any_two_columns_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    rows = [{"subject": f"s {i}", "solved_by": f"x {i}"} for i in range(4)]
    path.write_text("\n".join(map(json.dumps, rows)))
    found = read_exchanges(path, question="subject", answer="solved_by")
    assert (found.questions[1], found.answers[1]) == ("s 1", "x 1")
    assert found.notices == ()
    assert len(read_exchanges(path, "subject", "solved_by", limit=2)) == 2


def test_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("question,answer\nHow?,So.\n,Lost.\nWhen?,\nhow,so\nWho?,I.\n")
    found = read_exchanges(path)
    assert found.questions == ("How?", "Who?")
    assert any("an empty cell" in notice for notice in found.notices)
    assert found.notices[-1].startswith("1 of 3 exchanges repeat")


@pytest.mark.parametrize(
    ("content", "named", "says"),
    [
        ("a,b\nx,y\n", {}, "the question column is not clear"),
        ("question,b\nx,y\n", {}, "the answer column is not clear"),
        ("question,b\nx,y\n", {"answer": "c"}, "has no column 'c'"),
        (
            "question,answer\n,y\nx,\n",
            {},
            "no record with both a question and an answer",
        ),
    ],
)
def test_a_file_without_exchanges_is_refused(
    tmp_path: Path, content: str, named: dict[str, str], says: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=says) as refused:
        read_exchanges(path, **named)
    assert str(path) in str(refused.value)


def test_one_column_is_not_both(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("question,answer\nx,y\n")
    with pytest.raises(UsageError, match="one column is named for both question and"):
        read_exchanges(path, question="answer", answer="answer")


# --- the parsers --------------------------------------------------------------------


def test_a_dialogue_gives_its_first_two_lines(tmp_path: Path) -> None:
    text = (
        "conversations:\n- - Hello\n  - Hi\n- - Hello\n  - hi!\n- - A\n  - B\n  - C\n"
    )
    (tmp_path / "a.yml").write_text(text)
    found = chatterbot.parse(tmp_path, "chat")
    assert (found.questions, found.answers) == (("Hello", "A"), ("Hi", "B"))
    assert found.notices[0].startswith("1 dialogues go on after the second line")


@pytest.mark.parametrize(
    "text", ["conversations: 3", "- a", "conversations:\n- - a", "a: [", "<html>"]
)
def test_a_file_of_another_form_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "topic.yml").write_text(text)
    with pytest.raises(DataError, match=r"topic\.yml: expected a list of dialogues"):
        chatterbot.parse(tmp_path, "chat")


@pytest.mark.parametrize("line", ['{"question": "a"}', "<html>", '{"question": 1}'])
def test_a_line_without_an_answer_is_named(tmp_path: Path, line: str) -> None:
    good = json.dumps({"question": "a\u2028b", "answer": " c "}, ensure_ascii=False)
    (tmp_path / fiqa.FILE).write_text(good, encoding="utf-8")
    assert fiqa.parse(tmp_path, "f").answers == ("c",)
    (tmp_path / fiqa.FILE).write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"fiqa\.jsonl, line 2: expected a question"):
        fiqa.parse(tmp_path, "f")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("finance-exchanges", (648, 648, 648)),
        ("chat-exchanges", (896, 748, 867)),
        ("chinese-exchanges", (465, 367, 443)),
    ],
)
def test_the_embedded_sets_are_as_stated(name: str, counts: tuple[int, ...]) -> None:
    found = data.load(name)
    assert isinstance(found, Exchanges)
    assert tuple(found.counts().values()) == counts
    assert tuple(data.card(name).balance.values()) == counts
    assert len(found) == data.card(name).records == counts[0]
    for text in (*found.questions, *found.answers):
        assert text == text.strip() != ""
