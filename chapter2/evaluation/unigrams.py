"""The unigram baseline: how often each token occurs, whatever stands around it.

It is the least that a language model must beat, by each measure. It looks at no other
token, so its perplexity and its pseudo-perplexity are one number, and its masked
accuracy is the share of the most frequent token among those that are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Unigram:
    """A distribution over V tokens, callable as each kind of language model is."""

    log_probabilities: np.ndarray  # (V,) float32

    def __call__(self, input_ids: Tensor, positions: Tensor | None = None) -> Tensor:
        """Return log p as logits: (B, L, V), or (M, V) at the ``positions`` (B, L)."""
        import torch

        row = torch.from_numpy(self.log_probabilities).to(input_ids.device)
        if positions is None:
            return row.expand(*input_ids.shape, -1)  # a view: no copies
        return row.expand(int(positions.sum()), -1)

    @property
    def best(self) -> int:
        """The most frequent token, the guess at every mask."""
        return int(self.log_probabilities.argmax())


def unigram(ids: ArrayLike, vocab_size: int, add: float = 1.0) -> Unigram:
    """Return the unigram model of training tokens ``ids``, of any shape.

    p(w) = (c(w) + add) / (T + add V): ``add`` (Laplace) leaves no token impossible.

    Raises:
        UsageError: ``add`` is not above 0.
        DataError: there is no token, or one outside 0 .. V-1.
    """
    tokens = np.asarray(ids, dtype=np.int64).ravel()
    if add <= 0:
        raise UsageError(f"add is {add}; set it above 0, as a zero count is not never.")
    if not len(tokens) or tokens.min() < 0 or tokens.max() >= vocab_size:
        raise DataError(
            f"A unigram model needs token ids in 0 to {vocab_size - 1}; these "
            f"{len(tokens)} are none, or go beyond."
        )
    counts = np.bincount(tokens, minlength=vocab_size) + add
    return Unigram(np.log(counts / counts.sum()).astype(np.float32))
