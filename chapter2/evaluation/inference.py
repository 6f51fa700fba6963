"""Asking a model, which may be a module or a plain function, without changing it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def device_of(model: Any) -> Any:
    """Return where the parameters of ``model`` are; the CPU for a plain function."""
    parameters = getattr(model, "parameters", None)
    first = next(iter(parameters()), None) if callable(parameters) else None
    return "cpu" if first is None else first.device


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Switch off gradients, and dropout where ``model`` is a module, for a while."""
    import torch

    training = bool(getattr(model, "training", False))
    if training:
        model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        if training:
            model.train()
