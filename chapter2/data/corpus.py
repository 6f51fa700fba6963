"""Running text: documents with a title, for models of language; and how to part them.

A language model that has read a test passage is measured on its memory, as a
classifier is. Passages of one article share names, dates and phrases, so an article is
not divided; and passages of two articles may share whole sentences, so documents that
have :data:`SHARED_WORDS` consecutive words in common stay together as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chapter2.data.components import Components
from chapter2.data.normalise import normalise
from chapter2.data.sentences import split_sentences
from chapter2.data.splits import PARTS, SIZE_TOLERANCE, check_fractions
from chapter2.errors import DataError

# Two texts with so many consecutive words in common are near-duplicates. It is the
# overlap by which Brown et al. (2020, appendix C) cleaned the test sets of GPT-3.
SHARED_WORDS = 13


@dataclass(frozen=True)
class Document:
    """One passage and the title of what it is from; the title may be empty."""

    title: str
    text: str

    def sentences(self) -> tuple[str, ...]:
        """Return its sentences by the rule of :mod:`chapter2.data.sentences`."""
        return split_sentences(self.text)

    def words(self) -> int:
        """Return the number of words of the text: what blanks part."""
        return len(self.text.split())


@dataclass(frozen=True)
class Corpus:
    """N documents in their order."""

    name: str
    documents: tuple[Document, ...]  # (N,)
    notices: tuple[str, ...] = ()  # what was handled while reading, one sentence each

    def __len__(self) -> int:
        return len(self.documents)

    def select(self, indices: Iterable[int]) -> Corpus:
        """Return the documents at ``indices``, in that order."""
        chosen = tuple(self.documents[int(i)] for i in indices)
        return replace(self, documents=chosen)

    def take(self, n: int | None, seed: int = 0) -> Corpus:
        """Return ``n`` random documents, in their old order; None takes all."""
        if n is None or n >= len(self):
            return self
        chosen = np.random.default_rng(seed).permutation(len(self))[:n]
        return self.select(np.sort(chosen))

    def texts(self) -> list[str]:
        """Return the documents' texts, without their titles."""
        return [document.text for document in self.documents]

    def words(self) -> int:
        """Return the number of words of all texts: what blanks part."""
        return sum(document.words() for document in self.documents)

    def counts(self) -> dict[str, int]:
        """Return the number of documents, of different titles, and of words."""
        titles = {document.title for document in self.documents} - {""}
        sizes = (len(self), len(titles), self.words())
        return dict(zip(("documents", "titles", "words"), sizes, strict=True))

    def fingerprint(self) -> str:
        """Return the SHA-256 of titles and texts, as hexadecimal."""
        digest = hashlib.sha256()
        for one in self.documents:
            record = f"{one.title}\x1f{one.text}\x1e"
            digest.update(record.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


@dataclass(frozen=True)
class CorpusSplit:
    """The three parts of a corpus, and what was noticed while parting it."""

    train: Corpus
    validation: Corpus
    test: Corpus
    notices: tuple[str, ...] = ()


def split_corpus(
    corpus: Corpus, fractions: Sequence[float] = (0.9, 0.05, 0.05), seed: int = 0
) -> CorpusSplit:
    """Part ``corpus`` into train, validation and test by ``fractions`` of its words.

    No title stands in two parts, nor do two texts with :data:`SHARED_WORDS`
    consecutive words in common (both compared after :func:`normalise`). Each document
    stands in exactly one part, in its old order. The result depends on the corpus and
    ``seed`` alone. A fraction of 0 leaves that part empty.

    Raises:
        UsageError: the fractions are not three shares that sum to 1.
        DataError: there are fewer independent documents than parts.
    """
    shares = check_fractions(fractions)
    units = together(corpus.documents)
    wanted = [part for part in range(3) if shares[part] > 0]
    if len(units) < len(wanted):
        raise DataError(
            f"{corpus.name}: the {len(corpus)} document(s) form {len(units)} "
            "independent unit(s), because those of one title or with common passages "
            f"stay together, and {len(wanted)} parts need at least {len(wanted)}; add "
            "documents of other titles."
        )
    words = [document.words() for document in corpus.documents]
    sizes = [max(1, sum(words[i] for i in unit)) for unit in units]
    order = np.random.default_rng(seed).permutation(len(units)).tolist()
    parts = _deal(sizes, shares, order)
    members = [sorted(i for unit in part for i in units[unit]) for part in parts]
    train, validation, test = (corpus.select(part) for part in members)
    notices = _joined(units) + _off(parts, sizes, shares)
    return CorpusSplit(train, validation, test, tuple(notices))


def together(documents: Sequence[Document]) -> list[list[int]]:
    """Return the documents that must not be parted, as lists of indices."""
    components = Components(len(documents))
    components.join_equal([normalise(one.title) or None for one in documents])
    numbers: dict[str, int] = {}  # word -> number: tuples of numbers hash alike always
    owner: dict[int, int] = {}  # hash of a run of words -> the first text that has it
    for i, document in enumerate(documents):
        words = normalise(document.text).split()
        ids = [numbers.setdefault(word, len(numbers)) for word in words]
        for start in range(max(1, len(ids) - SHARED_WORDS + 1)):
            run = hash(tuple(ids[start : start + SHARED_WORDS]))
            components.join(i, owner.setdefault(run, i))
    return components.units()


def _deal(
    sizes: Sequence[int], shares: np.ndarray, order: Sequence[int]
) -> tuple[list[int], list[int], list[int]]:
    """Return the units of train, validation and test; train has what the others leave.

    A part takes units in the seeded ``order`` as long as each brings it nearer to its
    share. Where none does, it takes the smallest, so that it is not empty.
    """
    left, total = list(order), sum(sizes)
    parts: list[list[int]] = [[], [], []]
    later = int((shares > 0).sum())  # parts that still need a unit
    for part in (1, 2):
        lacking = shares[part] * total
        if lacking == 0:
            continue
        later -= 1
        for unit in left:
            spare = len(left) - len(parts[part]) > later
            if spare and sizes[unit] < 2 * lacking:
                parts[part].append(unit)
                lacking -= sizes[unit]
        parts[part] = parts[part] or [min(left, key=lambda unit: sizes[unit])]
        taken = set(parts[part])
        left = [unit for unit in left if unit not in taken]
    return left, parts[1], parts[2]


def _joined(units: Sequence[Sequence[int]]) -> list[str]:
    """Say how many documents stay with another one."""
    kept = sum(len(unit) for unit in units if len(unit) > 1)
    if not kept:
        return []
    return [
        f"{kept} documents share their title, or {SHARED_WORDS} consecutive words, "
        "with another one; each stays in the part of that one."
    ]


def _off(
    parts: Sequence[Sequence[int]], sizes: Sequence[int], shares: np.ndarray
) -> list[str]:
    """Say which parts are off their fraction, as large units make them."""
    held = np.array([sum(sizes[unit] for unit in part) for part in parts])
    actual = held / held.sum()
    return [
        f"The {PARTS[p]} part holds {actual[p]:.1%} of the words instead of "
        f"{shares[p]:.1%}, because documents that belong together are not divided."
        for p in range(3)
        if abs(actual[p] - shares[p]) > SIZE_TOLERANCE
    ]
