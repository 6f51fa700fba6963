"""Our GPT from and to a folder that transformers reads too (GPT-2's layout)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from chapter2.errors import ModelError
from chapter2.models.checkpoint import read_config
from chapter2.models.gpt import GPT, GPTConfig
from chapter2.models.hub import resolve
from chapter2.models.layout import (
    read_tensors,
    require,
    to_ours,
    to_theirs,
    write_folder,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FIELDS = {  # ours -> theirs, in config.json
    "vocab_size": "vocab_size",
    "width": "n_embd",
    "layers": "n_layer",
    "heads": "n_head",
    "inner": "n_inner",
    "positions": "n_positions",
    "dropout": "resid_pdrop",
    "attention_dropout": "attn_pdrop",
    "norm_eps": "layer_norm_epsilon",
    "init_std": "initializer_range",
}
FIXED = {  # what our GPT has no switch for
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "reorder_and_upcast_attn": False,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
}
PARTS = {  # ours -> theirs, in the names of the parameters
    "words": "wte",
    "positions": "wpe",
    "blocks.": "h.",
    "attention_norm": "ln_1",
    "inner_norm": "ln_2",
    "norm": "ln_f",
    "attention.qkv": "attn.c_attn",
    "attention.out": "attn.c_proj",
    "inner": "mlp.c_fc",
    "outer": "mlp.c_proj",
}


def their_names(ours: str) -> list[str]:
    """Return transformers' name of a parameter."""
    name = ours
    for part, theirs in PARTS.items():
        name = name.replace(part, theirs)
    return [f"transformer.{name}"]


def turned(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return their tensors with the matrices of the blocks transposed.

    GPT-2's code multiplies from the right, x W; torch's Linear computes x W^T.
    """
    return {
        name: tensor.t() if ".c_" in name and tensor.ndim == 2 else tensor
        for name, tensor in tensors.items()
    }


def load_gpt(name: str | os.PathLike[str]) -> GPT:
    """Return the GPT ``name`` (a local folder or a Hub id), in fp32, in ``eval``.

    Raises:
        ModelError: no such model, not a GPT-2, or weights that are not whole.
        FetchError: it must be fetched and cannot be.
    """
    folder = resolve(os.fspath(name))
    stored = turned(canonical(read_tensors(folder)))
    model = GPT(config_of(read_config(folder), folder))
    untied = stored.get("lm_head.weight")
    if untied is not None and not torch.equal(untied, stored["transformer.wte.weight"]):
        raise ModelError(
            f"The head in {folder} has a word table of its own, and this GPT shares it "
            "with the embeddings; load it with transformers."
        )
    found = to_ours(stored, dict(model.named_parameters()), their_names, folder)
    missing = {name for name, _ in model.named_parameters()} - set(found)
    if missing:
        raise ModelError(
            f"{folder} lacks {len(missing)} of the model's weights, "
            f"{their_names(min(missing))[0]} among them; its config.json belongs to "
            "another model."
        )
    model.load_state_dict(found)
    return model.eval()


def config_of(stated: Mapping[str, Any], folder: Path) -> GPTConfig:
    """Return our configuration for their config.json; what it leaves out is GPT-2's.

    Raises:
        ModelError: a setting that our GPT does not have.
    """
    require(stated, FIXED, folder)
    # one dropout for states and embeddings
    require(stated, {"embd_pdrop": stated.get("resid_pdrop", 0.1)}, folder)
    defaults = {"n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024}
    known = {**defaults, **stated}
    known["n_inner"] = known.get("n_inner") or 4 * known["n_embd"]
    sizes = {ours: known[theirs] for ours, theirs in FIELDS.items() if theirs in known}
    return GPTConfig(**sizes)


def canonical(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with their prefix, which some files leave out."""
    known = ("transformer.", "lm_head.")
    return {
        name if name.startswith(known) else f"transformer.{name}": tensor
        for name, tensor in stored.items()
    }


def save_gpt(
    model: GPT,
    folder: str | os.PathLike[str],
    tokenizer: PreTrainedTokenizerBase | None = None,
) -> Path:
    """Write ``model`` so that transformers' ``GPT2LMHeadModel`` reads it.

    The word table is stored once: the logits' matrix is no other.

    Raises:
        ModelError: the folder cannot be written.
    """
    sizes = {theirs: getattr(model.config, ours) for ours, theirs in FIELDS.items()}
    config = {
        **FIXED,
        **sizes,
        "embd_pdrop": model.config.dropout,
        "bos_token_id": getattr(tokenizer, "bos_token_id", None),
        "eos_token_id": getattr(tokenizer, "eos_token_id", None),
        "architectures": ["GPT2LMHeadModel"],
    }
    tensors = turned(to_theirs(dict(model.named_parameters()), their_names))
    return write_folder(folder, config, tensors, tokenizer)
