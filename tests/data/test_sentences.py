"""The rule by which a text is cut into sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data.sentences import split_sentences

CASES = {
    "two": ("It rains. We stay.", ["It rains.", "We stay."]),
    "question and shout": ("Why? Because! Fine.", ["Why?", "Because!", "Fine."]),
    "no end mark": ("It rains. We stay", ["It rains.", "We stay"]),
    "decimal": ("It costs 3.5 euros. Yes.", ["It costs 3.5 euros.", "Yes."]),
    "thousands": ("About 1,250.75 in all.", ["About 1,250.75 in all."]),
    "title": (
        "Dr. Smith met Mrs. Jones. They left.",
        ["Dr. Smith met Mrs. Jones.", "They left."],
    ),
    "initials": (
        "J. R. R. Tolkien wrote it. It sold.",
        ["J. R. R. Tolkien wrote it.", "It sold."],
    ),
    "row of capitals": (
        "The U.S. Senate met. It voted.",
        ["The U.S. Senate met.", "It voted."],
    ),
    "versus": (
        "Roe v. Wade, or one vs. Two. It held.",
        ["Roe v. Wade, or one vs. Two.", "It held."],
    ),
    "number": (
        "It is No. 5 of them. See vol. 2 of it.",
        ["It is No. 5 of them.", "See vol. 2 of it."],
    ),
    "no as a word": ("She said no. We left.", ["She said no.", "We left."]),
    "no before a digit at the end": ("He said so. 5 left.", ["He said so.", "5 left."]),
    "latin": ("Fruit, e.g. Apples, i.e. Pomes.", ["Fruit, e.g. Apples, i.e. Pomes."]),
    "lower case follows": (
        "He took approx. ten. then left.",
        ["He took approx. ten. then left."],
    ),
    "quotation": ('He said "Go." Then he went.', ['He said "Go."', "Then he went."]),
    "opening quotation": (
        'It ended. "Why?" he said.',
        ["It ended.", '"Why?" he said.'],
    ),
    "bracket": ("It ended (in 1990). So be it.", ["It ended (in 1990).", "So be it."]),
    "ellipsis": (
        "And so... The end. And so... the end.",
        ["And so...", "The end.", "And so... the end."],
    ),
    "a sentence of a month": (
        "On Jan. 5 it began. It ended.",
        ["On Jan. 5 it began.", "It ended."],
    ),
    "web address": (
        "See example.org for more. Thanks.",
        ["See example.org for more.", "Thanks."],
    ),
    "file and version": ("Version 2.0.1 is out.", ["Version 2.0.1 is out."]),
    "Chinese": (
        "今天下雨。我们不去！好吗？好",
        ["今天下雨。", "我们不去！", "好吗？", "好"],
    ),
    "Chinese quotation": ("他说：“走。”我们走了。", ["他说：“走。”", "我们走了。"]),
    "accents": ("Il est là. Élodie aussi.", ["Il est là.", "Élodie aussi."]),
    "line breaks": ("One.\nTwo.\n\n Three.", ["One.", "Two.", "Three."]),
    "nothing": ("", []),
    "blanks": (" \n\t", []),
    "marks alone": ("?! ...", ["?! ..."]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_rule(case: str) -> None:
    text, wanted = CASES[case]
    assert list(split_sentences(text)) == wanted


@given(st.text(alphabet="aB 1.!?\"')(。\n", max_size=60))
def test_nothing_but_blanks_is_lost(text: str) -> None:
    found = split_sentences(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(sentence and sentence == sentence.strip() for sentence in found)
