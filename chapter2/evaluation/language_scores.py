"""What a language model's measures come to: per token, per word, per byte.

How the numbers arise, and which may be compared, stands in
:mod:`chapter2.evaluation.language_models`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chapter2.errors import UsageError
from chapter2.evaluation.intervals import Interval, wilson_interval


@dataclass(frozen=True)
class TextSize:
    """One text in tokens, words and bytes: what a value per token is spread over."""

    tokens: int  # of the tokenizer at hand, those between documents included
    words: int  # what blanks part
    bytes: int  # in UTF-8, as the text was before any tokenizer changed it

    @classmethod
    def of(cls, texts: Sequence[str], tokens: int) -> TextSize:
        """Return the size of ``texts``, which some tokenizer made ``tokens`` of."""
        words = sum(len(text.split()) for text in texts)
        return cls(tokens, words, sum(len(text.encode()) for text in texts))


@dataclass(frozen=True)
class LanguageScore:
    """The surprise at N sequences, in nats (natural logarithms)."""

    measure: str  # "perplexity" or "pseudo-perplexity"
    nats: np.ndarray  # (N,) float64, -log p summed over each sequence's scored tokens
    counts: np.ndarray  # (N,) int64, its scored tokens
    size: TextSize | None = None  # of the text, for the values per word and byte

    @property
    def cross_entropy(self) -> float:
        """Nats per token."""
        return float(self.nats.sum() / self.counts.sum())

    @property
    def value(self) -> float:
        """The (pseudo-)perplexity per token: exp of the cross-entropy."""
        return math.exp(self.cross_entropy)

    @property
    def per_word(self) -> float:
        """The (pseudo-)perplexity per word; UsageError without a size."""
        size = self._sized()
        return math.exp(self.cross_entropy * size.tokens / size.words)

    @property
    def bits_per_byte(self) -> float:
        """Bits per byte of the text, the rate of a compressor; see ``per_word``."""
        size = self._sized()
        return self.cross_entropy * size.tokens / size.bytes / math.log(2)

    def interval(
        self, resamples: int = 1000, level: float = 0.95, seed: int = 0
    ) -> Interval:
        """Return the value per token with its bootstrap interval over sequences.

        Sequences are drawn and not tokens: neighbouring tokens depend on each other.
        """
        draws = np.random.default_rng(seed)
        size = len(self.nats)
        found = np.empty(resamples)
        for i in range(resamples):
            chosen = draws.integers(size, size=size)
            found[i] = self.nats[chosen].sum() / self.counts[chosen].sum()
        ends = np.quantile(np.exp(found), [(1 - level) / 2, (1 + level) / 2])
        return Interval(self.value, float(ends[0]), float(ends[1]), level, resamples)

    def _sized(self) -> TextSize:
        if self.size is None:
            raise UsageError(
                f"The {self.measure} per word needs the text's size; pass "
                "size=TextSize.of(texts, tokens)."
            )
        return self.size


@dataclass(frozen=True)
class MaskedScore:
    """How well hidden tokens were guessed."""

    correct: int  # hidden tokens that the likeliest guess hit
    count: int  # hidden tokens
    nats: float  # -log p of the hidden tokens, summed

    @property
    def accuracy(self) -> float:
        """The share of hidden tokens that were hit."""
        return self.correct / self.count

    @property
    def loss(self) -> float:
        """Nats per hidden token: what masked language modelling minimises."""
        return self.nats / self.count

    def interval(self, level: float = 0.95) -> Interval:
        """Return the accuracy with its Wilson interval, tokens taken as independent."""
        return wilson_interval(self.correct, self.count, level)
