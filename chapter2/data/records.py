"""What a data set is here: texts with one label each, or tokens with one tag each."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chapter2.errors import UsageError


def _pick(values: Sequence | None, indices: Sequence[int]) -> tuple | None:
    return None if values is None else tuple(values[i] for i in indices)


@dataclass(frozen=True)
class TextDataset:
    """N texts, each with one label out of C names (classification)."""

    name: str
    texts: tuple[str, ...]  # (N,)
    labels: tuple[int, ...]  # (N,), each an index into label_names
    label_names: tuple[str, ...]  # (C,)
    groups: tuple[str, ...] | None = None  # (N,) source; a split never divides one
    notices: tuple[str, ...] = ()  # what was handled while reading, one sentence each
    scores: tuple[float, ...] | None = None  # (N,) e.g. a mean rating, where known
    parts: tuple[str, ...] | None = (
        None  # (N,) "train" or "test", where the source says
    )

    def __post_init__(self) -> None:
        for field in ("labels", "groups", "scores", "parts"):
            values = getattr(self, field)
            if values is not None and len(values) != len(self.texts):
                raise ValueError(
                    f"{self.name}: {len(self.texts)} texts but {len(values)} {field}."
                )

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, indices: Iterable[int]) -> TextDataset:
        """Return the records at ``indices``, in that order."""
        chosen = [int(i) for i in indices]
        return replace(
            self,
            texts=tuple(self.texts[i] for i in chosen),
            labels=tuple(self.labels[i] for i in chosen),
            groups=_pick(self.groups, chosen),
            scores=_pick(self.scores, chosen),
            parts=_pick(self.parts, chosen),
        )

    def take(self, n: int | None, seed: int = 0) -> TextDataset:
        """Return ``n`` random records with the balance of the whole; None takes all."""
        if n is None or n >= len(self):
            return self
        order = np.random.default_rng(seed).permutation(len(self))
        labels = np.asarray(self.labels)[order]
        # the k-th of the m records of a class stands at (k + 1/2) / m: taking the
        # first n by that place keeps each class's share to within one record
        place = np.empty(len(self))
        for label in np.unique(labels):
            where = np.flatnonzero(labels == label)
            place[where] = (np.arange(len(where)) + 0.5) / len(where)
        return self.select(np.sort(order[np.argsort(place, kind="stable")[:n]]))

    def without(self, label: str) -> TextDataset:
        """Return the records of all other labels, which are numbered anew.

        Raises:
            UsageError: there is no such label.
        """
        if label not in self.label_names:
            raise UsageError(
                f"{self.name} has no label {label!r}; it has "
                f"{', '.join(self.label_names)}."
            )
        gone = self.label_names.index(label)
        kept = self.select(i for i, y in enumerate(self.labels) if y != gone)
        return replace(
            kept,
            labels=tuple(y - (y > gone) for y in kept.labels),
            label_names=tuple(name for name in self.label_names if name != label),
        )

    def counts(self) -> dict[str, int]:
        """Return the number of records of each label, in the order of label_names."""
        found = np.bincount(
            np.asarray(self.labels, dtype=int), minlength=len(self.label_names)
        )
        return dict(zip(self.label_names, found.tolist(), strict=True))

    def fingerprint(self) -> str:
        """Return the SHA-256 of texts, labels and label names, as hexadecimal."""
        digest = hashlib.sha256(repr(self.label_names).encode())
        for text, label in zip(self.texts, self.labels, strict=True):
            digest.update(f"{label}\x1f{text}\x1e".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


@dataclass(frozen=True)
class TaggedDataset:
    """N sentences, each a sequence of tokens with one tag per token."""

    name: str
    tokens: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]
    tag_names: tuple[str, ...]
    notices: tuple[str, ...] = ()
    parts: tuple[str, ...] | None = (
        None  # (N,) "train", "validation" or "test", where the source says
    )

    def __post_init__(self) -> None:
        if self.parts is not None and len(self.parts) != len(self.tokens):
            raise ValueError(
                f"{self.name}: {len(self.tokens)} sentences but {len(self.parts)} "
                "parts."
            )
        for i, (tokens, tags) in enumerate(zip(self.tokens, self.tags, strict=True)):
            if len(tokens) != len(tags):
                raise ValueError(
                    f"{self.name}: sentence {i} has {len(tokens)} tokens but "
                    f"{len(tags)} tags."
                )

    def __len__(self) -> int:
        return len(self.tokens)

    def select(self, indices: Iterable[int]) -> TaggedDataset:
        """Return the sentences at ``indices``, in that order."""
        chosen = [int(i) for i in indices]
        return replace(
            self,
            tokens=tuple(self.tokens[i] for i in chosen),
            tags=tuple(self.tags[i] for i in chosen),
            parts=_pick(self.parts, chosen),
        )

    def take(self, n: int | None, seed: int = 0) -> TaggedDataset:
        """Return ``n`` random sentences, in their old order; None takes all."""
        if n is None or n >= len(self):
            return self
        chosen = np.random.default_rng(seed).permutation(len(self))[:n]
        return self.select(np.sort(chosen))

    def counts(self) -> dict[str, int]:
        """Return the number of entities of each type: of its tags ``B-type``."""
        kinds = [name[2:] for name in self.tag_names if name.startswith("B-")]
        found = Counter(tag for tags in self.tags for tag in tags)
        return {kind: found[f"B-{kind}"] for kind in kinds}
