"""Packing: every position a token of the stream, in order, none twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data import pack, token_ids, train_wordpiece
from chapter2.errors import DataError, UsageError

DOCUMENTS = [[10, 11, 12], [], [13], [14, 15, 16, 17]]


def test_documents_stand_end_to_end_with_separators() -> None:
    packed = pack(DOCUMENTS, length=5, separator=3)
    assert packed.blocks.tolist() == [[10, 11, 12, 3, 13], [3, 14, 15, 16, 17]]
    assert (len(packed), packed.length, packed.tokens, packed.dropped) == (2, 5, 10, 1)
    assert packed.blocks.dtype == np.int64


def test_a_first_token_opens_each_block() -> None:
    packed = pack(DOCUMENTS, length=4, separator=3, first=2)
    assert packed.blocks.tolist() == [
        [2, 10, 11, 12],
        [2, 3, 13, 3],
        [2, 14, 15, 16],
    ]
    assert packed.dropped == 2


@given(
    st.lists(st.lists(st.integers(5, 99), max_size=9), max_size=30),
    st.integers(2, 12),
    st.booleans(),
)
def test_the_stream_is_kept_up_to_its_remainder(documents, length, opened) -> None:
    stream = [token for ids in documents if ids for token in (*ids, 3)]
    room = length - opened
    if len(stream) < room:
        with pytest.raises(DataError, match="do not fill one block"):
            pack(documents, length, separator=3, first=2 if opened else None)
        return
    packed = pack(documents, length, separator=3, first=2 if opened else None)
    assert packed.blocks.shape == (len(stream) // room, length)
    kept = packed.blocks[:, opened:].ravel().tolist()
    assert kept == stream[: len(kept)]
    assert packed.dropped == len(stream) - len(kept) < room


@pytest.mark.parametrize(("length", "first"), [(0, None), (1, 2)])
def test_a_block_without_room_is_refused(length: int, first: int | None) -> None:
    with pytest.raises(UsageError, match=f"length is {length}; set it to"):
        pack(DOCUMENTS, length, separator=3, first=first)


def test_the_inputs_stay_as_they_are() -> None:
    documents = [[1, 2], [3]]
    pack(documents, 2, separator=0)
    assert documents == [[1, 2], [3]]


def test_ids_are_whole_and_without_special_tokens(caplog) -> None:
    tokenizer = train_wordpiece(["to be or not to be"], vocab_size=40)
    tokenizer.model_max_length = 4
    (ids,) = token_ids(["to be or not to be"], tokenizer)
    assert tokenizer.decode(ids) == "to be or not to be"
    assert not set(ids) & set(tokenizer.all_special_ids)
    assert token_ids([], tokenizer) == []
    assert caplog.text == ""
