"""Tables stay straight with wide characters, and cells cannot break Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chapter2.evaluation.tables import (
    display_width,
    markdown_table,
    shorten,
    text_table,
)


def test_chinese_takes_two_columns_and_combining_marks_none():
    assert display_width("房间abc") == 7
    assert display_width("e\u0301") == 1


def test_columns_align():
    table = text_table(["name", "n"], [["房间", "1,000"], ["a", "7"]])
    assert table == "name      n\n房间  1,000\na         7"


@given(st.text(), st.integers(1, 40))
def test_shortened_text_is_one_line_that_fits(text, width):
    short = shorten(text, width)
    assert display_width(short) <= width
    assert "\n" not in short
    if display_width(" ".join(text.split())) <= width:
        assert short == " ".join(text.split())


@pytest.mark.parametrize(
    "cell",
    [
        "a|b",
        "*x* _y_ `z`",
        "<b>&amp;",
        "[a](b)",
        "$x$",
        "back\\slash",
        "# ~~no~~",
        "{{x}} {.y}",
    ],
)
def test_a_cell_comes_out_of_markdown_as_it_went_in(cell):
    tokens = (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .parse(markdown_table(["text", "n"], [[cell, "1"]]))
    )
    cells = [t for t in tokens if t.type == "inline"]
    assert len(cells) == 4
    text = "".join(child.content for child in cells[2].children)
    assert text == cell
    assert {child.type for child in cells[2].children} <= {"text", "text_special"}
