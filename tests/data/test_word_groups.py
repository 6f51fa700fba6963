"""Word groups: the real file as stated, the parser, and which words are near."""

import bz2

import pytest

from chapter2 import data
from chapter2.data.parsers import roget
from chapter2.data.word_groups import WordGroups
from chapter2.errors import DataError


def write(tmp_path, text):
    (tmp_path / roget.FILE).write_bytes(bz2.compress(text.encode()))
    return tmp_path


def test_the_real_groups_are_as_stated():
    groups = data.load("word-groups")
    stated = {"pairs": 254_801, "words": 133_820, "groups": 1_069}
    assert isinstance(groups, WordGroups)
    assert groups.counts() == stated == dict(data.card("word-groups").balance)
    assert groups.notices[0].startswith("31161 of 285962 rows")
    assert {"fair", "nice", "excellent"} <= set(groups.related("good", 10))
    assert len(data.load("word-groups", limit=9)) == 9


def test_a_pair_is_read_once_and_a_stray_quote_is_a_letter(tmp_path):
    text = 'good,BEAUTY\n  fine,BEAUTY\ngood,BEAUTY\n,BEAUTY\n"h""",GOODS\n'
    groups = roget.parse(write(tmp_path, text), "g")
    assert groups.pairs == (("good", "BEAUTY"), ("fine", "BEAUTY"), ('"h"""', "GOODS"))
    assert groups.notices[0].startswith("2 of 5 rows")


@pytest.mark.parametrize("line", ["good", "good,", "a,b,C", ""])
def test_another_line_is_named(tmp_path, line):
    folder = write(tmp_path, f"good,BEAUTY\n{line}\nfine,BEAUTY\n")
    with pytest.raises(DataError, match=r"roget\.csv\.bz2, line 2: expected a word"):
        roget.parse(folder, "g")


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / roget.FILE).write_bytes(b"no bzip2")
    with pytest.raises(DataError, match="fetch it again"):
        roget.parse(tmp_path, "g")


def test_near_is_what_shares_the_larger_part_of_its_groups():
    pairs = [("a1", "X"), ("good", "X"), ("fine", "X"), ("fine", "Y"), ("good", "Y")]
    pairs += [("rose", "X"), ("rose", "P"), ("rose", "Q"), ("nice", "X")]
    pairs += [("very good", "X"), ("Rose", "X")]
    groups = WordGroups("g", tuple(pairs))
    # Dice: fine 2*2/(2+2) = 1, nice 2*1/(2+1) = 0.67, rose 2*1/(2+3) = 0.4
    assert groups.related("Good") == ("fine", "nice", "rose")
    assert groups.related("good", 1) == ("fine",)
    assert groups.related("absent") == groups.related("very good") == ()
