"""An n-gram language model over token ids: interpolated modified Kneser-Ney smoothing.

Chen and Goodman (1998), "An Empirical Study of Smoothing Techniques for Language
Modeling", section 3. A model of order n predicts a token from the n - 1 before it:

.. math:: p(w \\mid u) = \\frac{\\max(c(uw) - D(c(uw)), 0)}{c(u\\,\\cdot)}
          + \\gamma(u)\\, p(w \\mid u')

Here u' is the context u without its first token. The highest order counts how often uw
occurs. Each lower order counts *continuations*: how many different tokens stand before
uw. The empty context leans on the uniform distribution 1 / V. One discount D for counts
of 1, one for 2, one for 3 and more, from the counts of counts of its order.

What departs from the paper: sequences get no start symbols. The first tokens of a
sequence have shorter contexts and are predicted at the order that these allow; the
start of a sequence counts as one more token that stands before what it begins with.

Shapes: B batch, L length, P positions, V vocabulary, G different k-grams of one order.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chapter2.errors import DataError, ModelError, UsageError
from chapter2.models.ngram_tables import (
    Grams,
    Table,
    continuations,
    count,
    find,
    make_table,
)

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 256  # positions whose whole distributions are made at once; bounds memory


@dataclass(frozen=True)
class KneserNey:
    """A fitted model; ``tables[k - 1]`` holds the k-grams."""

    vocab_size: int
    tables: tuple[Table, ...]

    @property
    def order(self) -> int:
        """The n of n-gram: n - 1 tokens are looked back."""
        return len(self.tables)

    def parameters_count(self) -> int:
        """Return how many numbers the model keeps: one count per k-gram."""
        return sum(len(table.keys) for table in self.tables)

    def log_probabilities(self, sequence: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return log p(token | tokens before it), natural logarithm, float64 (L,).

        Raises:
            UsageError: an id lies outside 0 to V - 1.
        """
        tokens = _checked(sequence, self.vocab_size)
        p = np.full(len(tokens), 1 / self.vocab_size)
        for k, contexts in enumerate(self._contexts(tokens), start=1):
            table, before = self.tables[k - 1], contexts[: len(tokens)]
            known = np.flatnonzero(before >= 0)  # where this context was seen
            u = before[known]
            rows = find(table.keys, u * self.vocab_size + tokens[known])
            p[known] *= table.gammas[u]
            found = rows >= 0
            p[known[found]] += table.share(rows[found], u[found])
        return np.log(p)

    def distributions(self, sequence: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return p(. | the first i tokens) for i = 0 to L, float64 (L + 1, V)."""
        tokens = _checked(sequence, self.vocab_size)
        p = np.full((len(tokens) + 1, self.vocab_size), 1 / self.vocab_size)
        for table, contexts in zip(self.tables, self._contexts(tokens), strict=True):
            known = np.flatnonzero(contexts >= 0)
            self._mix(p, table, known, contexts[known])
        return p

    def _mix(self, p: np.ndarray, table: Table, at: np.ndarray, u: np.ndarray) -> None:
        """Lay one order over the rows ``at`` of p, whose contexts are ``u``."""
        p[at] *= table.gammas[u, None]
        lengths = table.starts[u + 1] - table.starts[u]
        ends = lengths.cumsum()
        # the rows of each context's tokens, one context after the other
        rows = np.arange(lengths.sum()) + np.repeat(table.starts[u + 1] - ends, lengths)
        tokens = table.keys[rows] % self.vocab_size
        p[np.repeat(at, lengths), tokens] += table.share(rows, np.repeat(u, lengths))

    def next_logits(self, ids: Sequence[int]) -> Tensor:
        """Return log p(. | ids), float32 (V,): what generation asks for."""
        import torch

        last = list(ids)[-(self.order - 1) :] if self.order > 1 else []
        return torch.from_numpy(np.log(self.distributions(last)[-1])).float()

    def __call__(self, input_ids: Tensor) -> Tensor:
        """Return log p of what follows each position, float32 (B, L, V)."""
        import torch

        rows = [self._row(ids) for ids in input_ids.cpu().numpy()]
        return torch.from_numpy(np.stack(rows))

    def _row(self, ids: np.ndarray) -> np.ndarray:
        """Return the log distributions after each token, float32 (L, V)."""
        out = np.empty((len(ids), self.vocab_size), np.float32)
        for start in range(0, len(ids), ROWS):
            first = max(0, start - self.order + 2)  # the context of the first one
            piece = self.distributions(ids[first : start + ROWS])
            out[start : start + ROWS] = np.log(piece[1 + start - first :])
        return out

    def _contexts(self, tokens: np.ndarray) -> list[np.ndarray]:
        """Return, for k = 1 to n, the number of each position's k - 1 tokens before it.

        Each array is int64 (L + 1,), the last entry for what follows the sequence; -1
        where there are fewer tokens, or where the model never saw anything follow them.
        """
        number = np.zeros(len(tokens) + 1, np.int64)  # of the empty context
        found = [number]
        for table in self.tables[:-1]:
            # a context of -1 gives a key below 0, which no table has
            keys = number[:-1] * self.vocab_size + tokens
            number = np.concatenate(([-1], find(table.keys, keys)))
            found.append(number)
        return [
            np.where((n >= 0) & (table.totals[n] > 0), n, -1)
            for n, table in zip(found, self.tables, strict=True)
        ]

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the counts to ``folder``/ngram.npz; the rest follows from them."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {"sizes": np.array([self.vocab_size, self.order])}
        for k, table in enumerate(self.tables):
            arrays |= {f"keys{k}": table.keys, f"counts{k}": table.counts}
        np.savez_compressed(target / "ngram.npz", **arrays)
        return target


def fit(sequences: Sequence[Sequence[int]], vocab_size: int, order: int) -> KneserNey:
    """Count the sequences' k-grams for k = 1 to ``order`` and smooth them.

    Raises:
        UsageError: the order is not from 1 to 8, or an id lies outside 0 to V - 1.
        DataError: there is no token at all.
    """
    if not 1 <= order <= 8:
        raise UsageError(f"The order is {order}; an n-gram model has n from 1 to 8.")
    rows = [_checked(sequence, vocab_size) for sequence in sequences]
    tokens = np.concatenate([np.empty(0, np.int64), *rows])
    if not len(tokens):
        raise DataError("There is no token to count; give at least one text.")
    depth = np.concatenate([np.arange(len(row)) for row in rows])
    grams, number = [], np.zeros(len(tokens), np.int64)
    for k in range(1, order + 1):
        grams.append(count(number, tokens, depth, k, vocab_size))
        number = np.roll(grams[-1].number, 1)  # the context of the token after
    return _assemble(grams, depth, vocab_size)


def _assemble(grams: list[Grams], depth: np.ndarray, vocab_size: int) -> KneserNey:
    contexts, tables = 1, []
    for k, gram in enumerate(grams, start=1):
        counts = gram.occurrences
        if k < len(grams):
            counts = continuations(gram, grams[k], depth == k - 1)
        tables.append(make_table(gram.keys, counts, contexts, vocab_size))
        contexts = max(1, len(gram.keys))  # one that nothing follows, if none
    return KneserNey(vocab_size, tuple(tables))


def load_ngram(folder: str | os.PathLike[str]) -> KneserNey:
    """Return the model that :meth:`KneserNey.save` wrote.

    Raises:
        ModelError: the folder has no ngram.npz, or it is damaged.
    """
    path = Path(folder) / "ngram.npz"
    if not path.is_file():
        raise ModelError(f"{folder} has no ngram.npz; give a saved n-gram model.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            vocab_size, order = map(int, stored["sizes"])
            pairs = [(stored[f"keys{k}"], stored[f"counts{k}"]) for k in range(order)]
    except Exception as error:  # zipfile, zlib, numpy: each its own
        raise ModelError(f"{path} is cut off or damaged; fit it again.") from error
    sizes = [1, *(max(1, len(keys)) for keys, _ in pairs)]
    tables = (
        make_table(*pair, n, vocab_size) for pair, n in zip(pairs, sizes, strict=False)
    )
    return KneserNey(vocab_size, tuple(tables))


def _checked(sequence: Sequence[int] | np.ndarray, vocab_size: int) -> np.ndarray:
    tokens = np.asarray(sequence, dtype=np.int64).reshape(-1)
    if len(tokens) and not 0 <= tokens.min() <= tokens.max() < vocab_size:
        raise UsageError(
            f"Token ids go from {tokens.min()} to {tokens.max()}, outside 0 to "
            f"{vocab_size - 1}; they are of another tokenizer."
        )
    return tokens
