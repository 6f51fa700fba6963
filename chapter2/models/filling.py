"""Filling a blank: what a masked language model puts in the place of ``[MASK]``.

It reads both sides of the blank at once; that is all the difference to a causal model,
which would have to write it before it saw what follows.
Shapes: L length, M blanks, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from chapter2.errors import ModelError, UsageError
from chapter2.evaluation.inference import device_of, evaluating

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedTokenizerBase


class Filling(NamedTuple):
    """One token for a blank."""

    token: str  # as the vocabulary has it; ## marks the inside of a word
    probability: float  # among all V tokens, given the text around the blank


def fill_mask(
    model: nn.Module, tokenizer: PreTrainedTokenizerBase, text: str, k: int = 5
) -> list[list[Filling]]:
    """Return the k most probable tokens for each ``[MASK]`` of ``text``, best first.

    Each blank is filled as if the others stayed blank. ``model``: a masked language
    model of transformers, or our ``BertForPretraining``.

    Raises:
        UsageError: the text has no blank, is too long, or k is below 1.
        ModelError: the tokenizer knows no mask token.
    """
    ids = _blanked(tokenizer, text, k)
    blanks = ids == tokenizer.mask_token_id  # (L,)
    p = _logits(model, ids)[blanks].float().softmax(dim=-1)  # (M, V)
    best = p.topk(min(k, p.shape[-1]))
    return [
        [
            Filling(token, probability)
            for token, probability in zip(
                tokenizer.convert_ids_to_tokens(row), values, strict=True
            )
        ]
        for row, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]


def _blanked(tokenizer: PreTrainedTokenizerBase, text: str, k: int) -> Tensor:
    """Return the ids (L,) of a text that has a blank, or say what is wrong with it."""
    if k < 1:
        raise UsageError(f"k is {k}; ask for one token or more.")
    need_mask(tokenizer)
    ids = tokenizer(text, return_tensors="pt")["input_ids"][0]
    if not (ids == tokenizer.mask_token_id).any():
        raise UsageError(
            f"The text has no {tokenizer.mask_token}; write one where a token is to be "
            "filled in."
        )
    return ids


def need_mask(tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise a ModelError if the tokenizer knows no mask token."""
    if tokenizer.mask_token is None:
        raise ModelError(
            "This tokenizer has no mask token, so its model fills no blanks; use that "
            "of a masked language model."
        )


def _logits(model: Any, ids: Tensor) -> Tensor:
    """Return the logits (L, V) of the masked language model's head."""
    positions = getattr(model.config, "max_position_embeddings", None)
    longest = positions or getattr(model.config, "positions", None)
    if longest is not None and len(ids) > longest:
        raise UsageError(
            f"The text has {len(ids)} tokens and the model reads {longest}; cut it."
        )
    with evaluating(model):
        output = model(input_ids=ids[None].to(device_of(model)))
    for name in ("mlm_logits", "logits", "prediction_logits"):  # ours, MLM, pretraining
        logits = getattr(output, name, None)
        if logits is not None and logits.dim() == 3:  # (1, L, V): one row per token
            return logits[0].cpu()
    raise ModelError(
        f"{type(model).__name__} has no head that fills blanks; use a masked language "
        "model."
    )
