"""Causal language modelling: each token is predicted from those to its left."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from chapter2.objectives.classification import IGNORE_INDEX, call, cross_entropy_sum


def causal_loss(
    logits: Tensor, input_ids: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    r"""Return the summed negative log-likelihood in nats, and the number of targets.

    .. math:: \ell = -\sum_{t=1}^{L-1} \log p(x_{t+1} \mid x_1, \dots, x_t)

    The shift happens here and only here: the logits at position t are those of the
    token at t + 1. The first token has no left context, the last logits no target.

    Args:
        logits: (B, L, V), those of a model in which position t sees 1..t only.
        input_ids: (B, L), not shifted.
        mask: (B, L), 1 at real tokens, 0 at padding; None where there is no padding.
    """
    targets = input_ids[:, 1:]  # (B, L) -> (B, L-1)
    if mask is not None:
        # a target counts if it and the token that it is predicted from are real
        real = (mask[:, 1:] != 0) & (mask[:, :-1] != 0)
        targets = torch.where(real, targets, IGNORE_INDEX)
    return cross_entropy_sum(logits[:, :-1], targets)


def causal_lm(model: nn.Module, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return ``(loss_sum, count)`` of a causal ``model`` on ``input_ids`` (B, L).

    ``attention_mask`` (B, L), where the batch has one, says what is padding. It stands
    to the right of the text, where no real token can see it, so the loss needs it and
    the model does not.
    """
    ids = batch["input_ids"]
    logits = call(model, {"input_ids": ids})  # (B, L, V)
    return causal_loss(logits, ids, batch.get("attention_mask"))
