"""Pairs of texts, the second written from the first: translations, summaries.

Pairs with the same source, or the same target, belong together: a model that has
learned from one of them has seen the answer to the other.

Shape legend: N pairs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chapter2.data.components import Components
from chapter2.data.dealing import share_out
from chapter2.data.normalise import normalise
from chapter2.data.splits import check_fractions


@dataclass(frozen=True)
class TextPairs:
    """N sources, each with the target that was written for it."""

    name: str
    sources: tuple[str, ...]  # (N,)
    targets: tuple[str, ...]  # (N,)
    groups: tuple[str, ...] = ()  # (N,) where each comes from; empty: not known
    notices: tuple[str, ...] = ()  # what was handled while reading, one sentence each

    def __post_init__(self) -> None:
        sizes = {len(self.sources), len(self.targets), len(self.groups or self.sources)}
        if len(sizes) > 1:
            raise ValueError(
                f"{self.name}: {len(self.sources)} sources, {len(self.targets)} "
                f"targets and {len(self.groups)} groups do not pair."
            )

    def __len__(self) -> int:
        return len(self.sources)

    def select(self, indices: Iterable[int]) -> TextPairs:
        """Return the pairs at ``indices``, in that order."""
        chosen = [int(i) for i in indices]
        return replace(
            self,
            sources=tuple(self.sources[i] for i in chosen),
            targets=tuple(self.targets[i] for i in chosen),
            groups=tuple(self.groups[i] for i in chosen) if self.groups else (),
        )

    def take(self, n: int | None, seed: int = 0) -> TextPairs:
        """Return ``n`` random pairs, in their old order; None takes all."""
        if n is None or n >= len(self):
            return self
        chosen = np.random.default_rng(seed).permutation(len(self))[:n]
        return self.select(np.sort(chosen))

    def counts(self) -> dict[str, int]:
        """Return the number of pairs, of different sources, of different targets."""
        sources, targets = (
            len({normalise(text) for text in texts})
            for texts in (self.sources, self.targets)
        )
        return {"pairs": len(self), "sources": sources, "targets": targets}

    def fingerprint(self) -> str:
        """Return the SHA-256 of sources and targets, as hexadecimal."""
        digest = hashlib.sha256()
        for source, target in zip(self.sources, self.targets, strict=True):
            record = f"{source}\x1f{target}\x1e"
            digest.update(record.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def once(pairs: TextPairs) -> TextPairs:
    """Return each pair once, the first of those equal after :func:`normalise`."""
    found: dict[tuple[str, str], int] = {}
    both = zip(pairs.sources, pairs.targets, strict=True)
    for i, (source, target) in enumerate(both):
        found.setdefault((normalise(source), normalise(target)), i)
    dropped = len(pairs) - len(found)
    if not dropped:
        return pairs
    notice = f"{dropped} of {len(pairs)} pairs repeat an earlier one and were dropped."
    return replace(pairs.select(found.values()), notices=(*pairs.notices, notice))


def concatenate_pairs(sets: Sequence[TextPairs]) -> TextPairs:
    """Return the pairs of all ``sets`` as one set, each pair once.

    The group of a pair is the name of its set; of pairs that are equal after
    :func:`normalise`, the one of the earlier set stays.
    """
    return once(
        TextPairs(
            name=" + ".join(each.name for each in sets),
            sources=tuple(text for each in sets for text in each.sources),
            targets=tuple(text for each in sets for text in each.targets),
            groups=tuple(each.name for each in sets for _ in range(len(each))),
            notices=tuple(f"{each.name}: {n}" for each in sets for n in each.notices),
        )
    )


def exclude_pairs(pairs: TextPairs, held_out: Sequence[TextPairs]) -> TextPairs:
    """Return the pairs of which neither text stands in a set of ``held_out``.

    Texts are compared as :func:`normalise` makes them.
    """
    held = {
        normalise(text) for part in held_out for text in part.sources + part.targets
    }
    both = zip(pairs.sources, pairs.targets, strict=True)
    return pairs.select(
        i for i, texts in enumerate(both) if held.isdisjoint(map(normalise, texts))
    )


@dataclass(frozen=True)
class PairSplit:
    """The three parts of a set of pairs."""

    train: TextPairs
    validation: TextPairs
    test: TextPairs


def split_pairs(
    pairs: TextPairs, fractions: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0
) -> PairSplit:
    """Part ``pairs`` at random; equal sources, or targets, stay in one part.

    Equal are those that :func:`normalise` makes so. The result depends on the pairs
    and ``seed`` alone.

    Raises:
        UsageError: the fractions are not three shares that sum to 1.
        DataError: a part gets no pair.
    """
    shares = check_fractions(fractions)
    components = Components(len(pairs))
    for texts in (pairs.sources, pairs.targets):
        components.join_equal([normalise(text) for text in texts])
    parts = share_out(components.units(), shares, seed, pairs.name, "pairs")
    return PairSplit(*(pairs.select(part) for part in parts))
