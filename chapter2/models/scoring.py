"""How probable a causal model finds a text.

.. math:: \\log p(w_1 \\dots w_L) = \\sum_t \\log p(w_t \\mid w_1 \\dots w_{t-1})

Shapes: L length, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from chapter2.errors import UsageError

if TYPE_CHECKING:
    from chapter2.models.causal import CausalModel


@dataclass(frozen=True)
class Scored:
    """A text's tokens and the logarithm of each one's probability."""

    tokens: tuple[str, ...]  # (L,) the scored ones
    log_probabilities: tuple[float, ...]  # (L,) natural logarithm

    @property
    def total(self) -> float:
        """log p of the text."""
        return sum(self.log_probabilities)

    @property
    def perplexity(self) -> float:
        """exp of the mean negative log probability of a token."""
        return math.exp(-self.total / len(self.log_probabilities))


@torch.inference_mode()
def token_log_probabilities(
    model: Callable[[Tensor], Any], ids: Sequence[int]
) -> Tensor:
    """Return log p(ids[t] | ids[:t]) for t = 1 to L - 1, float64 (L - 1,).

    ``model``: (1, L) ids to (1, L, V) logits, ours or transformers'. The first token
    has nothing before it and gets no score.

    Raises:
        UsageError: there are fewer than two tokens.
    """
    if len(ids) < 2:
        raise UsageError(
            f"{len(ids)} tokens leave nothing to predict; give two or more."
        )
    row = torch.as_tensor(ids, device=getattr(model, "device", None))
    output = model(row[None])
    logits = getattr(output, "logits", output)[0, :-1].double()  # (L - 1, V)
    chosen = row[1:, None]
    return logits.log_softmax(dim=-1).gather(1, chosen)[:, 0].cpu()


def score(causal: CausalModel, text: str, after: str = "<|endoftext|>") -> Scored:
    """Return the text's tokens with their log probabilities, the first one included.

    ``after``: what the text follows; SmolLM2 saw this token between two documents.

    Raises:
        UsageError: the text, or what it follows, has no token.
    """
    before, ids = causal.encode(after), causal.encode(text)
    if not before or not ids:
        raise UsageError("A score needs a text, and a token that it follows.")
    found = token_log_probabilities(causal.model, [*before, *ids])[-len(ids) :]
    names = tuple(causal.tokenizer.convert_ids_to_tokens(ids))
    return Scored(names, tuple(found.tolist()))
