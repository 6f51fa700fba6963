r"""Spans of neighbouring tokens to hide, as SpanBERT draws them (Joshi et al., 2020).

A length comes from a geometric distribution cut off at 10,

.. math:: P(n) = \frac{p\,(1-p)^{n-1}}{1 - (1-p)^{10}}, \qquad n = 1, \dots, 10,

with p = 0.2: 3.8 words on average. Then a place for it is drawn, and so on until 15 %
of the tokens are hidden. A span begins and ends with a word.
"""

from __future__ import annotations

import torch
from torch import Tensor

from chapter2.objectives.masked import RATE

STOP = 0.2  # p: the chance that a span ends after each word; the paper's
LONGEST = 10  # words; the paper's


def length_distribution(stop: float = STOP, longest: int = LONGEST) -> Tensor:
    """Return the probabilities of the lengths 1 to ``longest``, (longest,) float64."""
    n = torch.arange(1, longest + 1, dtype=torch.float64)
    weights = stop * (1 - stop) ** (n - 1)
    return weights / weights.sum()


def choose_spans(
    word_ids: Tensor,
    special: Tensor,
    generator: torch.Generator,
    rate: float = RATE,
    lengths: Tensor | None = None,
) -> Tensor:
    """Return which tokens of each row are hidden, bool (B, L), in spans of words.

    As in SpanBERT's code, spans are drawn until ``rate`` of the row's tokens (rounded,
    at least one) are hidden; the last span stops there, and one that meets another
    adds only what is new.

    Args:
        word_ids: (B, L), see :func:`chapter2.objectives.masked.word_ids_of`.
        special: (B, L), True at special tokens and padding, which are never chosen.
        lengths: probabilities of the lengths 1, 2, ...; None: SpanBERT's.
    """
    table = length_distribution() if lengths is None else lengths
    rows = zip(word_ids, special, strict=True)
    return torch.stack([_row(w, s, generator, rate, table) for w, s in rows])


def _row(
    words: Tensor, special: Tensor, generator: torch.Generator, rate: float, p: Tensor
) -> Tensor:
    """Return one row of :func:`choose_spans`, bool (L,)."""
    chosen = torch.zeros_like(special)
    ordinary = words[~special].unique()
    tokens = int((~special).sum())
    budget = min(max(1, round(rate * tokens)), tokens)
    while (left := budget - int(chosen.sum())) > 0:
        length = 1 + int(torch.multinomial(p, 1, generator=generator))
        last_start = max(len(ordinary) - length, 0)
        start = int(torch.randint(last_start + 1, (1,), generator=generator))
        span = torch.isin(words, ordinary[start : start + length])
        new = (span & ~special & ~chosen).nonzero().squeeze(1)
        chosen[new[:left]] = True
    return chosen
