"""Parts of tagged sentences: equal ones together, the source's own parts kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data import TaggedDataset, split_tagged
from chapter2.errors import DataError, UsageError


def sentences(words: list[str], parts: tuple[str, ...] | None = None) -> TaggedDataset:
    tokens = tuple(tuple(word) for word in words)
    tags = tuple(("O",) * len(word) for word in words)
    return TaggedDataset("words", tokens, tags, ("O",), parts=parts)


@given(st.lists(st.text("abC", min_size=1, max_size=3), min_size=40, max_size=90))
def test_each_sentence_stands_once_and_equal_ones_together(words: list[str]) -> None:
    dataset = sentences(words)
    try:
        parted = split_tagged(dataset, (0.5, 0.25, 0.25))
    except DataError:
        assert len({word.lower() for word in words}) < 40  # large units leave no room
        return
    parts = (parted.train, parted.validation, parted.test)
    found = [tokens for part in parts for tokens in part.tokens]
    assert sorted(found) == sorted(dataset.tokens)
    kinds = [{"".join(tokens).lower() for tokens in part.tokens} for part in parts]
    assert not kinds[0] & kinds[1] | kinds[0] & kinds[2] | kinds[1] & kinds[2]


def test_the_seed_decides_and_the_shares_are_kept() -> None:
    dataset = sentences([f"{i:04d}" for i in range(1000)])
    one, same = (split_tagged(dataset, seed=3).test.tokens for _ in range(2))
    assert one == same != split_tagged(dataset, seed=4).test.tokens
    parted = split_tagged(dataset)
    sizes = [len(p) for p in (parted.train, parted.validation, parted.test)]
    assert sizes == [800, 100, 100]


def test_given_parts_stay_and_training_loses_what_they_hold() -> None:
    marks = ("train", "train", "validation", "test", "train")
    dataset = sentences(["ab", "cd", "ef", "CD", "gh"], marks)
    parted = split_tagged(dataset)
    assert parted.train.tokens == (("a", "b"), ("g", "h"))
    assert parted.validation.tokens == (("e", "f"),)
    assert parted.test.tokens == (("C", "D"),)
    assert parted.notices[1].startswith("1 training sentence(s)")
    assert parted.train.parts is None
    assert dataset.select([3, 0]).parts == ("test", "train")


def test_what_cannot_be_parted_is_told() -> None:
    with pytest.raises(DataError, match="validation part would be empty"):
        split_tagged(sentences(["a", "a", "a"]))
    with pytest.raises(UsageError, match="three shares"):
        split_tagged(sentences(["a"]), (0.5, 0.5))
    with pytest.raises(ValueError, match="2 sentences but 1 parts"):
        sentences(["a", "b"], ("train",))
