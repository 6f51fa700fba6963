"""Gradual unfreezing with layer-wise learning rates (Howard and Ruder, 2018).

The model is cut into K parts from the top: head, last layer, ..., first layer,
embeddings. Training starts with the head alone and thaws one part after another, so
that a new head's large gradients do not first disturb what was pretrained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from chapter2.errors import UsageError
from chapter2.training.method import Method
from chapter2.training.optimizer import decay_groups
from chapter2.training.plan import Step
from chapter2.tuning.bert import freeze_encoder


@dataclass(frozen=True)
class GradualOptions:
    """How much slower each part learns than the one above it."""

    # the paper divides by 2.6 for its LSTM; Sun et al. (2019) find 0.95 best for BERT
    decay: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.decay <= 1:
            raise UsageError(
                f"decay is {self.decay}; it must be above 0 and at most 1."
            )


def parts(model: Any) -> list[list[nn.Parameter]]:
    """Return the parameters of the K parts, the head first, the embeddings last."""
    layers = [list(layer.parameters()) for layer in model.base_model.encoder.layer]
    below = [*reversed(layers), list(model.base_model.embeddings.parameters())]
    taken = {id(p) for part in below for p in part}
    return [[p for p in model.parameters() if id(p) not in taken], *below]


def thawed(number: int, total: int, count: int) -> int:
    """Return how many of ``count`` parts are trained in step ``number`` from 0.

    Each part thaws after an equal share of the run. The paper thaws one per epoch; here
    the whole is tied to the steps, since BERT is trained for fewer epochs than it has
    layers.
    """
    return min(count, 1 + number * count // total)


class Gradual(Method):
    """Thaws from the top; lower parts take smaller steps."""

    name = "gradual"

    def __init__(self, decay: float) -> None:
        self.decay = decay

    def groups(self, model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
        """Return all parts from the start, with their scale of the learning rate.

        Part k from the top learns with :math:`\\eta_k = \\eta\\,\\mathrm{decay}^k`.
        Matrices decay; biases, LayerNorms and the tables of the embeddings do not.
        """
        return [
            group
            for k, part in enumerate(parts(model))
            # eta_k = eta * decay^k
            for group in decay_groups(model, part, weight_decay, scale=self.decay**k)
        ]

    def before_step(self, model: nn.Module, step: Step, total: int) -> None:
        """Thaw what this step trains, and freeze the rest: it follows from the step."""
        found = parts(model)
        count = thawed(step.number, total, len(found))
        for k, part in enumerate(found):
            for parameter in part:
                parameter.requires_grad_(k < count)


def apply(
    model: nn.Module, options: GradualOptions, seed: int
) -> tuple[nn.Module, Method]:
    """Return the model as it is, and the method that thaws it.

    Raises:
        ModelError: the model is no BERT classifier.
    """
    # trainable at first: DistributedDataParallel joins what is so when it wraps
    whole = freeze_encoder(model, "gradual").requires_grad_(True)
    return whole, Gradual(options.decay)
