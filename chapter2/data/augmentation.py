"""More training texts from those there are, each with the label of its original.

An augmented text is a guess that the label survives a change. So each is checked, what
fails is dropped and counted, and none may equal a text of another part. Only training
records are augmented, after the split; each new one has the group of its original, so
that a later split keeps the two together.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from chapter2.data.normalise import normalise
from chapter2.data.records import TextDataset
from chapter2.data.word_changes import cut, is_fixed, is_negation
from chapter2.errors import DataError, UsageError

# (originals, candidates) -> for each pair, whether both have one label. All pairs at
# once, because a classifier is many times faster on batches.
LabelsAgree = Callable[[Sequence[str], Sequence[str]], Sequence[bool]]
WITHOUT_BLANKS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


class Operation(Protocol):
    """What makes one candidate of each text."""

    @property
    def name(self) -> str:
        """What is done, for the notice."""

    @property
    def by_words(self) -> bool:
        """Whether it needs words parted by blanks."""

    def __call__(
        self, texts: Sequence[str], rng: np.random.Generator, keep: frozenset[str]
    ) -> Sequence[str]:
        """Return one candidate per text, its words of ``keep`` unchanged."""


def same_prediction(predict: Callable[[Sequence[str]], Sequence[int]]) -> LabelsAgree:
    """Return the judge that asks a classifier, fitted on training records only."""

    def agree(originals: Sequence[str], candidates: Sequence[str]) -> list[bool]:
        pairs = zip(predict(originals), predict(candidates), strict=True)
        return [bool(one == other) for one, other in pairs]

    return agree


def augment(
    train: TextDataset,
    operations: Operation | Sequence[Operation],
    copies: int = 1,
    seed: int = 0,
    *,
    keep: Collection[str] = (),
    labels_agree: LabelsAgree | None = None,
    others: Sequence[TextDataset] = (),
) -> TextDataset:
    """Return the training records, and after them up to ``copies`` new ones of each.

    Each copy is made by one of the ``operations``, drawn at random. Dropped, and
    counted in a notice, are candidates that lost or gained a negation or a word of
    ``keep`` (words that carry the label), that ``labels_agree`` doubts, and that equal,
    after :func:`normalise`, a text of ``train`` or ``others`` (the other parts) or a
    new one. Labels and scores are those of the originals; ``seed`` decides all else.

    Raises:
        UsageError: copies is below 1, there is no operation, or one does not return a
            text for each.
        DataError: records of a test part are among them, or an operation on words
            meets texts without blanks between words.
    """
    chosen = list(operations) if isinstance(operations, Sequence) else [operations]
    _check(train, chosen, copies)
    kept = frozenset(word.lower() for word in keep)
    rng = np.random.default_rng(seed)
    seen = {normalise(text) for part in (train, *others) for text in part.texts}
    sources: list[int] = []
    texts: list[str] = []
    dropped: Counter[str] = Counter()
    for _ in range(copies):
        candidates = _candidates(train.texts, chosen, rng, kept)
        faults = _faults(train.texts, candidates, kept, labels_agree, seen)
        for i, fault in enumerate(faults):
            if fault:
                dropped[fault] += 1
            else:
                sources.append(i)
                texts.append(candidates[i])
    notice = _notice(chosen, len(texts), copies * len(train), dropped)
    return _enlarged(train, sources, texts, notice)


def check_no_crossing(train: TextDataset, *others: TextDataset) -> None:
    """Hold a training part, augmented or not, to having no text of another part.

    Raises:
        DataError: one of its texts equals, after :func:`normalise`, one of ``others``.
    """
    elsewhere = {normalise(text): part for part in others for text in part.texts}
    for i, text in enumerate(train.texts):
        if (key := normalise(text)) in elsewhere:
            raise DataError(
                f"{train.name}: training record {i} ({text[:40]!r}) also stands in "
                f"another part of {elsewhere[key].name}; split before augmenting, and "
                "give augment the other parts as others."
            )


def _check(train: TextDataset, operations: list[Operation], copies: int) -> None:
    if copies < 1 or not operations:
        raise UsageError(
            f"copies is {copies} with {len(operations)} operation(s); both must be 1 "
            "or more."
        )
    if "test" in (train.parts or ()):
        raise DataError(
            f"{train.name} has records of a test part, which are not augmented; split "
            "it and give the training part."
        )
    first = next((i for i, text in enumerate(train.texts) if unspaced(text)), None)
    by_words = [operation.name for operation in operations if operation.by_words]
    if by_words and first is not None:
        raise DataError(
            f"{train.name}: record {first} has no blanks between its words, and "
            f"{by_words[0]} needs them; use back-translation for such texts."
        )


def unspaced(text: str) -> bool:
    """Tell whether most letters are of a script without blanks, as Chinese is."""
    if text.isascii():
        return False
    letters = [unicodedata.name(c, "") for c in text if c.isalpha()]
    return 2 * sum(name.startswith(WITHOUT_BLANKS) for name in letters) > len(letters)


def _candidates(
    texts: Sequence[str],
    operations: list[Operation],
    rng: np.random.Generator,
    keep: frozenset[str],
) -> list[str]:
    """Return one candidate per text, each by an operation drawn for it."""
    drawn = rng.integers(len(operations), size=len(texts))
    found = list(texts)
    for number, operation in enumerate(operations):
        rows = np.flatnonzero(drawn == number).tolist()
        made = operation([texts[i] for i in rows], rng, keep) if rows else []
        if len(made) != len(rows):
            raise UsageError(
                f"{operation.name} returned {len(made)} texts for {len(rows)}; it must "
                "return one for each."
            )
        for i, text in zip(rows, made, strict=True):
            found[i] = text
    return found


def _faults(
    originals: Sequence[str],
    candidates: Sequence[str],
    keep: frozenset[str],
    labels_agree: LabelsAgree | None,
    seen: set[str],
) -> Iterator[str]:
    """Yield why each candidate is dropped, or nothing; ``seen`` learns those kept."""
    agreed = labels_agree(originals, candidates) if labels_agree else None
    for i, (old, new) in enumerate(zip(originals, candidates, strict=True)):
        key = normalise(new)
        if not key or key == normalise(old):
            yield "unchanged or empty"
        elif _fixed(old, keep) != _fixed(new, keep):
            yield "with another number of negations or kept words"
        elif agreed is not None and not agreed[i]:
            yield "with a label in doubt"
        elif key in seen:
            yield "equal to another text"
        else:
            seen.add(key)
            yield ""


def _fixed(text: str, keep: frozenset[str]) -> Counter[str]:
    """Count the negations, whichever they are ("is not" is "isn't"), and kept words."""
    if unspaced(text):
        return Counter({word: text.lower().count(word) for word in keep})
    fixed = [word.lower() for word in cut(text)[0] if is_fixed(word, keep)]
    return Counter("" if is_negation(word) else word for word in fixed)


def _notice(
    operations: list[Operation], added: int, made: int, dropped: Counter[str]
) -> str:
    names = "; ".join(dict.fromkeys(operation.name for operation in operations))
    lost = ", ".join(f"{count} {fault}" for fault, count in sorted(dropped.items()))
    end = f"; dropped: {lost}." if lost else "."
    return f"{added} of {made} augmented texts were added ({names}){end}"


def _enlarged(
    train: TextDataset, sources: list[int], texts: list[str], notice: str
) -> TextDataset:
    """Return ``train`` and the new texts, each as the record of its source else."""
    groups = train.groups or ("",) * len(train)
    named = tuple(g or f"{train.name} record {i}" for i, g in enumerate(groups))
    own = replace(train, groups=named)
    larger = own.select([*range(len(train)), *sources])
    return replace(
        larger, texts=(*train.texts, *texts), notices=(*train.notices, notice)
    )
