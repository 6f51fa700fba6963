"""Sentence pairs as batches: joined, cut, padded, and masked anew in each epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from chapter2.data.batching import LengthBatches, encode, pad
from chapter2.errors import DataError, UsageError
from chapter2.objectives.masked import Masked, mask_tokens, ordinary_ids, special_mask
from chapter2.objectives.next_sentence import Pair

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class JoinedPair:
    """The tokens of ``[CLS] a [SEP] b [SEP]`` and which belong to b."""

    input_ids: list[int]
    token_type_ids: list[int]  # 0 up to the first [SEP], 1 after it
    label: int


def join_pairs(
    pairs: Sequence[Pair], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> list[JoinedPair]:
    """Return the pairs as tokens, at most ``max_length`` of them.

    Of a pair that is too long, the longer sentence loses its last token until it fits.

    Raises:
        UsageError: no room for a token of each beside ``[CLS]`` and two ``[SEP]``.
    """
    if max_length < 5:
        raise UsageError(
            f"max_length is {max_length}; a pair needs 5 tokens or more, three special "
            "ones among them."
        )
    # with [CLS] and [SEP], which are taken off again; 10,000: nothing is cut here
    first = encode([pair.first for pair in pairs], tokenizer, 10_000)
    second = encode([pair.second for pair in pairs], tokenizer, 10_000)
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    joined = []
    for pair, a, b in zip(pairs, first, second, strict=True):
        a, b = cut(a[1:-1], b[1:-1], max_length - 3)
        ids = [cls, *a, sep, *b, sep]
        types = [0] * (len(a) + 2) + [1] * (len(b) + 1)
        joined.append(JoinedPair(ids, types, pair.label))
    return joined


def cut(a: list[int], b: list[int], longest: int) -> tuple[list[int], list[int]]:
    """Return ``a`` and ``b`` without their last tokens, together ``longest`` at most.

    The longer one is cut first, to the other's length if need be; then both.
    """
    spare = longest - longest // 2
    keep_a = max(longest - len(b), spare)
    keep_b = max(longest - min(len(a), keep_a), longest - spare)
    return a[:keep_a], b[:keep_b]


class PairBatches:
    """N joined pairs in batches of nearly equal lengths, masked anew in each epoch.

    Exactly ``masked_per_pair`` tokens of each pair are hidden, so that the joint loss
    adds up over any batches (see :mod:`chapter2.objectives.joint`). The masks follow
    from ``seed``, the epoch and the first pair of the batch: a resumed run sees those
    of the run that stopped. Pairs with fewer ordinary tokens are left out.
    """

    def __init__(
        self,
        pairs: Sequence[JoinedPair],
        tokenizer: PreTrainedTokenizerBase,
        masked_per_pair: int,
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        """Args: ``pairs`` by ``tokenizer``; ``masked_per_pair`` is k of the joint loss.

        Raises:
            DataError: no pair has so many ordinary tokens.
        """
        special = set(tokenizer.all_special_ids)  # these are never hidden
        self.pairs = [
            pair
            for pair in pairs
            if sum(i not in special for i in pair.input_ids) >= masked_per_pair
        ]
        if not self.pairs:
            raise DataError(
                f"None of the {len(pairs)} pairs has {masked_per_pair} tokens to hide; "
                "hide fewer, or give longer sentences."
            )
        self.masked_per_pair, self.seed = masked_per_pair, seed
        self.pad_id, self.mask_id = tokenizer.pad_token_id, tokenizer.mask_token_id
        self.special = torch.tensor(tokenizer.all_special_ids)
        self.allowed = ordinary_ids(tokenizer)
        lengths = [len(pair.input_ids) for pair in self.pairs]
        self.sampler = LengthBatches(
            lengths, batch_size, max(lengths) * batch_size, seed
        )

    def epoch(self, k: int) -> list[tuple[int, list[int]]]:
        """Return the items of epoch ``k``: its number, and the pairs of a batch."""
        return [(k, rows) for rows in self.sampler.epoch(k)]

    def collate(self, item: tuple[int, list[int]]) -> dict[str, Tensor]:
        """Return the batch of :func:`chapter2.objectives.joint.joint_terms`."""
        epoch, rows = item
        chosen = [self.pairs[i] for i in rows]
        batch = pad([pair.input_ids for pair in chosen], self.pad_id)
        types = pad([pair.token_type_ids for pair in chosen], 0)["input_ids"]
        masked = self._mask(batch["input_ids"], [self.seed, epoch, rows[0]])
        return {
            "input_ids": masked.input_ids,
            "attention_mask": batch["attention_mask"],
            "token_type_ids": types,
            "labels": masked.labels,
            "next_sentence_label": torch.tensor([pair.label for pair in chosen]),
        }

    def _mask(self, input_ids: Tensor, key: list[int]) -> Masked:
        seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        return mask_tokens(
            input_ids,
            special_mask(input_ids, self.special),
            self.mask_id,
            self.allowed,
            torch.Generator().manual_seed(seed),
            per_row=self.masked_per_pair,
        )

    def fingerprint(self) -> str:
        """Return the SHA-256 of tokens and labels, as hexadecimal."""
        digest = hashlib.sha256()
        for pair in self.pairs:
            row = [pair.label, len(pair.input_ids), *pair.input_ids]
            digest.update(np.asarray(row, dtype=np.int64).tobytes())
        return digest.hexdigest()
