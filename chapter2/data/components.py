"""Which records belong together: union-find over N records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence


class Components:
    """Connected components of N records, with path halving."""

    def __init__(self, n: int) -> None:
        self.parent = list(range(n))

    def find(self, i: int) -> int:
        """Return the record that stands for the component of record ``i``."""
        while self.parent[i] != i:
            self.parent[i] = self.parent[self.parent[i]]
            i = self.parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        """Make the components of ``i`` and ``j`` one."""
        self.parent[self.find(i)] = self.find(j)

    def join_equal(self, keys: Sequence[Hashable]) -> None:
        """Join all records with the same key; the key None joins nothing."""
        first: dict[Hashable, int] = {}
        for i, key in enumerate(keys):
            if key is not None:
                self.join(i, first.setdefault(key, i))

    def units(self) -> list[list[int]]:
        """Return the components, each a list of rising indices."""
        members = defaultdict(list)
        for i in range(len(self.parent)):
            members[self.find(i)].append(i)
        return list(members.values())
