"""Operations on the words of a text that its label is hoped to survive.

J. Wei and K. Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on
Text Classification Tasks", EMNLP 2019: synonym replacement, random insertion, random
swap, random deletion. A text of l words has n = max(1, floor(share * l)) of them
changed; in deletion each word goes with probability ``share``. Departures from the
paper: negations and kept words stay, punctuation and capitals too, and the proposed
words are of one topic (:mod:`chapter2.data.word_groups`), not WordNet's synonyms.
What stays is the word; a swap may still bring another word within reach of a "not".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chapter2.data.word_changes import (
    MaskedLM,
    changed,
    cut,
    draw,
    is_fixed,
    is_topical,
    paste,
    replace_words,
)
from chapter2.data.word_groups import WordGroups


@dataclass(frozen=True)
class SynonymReplacement:
    """Replace words by others of their topic, one the masked LM finds likely there.

    Of the ``nearest`` words those stay with p(word) >= at_least * p(original), both
    as the masked LM gives them in that place. An original that it does not list counts
    as its least likely word. Without a masked LM the words are unfiltered: few fit.
    Words are looked up as they stand; no inflection is made or undone.
    """

    groups: WordGroups
    masked_lm: MaskedLM | None = None
    share: float = 0.1  # of the words; the paper's alpha
    at_least: float = 0.1  # of the original's probability; a tenth allows rarer words
    nearest: int = 50  # words of the topic: beyond, they share one large group only
    by_words = True

    @property
    def name(self) -> str:
        """What is done, and whether its words were filtered."""
        return "synonym replacement" + (", unfiltered" if not self.masked_lm else "")

    def __call__(
        self, texts: Sequence[str], rng: np.random.Generator, keep: frozenset[str]
    ) -> list[str]:
        """Return one candidate per text."""

        def usable(word: str) -> bool:
            return bool(self.groups.related(word, 1))

        return replace_words(texts, rng, keep, self.share, usable, self._propose)

    def _propose(self, masked: list[str], olds: list[str]) -> list[Mapping[str, float]]:
        related = [self.groups.related(old, self.nearest) for old in olds]
        if self.masked_lm is None:
            return [dict.fromkeys(words, 1.0) for words in related]
        found = self.masked_lm(masked)
        return [self._likely(*each) for each in zip(olds, related, found, strict=True)]

    def _likely(
        self, old: str, related: Sequence[str], p: Mapping[str, float]
    ) -> dict[str, float]:
        floor = self.at_least * p.get(old.lower(), min(p.values(), default=0.0))
        return {word: 1.0 for word in related if word in p and p[word] >= floor}


@dataclass(frozen=True)
class RandomInsertion:
    """Insert, n times, a word of the topic of some word at a random place.

    The words are unfiltered: with no original in the place, none is to be matched.
    """

    groups: WordGroups
    share: float = 0.1  # of the words; the paper's alpha
    nearest: int = 10  # words of the topic: no model looks at them, so the nearest
    name = "random insertion, unfiltered"
    by_words = True

    def __call__(
        self, texts: Sequence[str], rng: np.random.Generator, keep: frozenset[str]
    ) -> list[str]:
        """Return one candidate per text."""
        return [self._insert(text, rng, keep) for text in texts]

    def _insert(self, text: str, rng: np.random.Generator, keep: frozenset) -> str:
        words, gaps = cut(text)
        near = [
            [
                w
                for w in self.groups.related(word, self.nearest)
                if not is_fixed(w, keep)
            ]
            for word in words
            if is_topical(word, keep)
        ]
        near = [found for found in near if found]
        for _ in range(changed(self.share, len(words)) if near else 0):
            found = near[rng.integers(len(near))]
            place = int(rng.integers(len(words) + 1))
            # the last place is before the closing sign, which the last gap holds
            gaps.insert(min(place + 1, len(words)), " ")
            words.insert(place, found[rng.integers(len(found))])
        return paste(words, gaps)


@dataclass(frozen=True)
class RandomSwap:
    """Exchange, n times, two words; the signs between them stay where they are."""

    share: float = 0.1  # of the words; the paper's alpha
    name = "random swap"
    by_words = True

    def __call__(
        self, texts: Sequence[str], rng: np.random.Generator, keep: frozenset[str]
    ) -> list[str]:
        """Return one candidate per text."""
        return [self._swap(text, rng, keep) for text in texts]

    def _swap(self, text: str, rng: np.random.Generator, keep: frozenset) -> str:
        words, gaps = cut(text)
        free = [i for i, word in enumerate(words) if not is_fixed(word, keep)]
        for _ in range(changed(self.share, len(words)) if len(free) > 1 else 0):
            i, j = draw(rng, free, 2)
            words[i], words[j] = words[j], words[i]
        return paste(words, gaps)


@dataclass(frozen=True)
class RandomDeletion:
    """Delete each word with probability ``share``; one word at least is left."""

    share: float = 0.1  # probability of a word to go; the paper's alpha
    name = "random deletion"
    by_words = True

    def __call__(
        self, texts: Sequence[str], rng: np.random.Generator, keep: frozenset[str]
    ) -> list[str]:
        """Return one candidate per text."""
        return [self._delete(text, rng, keep) for text in texts]

    def _delete(self, text: str, rng: np.random.Generator, keep: frozenset) -> str:
        words, gaps = cut(text)
        goes = rng.random(len(words)) < self.share
        goes &= np.array([not is_fixed(word, keep) for word in words], dtype=bool)
        if words and goes.all():
            goes[rng.integers(len(words))] = False
        for i in reversed(np.flatnonzero(goes).tolist()):
            del words[i]
            before, after = gaps[i : i + 2]
            # "a big, red dog" without "big" is "a, red dog"
            joined = before.rstrip() + after if i else before + after.lstrip()
            gaps[i : i + 2] = [joined]
        return paste(words, gaps)
