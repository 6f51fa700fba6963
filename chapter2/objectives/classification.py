"""Cross-entropy over C classes, as a sum and a count, so that sums can be added."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

IGNORE_INDEX = -100  # a label that is no target: padding, or "not asked"


def cross_entropy_sum(
    logits: Tensor, labels: Tensor, ignore_index: int = IGNORE_INDEX
) -> tuple[Tensor, Tensor]:
    r"""Return the summed cross-entropy in nats, and the number of targets it is over.

    .. math:: \ell = \sum_{i:\,y_i \ne \text{ignore}}
              \Bigl(\log \sum_{c=1}^{C} e^{z_{ic}} - z_{i y_i}\Bigr)

    The sum and the count, and not their quotient, because only these add up: the mean
    over several batches is (sum of sums) / (sum of counts), whatever their sizes.

    Args:
        logits: (B, C), or (B, L, C) for one prediction per token; half precision is
            raised to fp32 first, since its sums lose digits.
        labels: (B,) or (B, L), in 0..C-1, or ``ignore_index`` where there is no target.

    Returns:
        Two scalars on the device of ``logits``: the sum (differentiable), the count.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    if logits.shape[:-1] != labels.shape:
        raise ValueError(
            f"logits {tuple(logits.shape)} need labels of shape "
            f"{tuple(logits.shape[:-1])}, not {tuple(labels.shape)}."
        )
    if logits.dtype in (torch.bfloat16, torch.float16):
        logits = logits.float()
    # (B, L, C) -> (B * L, C): each token is a target of its own
    flat, targets = logits.reshape(-1, logits.shape[-1]), labels.reshape(-1)
    loss = F.cross_entropy(flat, targets, ignore_index=ignore_index, reduction="sum")
    return loss, (targets != ignore_index).sum()


def call(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the logits that ``model`` itself gives for its inputs by name."""
    output = model(**inputs)
    return getattr(output, "logits", output)  # ours return the tensor itself


def classification(
    model: nn.Module,
    batch: Mapping[str, Tensor],
    logits_of: Callable[[nn.Module, Mapping[str, Tensor]], Tensor] = call,
) -> tuple[Tensor, Tensor]:
    """Return ``(loss_sum, count)`` of one batch of labelled records.

    The labels are kept from the model: a ``transformers`` model that sees them computes
    a loss of its own, a second time.

    Args:
        batch: what the model takes by name, and ``labels`` (B,) beside it.
        logits_of: how the logits are computed; another way to the same numbers.
    """
    return cross_entropy_sum(logits_of(model, without_labels(batch)), batch["labels"])


def without_labels(batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what the model sees of ``batch``: all but the labels."""
    return {name: value for name, value in batch.items() if name != "labels"}
