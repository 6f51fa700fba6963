"""The loss of a tagger that ends in a CRF: sentences, not tokens, are its targets."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from chapter2.objectives.classification import IGNORE_INDEX, without_labels


def crf_likelihood(
    model: nn.Module, batch: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the sum of -log p(y) over the B sentences of a batch, and B.

    Args:
        model: gives emissions (B, L, T) and has a :class:`chapter2.models.crf.CRF` as
            ``crf``.
        batch: what the model takes by name, and ``labels`` (B, L) beside it,
            ``IGNORE_INDEX`` at the padding and there alone.
    """
    labels = batch["labels"]
    emissions = model(**without_labels(batch))
    losses = model.crf(emissions, labels, labels != IGNORE_INDEX)  # type: ignore[operator]
    return losses.sum(), torch.tensor(len(losses), device=losses.device)
