"""A uniform random sample of a stream, in bounded memory."""

from __future__ import annotations

import random
from typing import Generic, TypeVar

T = TypeVar("T")


class Reservoir(Generic[T]):
    """A uniform random sample of a stream of unknown length (Vitter's Algorithm R).

    The n-th item is kept with probability size/n, in the place of a random one. A
    random part of a uniform sample is uniform, so ``size`` may shrink on the way:
    it does when the items together weigh more than ``most``.
    """

    def __init__(self, size: int, most: int, seed: int) -> None:
        self.size, self.most = size, most
        self.random = random.Random(seed)
        self._held: list[tuple[T, int]] = []
        self.seen = self.weight = 0  # items offered, weight of those held

    @property
    def items(self) -> list[T]:
        """The sample, in no particular order."""
        return [item for item, _ in self._held]

    def add(self, item: T, weight: int) -> None:
        """Offer one item of the stream."""
        self.seen += 1
        if len(self._held) < self.size:
            self._held.append((item, weight))
        else:
            place = self.random.randrange(self.seen)
            if place >= self.size:
                return
            self.weight -= self._held[place][1]
            self._held[place] = (item, weight)
        self.weight += weight
        if self.weight > self.most and len(self._held) > 1:
            self._shrink()

    def _shrink(self) -> None:
        self.size = max(1, len(self._held) * 3 // 4)
        self._held = self.random.sample(self._held, self.size)
        self.weight = sum(weight for _, weight in self._held)
