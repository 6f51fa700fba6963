"""Packing: documents end to end, cut into blocks of one length, without padding.

A language model learns from each position, so none may be wasted. The documents' tokens
form one stream, each document followed by a separator, and the stream is cut every L
tokens; what is left at its end (fewer than L tokens) is dropped and counted. A block
may begin inside a document and hold the end of one and the beginning of the next; a
model may attend across the separator, which the common recipes (GPT, RoBERTa's
"full sentences") accept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from chapter2.data.batching import TOKENISE_AT_ONCE, encodable
from chapter2.errors import DataError, UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Packed:
    """N blocks of L tokens, every one of them real."""

    blocks: np.ndarray  # (N, L) int64
    separator: int  # id of the token after each document
    dropped: int  # tokens at the end of the stream that filled no block, below L
    first: int | None = None  # id of the token that opens each block, such as [CLS]

    def __len__(self) -> int:
        return len(self.blocks)

    @property
    def length(self) -> int:
        """L, the tokens of a block."""
        return self.blocks.shape[1]

    @property
    def tokens(self) -> int:
        """N x L, the tokens of all blocks."""
        return self.blocks.size


def token_ids(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase
) -> list[list[int]]:
    """Return the token ids of each text, whole and without special tokens."""
    ids: list[list[int]] = []
    for start in range(0, len(texts), TOKENISE_AT_ONCE):
        some = [encodable(text) for text in texts[start : start + TOKENISE_AT_ONCE]]
        # verbose: a text longer than the model's positions is no mistake here
        found = tokenizer(some, add_special_tokens=False, verbose=False)
        ids += found["input_ids"]
    return ids


def pack(
    documents: Sequence[Sequence[int]],
    length: int,
    separator: int,
    first: int | None = None,
) -> Packed:
    """Return documents of token ids as blocks of ``length`` tokens, in their order.

    ``separator`` follows each document (``[SEP]``, or GPT's end of text). ``first``, if
    given, opens each block and takes one of its places (``[CLS]``): BERT's encoder
    expects it there. A document without tokens adds nothing.

    Raises:
        UsageError: a block has no room for a token of the stream.
        DataError: the documents do not fill one block.
    """
    room = length - (first is not None)
    if room < 1:
        raise UsageError(f"length is {length}; set it to {length - room + 1} or more.")
    closed = (chain(ids, (separator,)) for ids in documents if len(ids))
    stream = np.fromiter(chain.from_iterable(closed), dtype=np.int64)
    count = len(stream) // room
    if not count:
        raise DataError(
            f"The documents hold {len(stream)} tokens, which do not fill one block of "
            f"{room}; add text or set a smaller length."
        )
    blocks = stream[: count * room].reshape(count, room)
    if first is not None:
        opening = np.full((count, 1), first, dtype=np.int64)
        blocks = np.concatenate([opening, blocks], axis=1)
    return Packed(blocks, separator, len(stream) - count * room, first)
