"""Sequence-to-sequence models as translators, for back-translation at ``full``.

For example ``Helsinki-NLP/opus-mt-en-fr`` there and ``Helsinki-NLP/opus-mt-fr-en`` back
(J. Tiedemann and S. Thottingal, "OPUS-MT", EAMT 2020). No package carries such weights,
so this has been run by us on tiny random models only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from chapter2.errors import ModelError
from chapter2.models.hub import resolve


def hub_translator(
    name: str,
    batch_size: int = 16,
    max_tokens: int = 256,
    max_new_tokens: int | None = None,
) -> Callable[[list[str]], list[str]]:
    """Return the function that translates texts by the model ``name``, greedily.

    ``name``: a folder, or a Hub repository with weights in safetensors. Source and
    translation are cut at ``max_tokens`` tokens, the translation at ``max_new_tokens``
    where that is given (a summary is shorter than its source).

    Raises:
        ModelError: it cannot be loaded as a sequence-to-sequence model.
        FetchError: it must be fetched and cannot be.
    """
    from chapter2 import runtime

    place = runtime.device()
    model, tokenizer = _load(name)
    model = model.to(place).eval()

    @torch.inference_mode()
    def translate(texts: list[str]) -> list[str]:
        found: list[str] = []
        for start in range(0, len(texts), batch_size):
            batch = tokenizer(
                texts[start : start + batch_size],
                padding=True,
                truncation=True,
                max_length=max_tokens,
                return_tensors="pt",
            ).to(place)
            ids = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=max_new_tokens or max_tokens,
                num_beams=1,
                do_sample=False,
            )
            found += tokenizer.batch_decode(ids, skip_special_tokens=True)
        return found

    return translate


def _load(name: str) -> tuple[Any, Any]:
    """Return the model and its tokenizer; no pickle is read."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    folder = resolve(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForSeq2SeqLM.from_pretrained(folder, use_safetensors=True)
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(
            f"{name} cannot be loaded as a sequence-to-sequence model: name one with "
            "its tokenizer and with weights in safetensors."
        ) from error
    return model, tokenizer
