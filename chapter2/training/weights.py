"""A model's weights as named tensors, each once, and back into the model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Return parameters and stored buffers by name; tied ones under one name only.

    The tensors are the model's own, not copies.
    """
    stored = model.state_dict().keys()  # lacks buffers that are made anew, not stored
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: tensor.detach() for name, tensor in named if name in stored}


def copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return the weights as copies in main memory."""
    return {k: v.to("cpu", copy=True) for k, v in weights_of(model).items()}


@torch.no_grad()
def load_weights(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Write ``tensors`` into the model's own; the names must be those of the model."""
    for name, tensor in weights_of(model).items():
        tensor.copy_(tensors[name])


def signature(model: nn.Module) -> dict[str, Any]:
    """Return the shape and dtype of each weight: what two equal models have equal."""
    return {
        name: [list(tensor.shape), str(tensor.dtype)]
        for name, tensor in weights_of(model).items()
    }


def are_finite(model: nn.Module) -> bool:
    """Return whether no weight is NaN or infinite (one number per tensor is read)."""
    floats = [t for t in weights_of(model).values() if t.is_floating_point()]
    # a sum is NaN or infinite where a term is; halves are summed in fp32
    sums = [t.sum(dtype=torch.promote_types(t.dtype, torch.float32)) for t in floats]
    return all(bool(torch.isfinite(total)) for total in sums)
