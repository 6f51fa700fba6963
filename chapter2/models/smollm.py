"""SmolLM2-135M-Instruct (Ben Allal et al., 2025): from its GGUF file to a usual model.

The embedded file holds each weight in about four bits. transformers reads it, in fp32,
which takes half a minute; so the first call stores what was read beside the cache's
other entries, as safetensors (540 MB), and each later one needs two seconds.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2 import data, runtime
from chapter2.data.sources import store
from chapter2.errors import ModelError
from chapter2.models.checkpoint import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

READERS = ("gguf", "accelerate")  # what transformers needs to read GGUF
# what must be there for a stored copy to count as whole
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def smollm2_folder() -> Path:
    """Return the folder of SmolLM2 in Hugging Face's layout, made on first use.

    Raises:
        ModelError: the package that reads GGUF files is not installed.
        FetchError: the weights cannot be had, or the cache cannot be written.
    """
    found = data.card("smollm2").sha256 or ""
    place = runtime.cache_dir() / "converted" / f"smollm2-{found[:8]}"
    return store.obtain(place, FILES, lambda new, _: convert(gguf_in_cache(), new))


def gguf_in_cache() -> Path:
    """Return the fetched GGUF file of SmolLM2."""
    return next(data.folder("smollm2").glob("*.gguf"))


def convert(file: Path, folder: Path) -> None:
    """Write the model in a GGUF file to ``folder``, in fp32, with its tokenizer."""
    model, tokenizer = read_gguf(file)
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def read_gguf(file: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the causal model in a GGUF file, in fp32, and its tokenizer.

    Raises:
        ModelError: the package gguf is missing, or the file cannot be read.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any
    missing = [name for name in READERS if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"{file.name} cannot be read without the package {' and '.join(missing)}: "
            f"run `pip install {' '.join(missing)}`, or install this library with its "
            "extra `embedded`."
        )
    try:
        # a bar that transformers always draws
        with quiet(), contextlib.redirect_stderr(io.StringIO()):
            tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
            model = AutoModelForCausalLM.from_pretrained(
                file.parent, gguf_file=file.name, dtype=torch.float32
            )
    except Exception as error:  # gguf and transformers raise many kinds
        why = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"{file} cannot be read as a GGUF file ({why[0].rstrip('. ')}); fetch it "
            "again."
        ) from error
    # it is an ordinary fp32 model now; marked as quantised it could not be saved
    model.config.__dict__.pop("quantization_config", None)
    model.hf_quantizer, model.is_quantized = None, False
    return model.eval(), tokenizer
