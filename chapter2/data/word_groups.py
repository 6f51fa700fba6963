"""Groups of words on one topic, as a thesaurus has them, and which words are near.

The words of a group share a topic, not a meaning: BEAUTY holds "good" and "rose" both.
So a word taken from a group is a proposal, which a masked language model may judge.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

# one word, without capital, blank or sign: entries of several words and names are
# never proposed, nor most of what a scanner misread
ONE_WORD = re.compile(r"[a-z]{2,}")


@dataclass(frozen=True)
class WordGroups:
    """N pairs of a word and a group that it stands in, each pair once."""

    name: str
    pairs: tuple[tuple[str, str], ...]  # (N,) of (word, group)
    notices: tuple[str, ...] = ()  # what was handled while reading, one sentence each

    def __len__(self) -> int:
        return len(self.pairs)

    def take(self, n: int | None, seed: int = 0) -> WordGroups:
        """Return ``n`` random pairs, in their old order; None takes all."""
        if n is None or n >= len(self):
            return self
        chosen = np.sort(np.random.default_rng(seed).permutation(len(self))[:n])
        return replace(self, pairs=tuple(self.pairs[i] for i in chosen))

    def counts(self) -> dict[str, int]:
        """Return the number of pairs, of different words, and of groups."""
        words, groups = (len({pair[i] for pair in self.pairs}) for i in (0, 1))
        return {"pairs": len(self), "words": words, "groups": groups}

    @cached_property
    def _index(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """The groups of each single word, and the single words of each group."""
        groups_of, words_of = defaultdict(list), defaultdict(list)
        for word, group in self.pairs:
            if ONE_WORD.fullmatch(word):
                groups_of[word].append(group)
                words_of[group].append(word)
        return dict(groups_of), dict(words_of)

    @cached_property
    def _ranked(self) -> dict[str, tuple[str, ...]]:
        return {}  # what `related` has found already

    def related(self, word: str, k: int = 50) -> tuple[str, ...]:
        """Return up to ``k`` single words that share a group with ``word``, best first.

        With G(w) the groups of w, the order is that of Dice's coefficient
        2 |G(a) and G(b)| / (|G(a)| + |G(b)|), then of the alphabet: a word that shares
        one of its hundred groups is further away than one that shares both of its two.
        The word is looked up as it stands, in small letters: "movies" is not "movie".
        """
        word = word.lower()
        if word not in self._ranked:
            self._ranked[word] = self._rank(word)
        return self._ranked[word][:k]

    def _rank(self, word: str) -> tuple[str, ...]:
        groups_of, words_of = self._index
        own = groups_of.get(word, [])
        shared = Counter(other for group in own for other in words_of[group])
        del shared[word]
        size = {other: len(own) + len(groups_of[other]) for other in shared}
        return tuple(sorted(shared, key=lambda w: (-2 * shared[w] / size[w], w)))
