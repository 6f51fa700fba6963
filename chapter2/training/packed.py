"""Packed blocks as batches for the loop: every position is a token, none is padding.

What is random (the order, which tokens are masked, dropout) follows from the run's seed
and the number of the batch. So each pass masks other tokens ("dynamic masking", Liu et
al., 2019), and yet a resumed run sees what the killed one would have seen.

Shapes: N blocks, B of them in a batch, L tokens in each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from chapter2.errors import UsageError
from chapter2.training.config import TrainingConfig
from chapter2.training.plan import Batch
from chapter2.training.step import Objective

SEED = "seed"  # the name, in a batch, of the number that dropout follows from


@dataclass(frozen=True)
class Item:
    """One batch before it is made."""

    blocks: np.ndarray  # (B,) indices
    seed: int  # of all that is random in it


# makes the batch of blocks (B, L) int64; the generator stands at the item's seed
Corrupt = Callable[[Tensor, torch.Generator], dict[str, Tensor]]


def as_they_are(blocks: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """Return ``blocks`` (B, L) with nothing hidden, for causal models."""
    return {"input_ids": blocks}


class PackedBatches:
    """N blocks of L tokens in whole batches of B; a pass leaves out the remainder.

    Which blocks are left out differs from pass to pass. ``tokens`` ends the last pass
    early: the run then sees so many tokens, rounded up to a whole batch.
    """

    def __init__(
        self,
        blocks: np.ndarray | Tensor,
        batch_size: int = 32,
        tokens: int | None = None,
        seed: int = 0,
        corrupt: Corrupt = as_they_are,
    ) -> None:
        """Args: ``blocks`` (N, L) integers; ``corrupt`` makes the model's inputs.

        Raises:
            UsageError: there is no block, or no token is to be seen.
        """
        self.blocks = torch.as_tensor(np.asarray(blocks))
        if self.blocks.ndim != 2 or not self.blocks.numel():
            raise UsageError(
                "There is not one full block of tokens; give more text, or shorter "
                "blocks."
            )
        if tokens is not None and tokens < 1:
            raise UsageError(f"tokens is {tokens}; it must be at least 1.")
        self.batch_size = min(batch_size, len(self.blocks))
        self.seed, self.corrupt = seed, corrupt
        size = self.batch_size * self.blocks.shape[1]
        self.total = None if tokens is None else -(-tokens // size)  # batches

    @property
    def per_pass(self) -> int:
        """The number of batches in a whole pass."""
        return len(self.blocks) // self.batch_size

    def passes(self, otherwise: int) -> int:
        """Return the passes that the tokens need; ``otherwise`` without a budget."""
        return otherwise if self.total is None else -(-self.total // self.per_pass)

    def epoch(self, k: int) -> Sequence[Item]:
        """Return the batches of pass ``k``, in the random order of that pass."""
        order = np.random.default_rng([self.seed, k]).permutation(len(self.blocks))
        left = self.per_pass
        if self.total is not None:
            left = min(left, self.total - k * self.per_pass)
        size = self.batch_size
        return [
            Item(order[i * size : (i + 1) * size], item_seed(self.seed, k, i))
            for i in range(max(0, left))
        ]

    def in_order(self) -> Sequence[Item]:
        """Return batches of all blocks in their order, the last one shorter.

        For validation: the chance in them is the same each time.
        """
        size = self.batch_size
        starts = range(0, len(self.blocks), size)
        return [
            Item(np.arange(i, min(i + size, len(self.blocks))), item_seed(i, 0, 0))
            for i in starts
        ]

    def collate(self, item: Item) -> Batch:
        """Return what ``corrupt`` makes of the item's blocks, and its seed."""
        draw = torch.Generator().manual_seed(item.seed)
        blocks = self.blocks[torch.from_numpy(item.blocks)].long()  # (B, L)
        return {**self.corrupt(blocks, draw), SEED: torch.tensor(item.seed)}

    def fingerprint(self) -> str:
        """Return the SHA-256 of the blocks, as hexadecimal."""
        plain = self.blocks.to(torch.int64).contiguous().numpy()
        return hashlib.sha256(repr(plain.shape).encode() + plain.tobytes()).hexdigest()


def item_seed(seed: int, k: int, i: int) -> int:
    """Return the seed of batch ``i`` of pass ``k``: 62 bits that look like chance."""
    words = np.random.SeedSequence([seed, k, i]).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(2))


def batches_for(
    blocks: np.ndarray | Tensor,
    config: TrainingConfig,
    tokens: int | None,
    corrupt: Corrupt = as_they_are,
) -> tuple[PackedBatches, TrainingConfig]:
    """Return the batches of a run, and the settings with the passes that they need.

    Raises:
        UsageError: a single block holds more tokens than a batch may.
    """
    length = blocks.shape[1]
    size = min(config.batch_size, config.token_budget // max(1, length))
    if not size:
        raise UsageError(
            f"A block has {length} tokens and a batch at most {config.token_budget}; "
            "use shorter blocks, or raise token_budget."
        )
    batches = PackedBatches(blocks, size, tokens, config.seed, corrupt)
    return batches, replace(config, epochs=batches.passes(config.epochs))


def with_seed(objective: Objective, rank: int = 0) -> Objective:
    """Return ``objective`` with dropout that follows from the batch's own seed.

    Each of several processes, by its ``rank``, draws its own masks.
    """

    def seeded(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        inputs = {name: value for name, value in batch.items() if name != SEED}
        torch.manual_seed(int(batch[SEED]) + rank)
        return objective(model, inputs)

    return seeded
