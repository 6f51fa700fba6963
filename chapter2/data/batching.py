"""From texts to padded batches: short texts are not made to wait for long ones.

A batch is as wide as its longest text, so each shorter one is padded with work that
is thrown away. Batches of equal lengths waste nothing but are the same in each epoch;
batches at random are fresh but, for lengths that spread as real texts do, about half
padding. :class:`LengthBatches` stands between: it shuffles all records, sorts within
pools of about 50 batches, cuts, and shuffles the batches. A record meets other
neighbours in each epoch, and a few per cent of the tokens are padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chapter2.errors import UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

TOKENISE_AT_ONCE = 1024  # texts; bounds the tokenizer's working memory


def encodable(text: str) -> str:
    """Replace lone surrogates, which no tokenizer can encode, by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def encode(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> list[list[int]]:
    """Return the token ids of each text, special tokens included, without padding.

    A text of more than ``max_length`` tokens is cut at its end.
    """
    ids: list[list[int]] = []
    for start in range(0, len(texts), TOKENISE_AT_ONCE):
        some = [encodable(text) for text in texts[start : start + TOKENISE_AT_ONCE]]
        ids += tokenizer(
            some,
            truncation=True,
            max_length=max_length,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
    return ids


@dataclass(frozen=True)
class LengthBatches:
    """Batches of record indices with nearly equal lengths, new in each epoch."""

    lengths: Sequence[int]  # (N,) tokens of each record
    batch_size: int = 32  # records at most
    token_budget: int = 4096  # padded tokens at most: records x longest; bounds memory
    seed: int = 0
    pool: int = 50  # batches sorted together; 1 is random, very many is sorted

    def __post_init__(self) -> None:
        for name in ("batch_size", "token_budget", "pool"):
            if getattr(self, name) < 1:
                raise UsageError(
                    f"{name} is {getattr(self, name)}; set it to 1 or more."
                )

    def epoch(self, k: int) -> list[list[int]]:
        """Return the batches of epoch ``k`` (from 0), each record exactly once.

        A pure function of (lengths, settings, seed, k), so that a resumed run meets
        the batches that the killed one would have met. A record longer than the
        token budget stands alone.
        """
        generator = np.random.default_rng([self.seed, k])
        order = generator.permutation(len(self.lengths))
        pools = max(1, round(len(order) / (self.pool * self.batch_size)))
        batches: list[list[int]] = []
        for some in np.array_split(order, pools):
            batches += self._cut(self._by_length(some))
        return [batches[i] for i in generator.permutation(len(batches))]

    def steps(self, epochs: int) -> int:
        """Return the number of batches in the first ``epochs`` epochs together."""
        return sum(len(self.epoch(k)) for k in range(epochs))

    def in_order(self) -> list[list[int]]:
        """Return all batches sorted by length, longest first, for evaluation.

        The least padding there can be, and the largest batch is met at once.
        :func:`restore` brings the results back into the order of the records.
        """
        return self._cut(self._by_length(np.arange(len(self.lengths))))[::-1]

    def _by_length(self, indices: np.ndarray) -> np.ndarray:
        """Sort indices from short to long; equal lengths keep their order."""
        lengths = np.asarray(self.lengths, dtype=np.int64)[indices]
        return indices[np.argsort(lengths, kind="stable")]

    def _cut(self, indices: np.ndarray) -> list[list[int]]:
        """Cut indices, sorted from short to long, at the two limits."""
        batches: list[list[int]] = []
        for i in indices.tolist():
            # lengths rise, so the record at hand is the longest of its batch
            full = not batches or len(batches[-1]) == self.batch_size
            if full or (len(batches[-1]) + 1) * self.lengths[i] > self.token_budget:
                batches.append([])
            batches[-1].append(i)
        return batches


def padding_share(lengths: Sequence[int], batches: Sequence[Sequence[int]]) -> float:
    """Return the share of padding among all tokens of the padded batches."""
    real = sum(lengths[i] for batch in batches for i in batch)
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in batches)
    return 1 - real / padded if padded else 0.0


def restore(
    batches: Sequence[Sequence[int]], results: Sequence[np.ndarray]
) -> np.ndarray:
    """Return per-batch results (B, ...) as one array (N, ...) in the records' order."""
    if not batches:
        return np.empty(0)
    flat = np.concatenate(results)
    ordered = np.empty_like(flat)
    ordered[np.concatenate([np.asarray(batch) for batch in batches])] = flat
    return ordered


def padded(ids: Sequence[Sequence[int]], pad_id: int) -> dict[str, np.ndarray]:
    """Pad B lists of token ids to the longest of them, L.

    Returns:
        ``input_ids`` and ``attention_mask`` (1 real, 0 padding), int64, both (B, L).
    """
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    width = int(lengths.max(initial=0))
    mask = np.arange(width)[None, :] < lengths[:, None]  # (B, L)
    tokens = np.full(mask.shape, pad_id, dtype=np.int64)
    tokens[mask] = [token for row in ids for token in row]
    return {"input_ids": tokens, "attention_mask": mask.astype(np.int64)}


def pad(ids: Sequence[Sequence[int]], pad_id: int) -> dict[str, torch.Tensor]:
    """Return what :func:`padded` does, as tensors."""
    import torch

    return {name: torch.from_numpy(x) for name, x in padded(ids, pad_id).items()}
