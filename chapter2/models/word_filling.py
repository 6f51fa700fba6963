"""A masked language model as augmentation asks it: whole words for many blanks at once.

Shapes: B texts, L length, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from chapter2.evaluation.inference import device_of, evaluating
from chapter2.models.filling import need_mask

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BLANK = "[MASK]"  # how chapter2.data marks the blank, whatever the tokenizer writes


def word_filler(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    k: int = 500,
    batch_size: int = 64,
    max_length: int = 512,
) -> Callable[[list[str]], list[Mapping[str, float]]]:
    """Return the function that gives, for texts with one ``[MASK]`` each, likely words.

    For each text: those of the ``k`` likeliest tokens that are whole words, with their
    probabilities among all V tokens. A text whose blank lies beyond ``max_length``
    tokens gets none. ``model``: a transformers ``*ForMaskedLM``.

    Raises:
        ModelError: the tokenizer knows no mask token.
    """
    need_mask(tokenizer)
    words = list(tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))))

    def fill(texts: list[str]) -> list[Mapping[str, float]]:
        found: list[Mapping[str, float]] = []
        for start in range(0, len(texts), batch_size):
            batch = [
                text.replace(BLANK, str(tokenizer.mask_token))
                for text in texts[start : start + batch_size]
            ]
            encoded = tokenizer(
                batch,
                padding=True,
                truncation=True,
                max_length=max_length,
                return_tensors="pt",
            )
            found += _fill(model, encoded, tokenizer.mask_token_id, words, k)
        return found

    return fill


def _fill(
    model: Any, encoded: Any, mask: int, words: list[str], k: int
) -> list[dict[str, float]]:
    place = device_of(model)
    with evaluating(model):
        logits = model(**{key: x.to(place) for key, x in encoded.items()}).logits
    blanks = encoded["input_ids"] == mask  # (B, L), at most one in a row
    rows, columns = blanks.nonzero(as_tuple=True)
    p = logits.cpu()[rows, columns].float().softmax(dim=-1)  # (blanks, V)
    best = p.topk(min(k, p.shape[-1]))
    found: list[dict[str, float]] = [{} for _ in range(len(blanks))]
    for row, ids, values in zip(
        rows.tolist(), best.indices.tolist(), best.values.tolist(), strict=True
    ):
        pairs = zip((words[i] for i in ids), values, strict=True)
        found[row] = {word: value for word, value in pairs if word.isalpha()}
    return found
