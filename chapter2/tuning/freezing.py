"""Full fine-tuning, head only, and BitFit: the model stays as it is, parts are frozen.

The head (classifier and pooler, which stands between the encoder and the classifier)
is trained by every method: for a new task it is new.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from chapter2.training.method import FULL, Method
from chapter2.tuning.bert import freeze_encoder


@dataclass(frozen=True)
class FullOptions:
    """Full fine-tuning has no options."""


@dataclass(frozen=True)
class HeadOptions:
    """Training the head alone has no options."""


@dataclass(frozen=True)
class BitFitOptions:
    """BitFit has no options."""


class Head(Method):
    """The head alone: the encoder's features are taken as they are."""

    name = "head"


class BitFit(Method):
    """The biases of all layers, and the head."""

    name = "bitfit"


def full(model: nn.Module, options: FullOptions, seed: int) -> tuple[nn.Module, Method]:
    """Train everything (Devlin et al., 2019, section 4)."""
    return model, FULL


def head(model: nn.Module, options: HeadOptions, seed: int) -> tuple[nn.Module, Method]:
    """Train classifier and pooler on a frozen encoder."""
    return freeze_encoder(model, "head"), Head()


def bitfit(
    model: nn.Module, options: BitFitOptions, seed: int
) -> tuple[nn.Module, Method]:
    """Train the biases and the head (Ben Zaken et al., 2022).

    The biases of the LayerNorms are biases too, as in the paper's code.
    """
    frozen = freeze_encoder(model, "bitfit")
    for name, parameter in frozen.named_parameters():
        if name.endswith("bias"):
            parameter.requires_grad_(True)
    return frozen, BitFit()
