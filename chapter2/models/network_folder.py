"""A network of our own in a folder: settings as JSON, weights as safetensors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from chapter2.errors import ModelError
from chapter2.models.settings_file import write_settings

WEIGHTS = "model.safetensors"


def write_network(
    folder: str | os.PathLike[str], network: nn.Module, **settings: Any
) -> Path:
    """Write ``settings`` and the weights; return the folder, made if need be.

    Raises:
        ModelError: the folder cannot be written.
    """
    from safetensors.torch import save_file

    target = write_settings(folder, **settings)
    weights = {k: v.cpu() for k, v in network.state_dict().items()}
    save_file(weights, target / WEIGHTS)
    return target


def read_network(folder: str | os.PathLike[str], network: nn.Module) -> None:
    """Give ``network`` the weights of ``folder``, bit for bit."""
    from safetensors.torch import load_file

    network.load_state_dict(load_file(Path(folder) / WEIGHTS))


@contextmanager
def reading(folder: str | os.PathLike[str], what: str) -> Iterator[None]:
    """Turn whatever goes wrong within into the one error of a folder not whole.

    Raises:
        ModelError: the folder cannot be read as ``what``.
    """
    try:
        yield
    except Exception as error:  # safetensors, torch, OSError: each its own
        why = str(error).strip().splitlines()[0].rstrip(". ")
        raise ModelError(
            f"{folder} cannot be read as {what} ({why}); copy or save the model again."
        ) from error
