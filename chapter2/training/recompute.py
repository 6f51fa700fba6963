"""Gradient checkpointing: memory for time (Chen et al., 2016).

The forward pass keeps each layer's input alone; the backward pass computes the layer
again, with the same dropout, to have what lies between. That is one more forward pass,
about a third more work per step, and of L layers' activations those of one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint

from chapter2.errors import UsageError


@contextmanager
def recomputing(model: nn.Module, wanted: bool) -> Iterator[None]:
    """Let the layers of ``model`` recompute in training, inside the block, if wanted.

    The switch is that of transformers' layers; our own short way
    (:mod:`chapter2.models.fast_bert`) goes by it too. It is set on the layers, since
    the model's own ``gradient_checkpointing_enable`` also leaves a hook on the
    embeddings, which only torch's older, reentrant way has need of.

    Raises:
        UsageError: the model has no layer with such a switch.
    """
    layers = _layers_of(model) if wanted else []
    for layer in layers:
        layer._gradient_checkpointing_func = partial(checkpoint, use_reentrant=False)
        layer.gradient_checkpointing = True
    try:
        yield
    finally:
        for layer in layers:
            layer.gradient_checkpointing = False


def _layers_of(model: nn.Module) -> list[Any]:
    from transformers.modeling_layers import GradientCheckpointingLayer

    layers = [m for m in model.modules() if isinstance(m, GradientCheckpointingLayer)]
    if not layers:
        raise UsageError(
            f"checkpointing is True, but {type(model).__name__} has no layers that "
            "could be recomputed; set it to False, or use a transformers model."
        )
    return layers
