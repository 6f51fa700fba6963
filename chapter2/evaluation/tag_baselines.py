"""What a tagger must beat: each word's usual tag, and a list of known names.

Both know only what stood in training. The list is the baseline of the CoNLL-2003 shared
task (Tjong Kim Sang and De Meulder, 2003), the longest match first, and with every name
kept it gives the figures that they published (a test holds it to them). They write of
names with one type only; the figures come out if each has its most frequent one.

Shapes: N sentences of L tokens.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chapter2.data.records import TaggedDataset
from chapter2.evaluation.tagging import entities

OUTSIDE = "O"
Sentences = Sequence[Sequence[str]]
Name = tuple[str, ...]


def _most(counts: Counter[str]) -> str:
    """Return what was counted most often; of equal ones the first by name."""
    return min(counts, key=lambda key: (-counts[key], key))


@dataclass(frozen=True)
class UsualTag:
    """The most frequent tag of each word of the training sentences, else O."""

    tags: Mapping[str, str]

    @classmethod
    def fit(cls, train: TaggedDataset) -> UsualTag:
        """Count the tags of each word."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for tokens, tags in zip(train.tokens, train.tags, strict=True):
            for token, tag in zip(tokens, tags, strict=True):
                counts[token][tag] += 1
        return cls({word: _most(found) for word, found in counts.items()})

    def predict(self, sentences: Sentences) -> list[tuple[str, ...]]:
        """Return the tags of each sentence; they need not be BIO."""
        return [
            tuple(self.tags.get(token, OUTSIDE) for token in sentence)
            for sentence in sentences
        ]


@dataclass(frozen=True)
class Gazetteer:
    """Names with their types, looked up from left to right, the longest first."""

    kinds: Mapping[Name, str]
    lengths: Mapping[str, tuple[int, ...]]  # of the names by first token, long first

    @classmethod
    def fit(cls, train: TaggedDataset, least: float = 0.0) -> Gazetteer:
        """Collect the names of ``train``, each with its most frequent type.

        ``least``: of its matches in ``train`` so large a share must be right for a name
        to be kept; 0 keeps all. A name that is also a common word fails it.
        """
        right = entities(train.tags)
        types: dict[Name, Counter[str]] = defaultdict(Counter)
        for kind, row, start, end in right:
            types[tuple(train.tokens[row][start:end])][kind] += 1
        made = cls.of({name: _most(found) for name, found in types.items()})
        matched, good = Counter[Name](), Counter[Name]()
        for match in made.matches(train.tokens):
            _, row, start, end = match
            name = tuple(train.tokens[row][start:end])
            matched[name] += 1
            good[name] += match in right
        return cls.of(
            {n: k for n, k in made.kinds.items() if good[n] >= least * matched[n]}
        )

    @classmethod
    def of(cls, kinds: Mapping[Name, str]) -> Gazetteer:
        """Return the list of the names ``kinds``, each with its type."""
        lengths: dict[str, set[int]] = defaultdict(set)
        for name in kinds:
            lengths[name[0]].add(len(name))
        order = {
            first: tuple(sorted(some, reverse=True)) for first, some in lengths.items()
        }
        return cls(kinds, order)

    def matches(self, sentences: Sentences) -> list[tuple[str, int, int, int]]:
        """Return what is found: type, sentence, first token, one past the last."""
        found = []
        for row, sentence in enumerate(sentences):
            at = 0
            while at < len(sentence):
                length = self._length(sentence, at)
                if length:
                    name = tuple(sentence[at : at + length])
                    found.append((self.kinds[name], row, at, at + length))
                at += max(1, length)
        return found

    def _length(self, sentence: Sequence[str], at: int) -> int:
        """Return the length of the longest name that begins at ``at``, 0 for none."""
        for length in self.lengths.get(sentence[at], ()):
            name = tuple(sentence[at : at + length])
            if len(name) == length and name in self.kinds:  # not cut at the end
                return length
        return 0

    def predict(self, sentences: Sentences) -> list[tuple[str, ...]]:
        """Return the tags of each sentence."""
        tags = [[OUTSIDE] * len(sentence) for sentence in sentences]
        for kind, row, start, end in self.matches(sentences):
            tags[row][start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
        return [tuple(row) for row in tags]
