"""Corpora: selecting, counting, hashing, and parting without a leak."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data.components import Components
from chapter2.data.corpus import Corpus, Document, split_corpus, together
from chapter2.data.parsers import boolq
from chapter2.errors import DataError, UsageError


def corpus(*titles: str) -> Corpus:
    return Corpus(
        "c", tuple(Document(t, f"text number {i} here") for i, t in enumerate(titles))
    )


MANY = corpus(*(f"title {i // 2}" for i in range(400)))
LONG = " ".join(f"word{i}" for i in range(30))


def test_a_corpus_counts_selects_and_takes() -> None:
    some = corpus("a", "b", "a", "")
    assert some.counts() == {"documents": 4, "titles": 2, "words": 16}
    assert some.words() == 16
    assert some.select([2, 0]).texts() == ["text number 2 here", "text number 0 here"]
    assert some.take(None) is some
    assert some.take(9) is some
    taken = some.take(2, seed=3)
    assert taken == some.take(2, seed=3)
    assert taken.texts() == sorted(taken.texts())
    assert some.documents[0].sentences() == ("text number 0 here",)


def test_the_fingerprint_is_that_of_titles_and_texts() -> None:
    some = corpus("a", "b")
    assert some.fingerprint() == Corpus("other", some.documents, ("n",)).fingerprint()
    assert some.fingerprint() != some.select([1, 0]).fingerprint()
    other = Corpus("c", (Document("a", "text"), Document("b", "")))
    assert other.fingerprint() != Corpus("c", (Document("", "atext"),)).fingerprint()


def test_a_split_parts_all_documents_by_title() -> None:
    parts = split_corpus(MANY)
    found = [
        d for p in (parts.train, parts.validation, parts.test) for d in p.documents
    ]
    assert sorted(d.text for d in found) == sorted(MANY.texts())
    titles = [{d.title for d in p.documents} for p in (parts.train, parts.test)]
    assert not titles[0] & titles[1]
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [360, 20, 20]
    assert parts.notices[0].startswith("400 documents share their title")


def test_a_split_is_a_function_of_corpus_and_seed() -> None:
    assert split_corpus(MANY) == split_corpus(MANY)
    assert split_corpus(MANY, seed=1).test != split_corpus(MANY).test


def test_titles_are_compared_after_normalisation() -> None:
    documents = [Document("Wi-Fi", "one"), Document("wi fi", "two")]
    assert together(documents) == [[0, 1]]


def test_documents_without_a_title_stand_alone() -> None:
    assert together([Document("", "one"), Document("", "two")]) == [[0], [1]]


def test_a_shared_run_of_13_words_joins_two_documents() -> None:
    words = LONG.split()
    first, second = " ".join(words[:20]), " ".join(["Other", *words[7:]])
    assert together([Document("a", first), Document("b", second)]) == [[0, 1]]
    second = " ".join(["Other", *words[8:]])  # 12 words in common
    assert together([Document("a", first), Document("b", second)]) == [[0], [1]]


def test_short_documents_join_where_they_are_equal() -> None:
    documents = [Document("a", "It rains."), Document("b", "it rains")]
    assert together([*documents, Document("c", "It rains now.")]) == [[0, 1], [2]]


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 40)), min_size=3, max_size=30),
    st.sampled_from([(0.9, 0.05, 0.05), (0.1, 0.45, 0.45), (0.5, 0.5, 0), (1, 0, 0)]),
    st.integers(0, 3),
)
def test_no_part_is_empty_whatever_the_sizes(drawn, fractions, seed) -> None:
    documents = tuple(
        Document(str(title), " ".join(f"{i}w{j}" for j in range(size)))
        for i, (title, size) in enumerate(drawn)
    )
    units = len({title for title, _ in drawn})
    some = Corpus("c", documents)
    wanted = sum(share > 0 for share in fractions)
    if units < wanted:
        with pytest.raises(DataError, match="add documents of other titles"):
            split_corpus(some, fractions, seed)
        return
    parts = split_corpus(some, fractions, seed)
    found = [parts.train, parts.validation, parts.test]
    for share, part in zip(fractions, found, strict=True):
        assert (len(part) > 0) == (share > 0)
    assert sum(map(len, found)) == len(some)


def test_a_part_that_is_off_its_share_is_reported() -> None:
    big = Document("a", " ".join(f"w{i}" for i in range(100)))
    some = Corpus("c", (big, Document("b", "one two"), Document("c", "three four")))
    notices = split_corpus(some, (0.5, 0.25, 0.25)).notices
    assert any("validation part holds 1.9% of the words" in n for n in notices)


def test_bad_fractions_are_refused() -> None:
    with pytest.raises(UsageError, match="sum to 1"):
        split_corpus(MANY, (0.9, 0.2, 0.2))


def test_components_join_through_others() -> None:
    components = Components(5)
    components.join_equal(["a", "b", None, "a", None])
    components.join_equal([None, "x", "x", None, None])
    assert components.units() == [[0, 3], [1, 2], [4]]


# --- BoolQ --------------------------------------------------------------------------


def boolq_file(folder: Path, *passages: object) -> Path:
    lines = [json.dumps({"question": "q", "passage": passage}) for passage in passages]
    (folder / boolq.FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_passage_is_kept_once_with_its_title(tmp_path: Path) -> None:
    folder = boolq_file(
        tmp_path, "Tea -- A ``hot'' drink -- or cold.", "Tea -- a 'Hot' drink or cold!"
    )
    found = boolq.parse(folder, "e")
    assert found.documents == (Document("Tea", 'A "hot" drink -- or cold.'),)
    assert found.notices[0].startswith("1 of 2 records repeat")


@pytest.mark.parametrize("passage", ["no dashes", "Title -- ", " -- text", None, 5])
def test_a_line_that_is_no_passage_is_refused(tmp_path: Path, passage: object) -> None:
    folder = boolq_file(tmp_path, "Tea -- A drink.", passage)
    with pytest.raises(DataError, match=r"combined\.jsonl, line 2: expected a passage"):
        boolq.parse(folder, "e")
