"""What the models share beside attention: first weights, sizes and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import nn

from chapter2.errors import UsageError

Config = TypeVar("Config")


def named_size(presets: Mapping[str, Config], name: str, **changes: Any) -> Config:
    """Return the sizes ``name`` with ``changes``.

    Raises:
        UsageError: there are no such sizes.
    """
    if name not in presets:
        raise UsageError(f"There is no size {name!r}; use {', '.join(presets)}.")
    found: Any = presets[name]
    return replace(found, **changes)


def initialise(
    model: nn.Module, std: float, seed: int, added: tuple[str, ...] = (), depth: int = 1
) -> None:
    """Draw all weights from a normal of deviation ``std``; biases become 0.

    LayerNorms (gain 1, bias 0) and bare parameters are made as they should be.

    Args:
        added: ends of the names of modules whose output is added to a running state;
            theirs are drawn smaller by 1 / sqrt(depth), so that ``depth`` of them add
            up to what one would be.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, module in model.named_modules():
        if isinstance(module, (nn.Linear, nn.Embedding)):
            shrink = depth**0.5 if added and name.endswith(added) else 1.0
            nn.init.normal_(module.weight, 0.0, std / shrink, generator)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


def check_sizes(config: Any) -> None:
    """Raise UsageError if a BertConfig or GPTConfig describes no model."""
    for name in ("vocab_size", "width", "layers", "heads", "inner", "positions"):
        value = getattr(config, name)
        if not isinstance(value, int) or value < 1:
            raise UsageError(f"{name} is {value!r}; set it to a number from 1 on.")
    for name in ("dropout", "attention_dropout"):
        value = getattr(config, name)
        if not 0 <= value < 1:
            raise UsageError(f"{name} is {value}; set it to 0 or more, and below 1.")
    if config.width % config.heads:
        raise UsageError(
            f"width {config.width} cannot be shared by {config.heads} heads; choose a "
            "multiple."
        )


def check_length(length: int, positions: int) -> None:
    """Raise UsageError if a text is longer than the model's table of positions."""
    if length > positions:
        raise UsageError(
            f"The text has {length} tokens and the model reads {positions}; cut it, or "
            "choose a model with more positions."
        )
