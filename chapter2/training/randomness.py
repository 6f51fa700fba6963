"""Random state: a run draws from its own, and leaves the caller's as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from chapter2.runtime import seed_everything


@dataclass(frozen=True)
class RandomState:
    """The state of every global generator, as tensors and plain values (no pickle)."""

    tensors: dict[str, Tensor]  # torch's, one uint8 vector per device
    values: dict[str, Any]  # Python's and NumPy's, ready for JSON


def capture() -> RandomState:
    """Return the state of the generators of torch, Python and NumPy."""
    tensors = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        for index, state in enumerate(torch.cuda.get_rng_state_all()):
            tensors[f"cuda.{index}"] = state
    if torch.backends.mps.is_available():
        tensors["mps"] = torch.mps.get_rng_state()
    version, words, gauss = random.getstate()
    legacy = np.random.get_state(legacy=False)
    key = legacy["state"]["key"].tolist()
    numpy_state = {**legacy, "state": {**legacy["state"], "key": key}}
    python_state = [version, list(words), gauss]
    return RandomState(tensors, {"python": python_state, "numpy": numpy_state})


def restore(state: RandomState) -> None:
    """Put every generator back to ``state``; devices that are gone are passed over."""
    torch.set_rng_state(state.tensors["cpu"])
    for index in range(torch.cuda.device_count()):
        if f"cuda.{index}" in state.tensors:
            torch.cuda.set_rng_state(state.tensors[f"cuda.{index}"], index)
    if "mps" in state.tensors and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state.tensors["mps"])
    version, words, gauss = state.values["python"]
    random.setstate((version, tuple(words), gauss))
    legacy = state.values["numpy"]
    key = np.asarray(legacy["state"]["key"], dtype=np.uint32)
    np.random.set_state({**legacy, "state": {**legacy["state"], "key": key}})


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Seed all generators inside the block; outside it nothing has been drawn.

    Dropout knows no generator but the global one, so the loop cannot pass its own.
    """
    before = capture()
    seed_everything(seed)
    try:
        yield
    finally:
        restore(before)
