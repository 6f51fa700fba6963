"""Folders in Hugging Face's layout, read and written: config.json, model.safetensors.

Our parameters have names of their own, for readers. A function from each of our names
to theirs is all that is needed in both directions: one name, or several whose tensors
are stacked in ours (queries, keys and values).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from chapter2.errors import ModelError
from chapter2.models.checkpoint import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WEIGHTS = "model.safetensors"
TheirNames = Callable[[str], Sequence[str]]  # our name -> theirs, to be stacked


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Return all tensors of the folder's safetensors files, by their names there.

    Raises:
        ModelError: there is no such file, or it is cut off.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        raise ModelError(
            f"{folder} has no {WEIGHTS}; save the model with save_pretrained, which "
            "writes one (pickled weights are not read)."
        )
    found: dict[str, Tensor] = {}
    try:
        for path in files:
            found |= load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"The weights in {folder} are cut off or damaged; fetch or save them again."
        ) from error
    return found


def to_theirs(tensors: Mapping[str, Tensor], names: TheirNames) -> dict[str, Tensor]:
    """Return our tensors under their names; stacked ones are taken apart."""
    found: dict[str, Tensor] = {}
    for ours, tensor in tensors.items():
        theirs = names(ours)
        # (3 D, ...) -> three times (D, ...)
        found |= zip(theirs, tensor.chunk(len(theirs)), strict=True)
    return found


def to_ours(
    stored: Mapping[str, Tensor],
    wanted: Mapping[str, Tensor],
    names: TheirNames,
    where: Path,
) -> dict[str, Tensor]:
    """Return what ``stored`` has of ``wanted``, in fp32, under our names.

    Raises:
        ModelError: a tensor is not of the size that is wanted.
    """
    found = {}
    for ours, like in wanted.items():
        theirs = names(ours)
        if not all(name in stored for name in theirs):
            continue
        tensor = torch.cat([stored[name] for name in theirs]).to(like.dtype)
        if tensor.shape != like.shape:
            raise ModelError(
                f"{theirs[0]} in {where} has the shape {tuple(tensor.shape)}, and "
                f"config.json asks for {tuple(like.shape)}; the two belong to "
                "different models."
            )
        found[ours] = tensor
    return found


def require(
    config: Mapping[str, Any], expected: Mapping[str, Any], where: Path
) -> None:
    """Raise ModelError where a setting is stated that our model does not have."""
    for key, value in expected.items():
        if config.get(key, value) != value:
            raise ModelError(
                f"{where / 'config.json'} says {key} = {config[key]!r}, and this model "
                f"knows {value!r} only; load it with transformers."
            )


def write_folder(
    folder: str | os.PathLike[str],
    config: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    tokenizer: PreTrainedTokenizerBase | None,
) -> Path:
    """Write config, weights and tokenizer to ``folder``, made if need be.

    Raises:
        ModelError: the folder cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    target = Path(folder)
    whole = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
    try:
        target.mkdir(parents=True, exist_ok=True)
        text = json.dumps(config, indent=2, sort_keys=True) + "\n"
        (target / "config.json").write_text(text, encoding="utf-8")
        save_file(whole, target / WEIGHTS, metadata={"format": "pt"})
        if tokenizer is not None:
            with quiet():
                tokenizer.save_pretrained(target)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{target} cannot be written ({error}); give another folder or make room."
        ) from error
    return target
