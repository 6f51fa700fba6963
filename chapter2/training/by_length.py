"""What the batches of texts, of tags and of pairs share: the order of the records."""

from __future__ import annotations

from collections.abc import Sequence

from chapter2.data.batching import LengthBatches


class ByLength:
    """N records, in batches of nearly equal lengths."""

    def __init__(
        self, lengths: Sequence[int], batch_size: int, token_budget: int, seed: int
    ) -> None:
        """Args as of :class:`chapter2.data.batching.LengthBatches`."""
        self.sampler = LengthBatches(lengths, batch_size, token_budget, seed)

    def epoch(self, k: int) -> list[list[int]]:
        """Return the record indices of each batch of epoch ``k``."""
        return self.sampler.epoch(k)

    def in_order(self) -> list[list[int]]:
        """Return batches sorted by length: the least padding, for validation."""
        return self.sampler.in_order()
