r"""Extractive question answering: the answer is a stretch of the passage.

An encoder reads question and passage together and gives each token two numbers, how
well the answer could begin there (s) and end there (e). The answer is

.. math:: (i, j) = \arg\max_{i \le j < i + m} s_i + e_j

over the passage's tokens, and it is held against s + e at the first token, [CLS], which
stands for "no answer" (Devlin et al., 2019, sections 4.2 and 4.3; the bound m on its
length is usual and not in the paper). No package carries an encoder with such a head,
so models of the Hub serve, for example ``deepset/minilm-uncased-squad2``; run by us on
a tiny random one only.

Shapes: W windows, L length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from chapter2.errors import ModelError, UsageError
from chapter2.models.checkpoint import quiet
from chapter2.models.hub import resolve

Reader = Callable[[str, str], "Span"]
SPECIAL_ROOM = 16  # tokens of a window that are left for the passage, at least


@dataclass(frozen=True)
class Span:
    """A stretch of a passage, and how much better it scores than no answer."""

    text: str
    start: int  # first character in the passage
    end: int  # one past the last
    margin: float  # s_i + e_j minus that of [CLS]; below 0: rather no answer


def best_span(
    starts: np.ndarray, ends: np.ndarray, allowed: np.ndarray, longest: int
) -> tuple[int, int, float]:
    """Return first token, last token and score of the best span.

    Args:
        starts, ends: (L,) scores of each token as the first and as the last.
        allowed: bool (L,), the tokens that a span may hold.
        longest: tokens at most.

    Raises:
        UsageError: no token is allowed, or no length.
    """
    if not allowed.any() or longest < 1:
        raise UsageError("A span needs a token to stand on; give a passage.")
    scores = starts[:, None] + ends[None, :]  # (L, L): first, last
    length = np.arange(len(ends))[None, :] - np.arange(len(starts))[:, None]  # less 1
    good = (length >= 0) & (length < longest) & allowed[:, None] & allowed[None, :]
    i, j = np.unravel_index(np.where(good, scores, -np.inf).argmax(), scores.shape)
    return int(i), int(j), float(scores[i, j])


def hub_reader(
    name: str, max_length: int = 384, stride: int = 128, longest: int = 30
) -> Reader:
    """Return the function that answers (question, passage) by the model ``name``.

    Args:
        name: a folder, or a Hub repository with weights in safetensors.
        max_length: tokens of a window. A longer passage is read in several, and the
            span with the largest margin is taken.
        stride: tokens that a window shares with the one before.
        longest: tokens of an answer at most.

    Raises:
        ModelError: it cannot be loaded, or has no head for spans.
        FetchError: it must be fetched and cannot be.
    """
    from chapter2 import runtime

    model, tokenizer = _load(name)
    model = model.to(runtime.device()).eval()

    def read(question: str, passage: str) -> Span:
        if not passage.strip():
            raise UsageError("The passage is empty; give a text to look in.")
        asked = len(tokenizer(question)["input_ids"])
        if asked > max_length - SPECIAL_ROOM:
            raise UsageError(
                f"The question has {asked} tokens and a window {max_length}; ask a "
                "shorter one."
            )
        windows = tokenizer(
            question,
            passage,
            truncation="only_second",
            max_length=max_length,
            stride=min(stride, (max_length - asked) // 2),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            padding=True,
            return_tensors="pt",
        )
        return _best(model, windows, passage, longest)

    return read


@torch.inference_mode()
def _best(model: Any, windows: Any, passage: str, longest: int) -> Span:
    """Return the span with the largest margin over all windows."""
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {k: windows[k].to(model.device) for k in names if k in windows}
    output = model(**inputs)
    starts = output.start_logits.double().cpu().numpy()  # (W, L)
    ends = output.end_logits.double().cpu().numpy()
    found = []
    for w in range(len(starts)):
        allowed = np.array([part == 1 for part in windows.sequence_ids(w)])
        i, j, score = best_span(starts[w], ends[w], allowed, longest)
        offsets = windows["offset_mapping"][w].tolist()
        start, end = offsets[i][0], offsets[j][1]
        none = starts[w, 0] + ends[w, 0]  # at [CLS]
        found.append(Span(passage[start:end], start, end, float(score - none)))
    return max(found, key=lambda span: span.margin)


def _load(name: str) -> tuple[Any, Any]:
    """Return the model and its tokenizer; no pickle is read."""
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    folder = resolve(name)
    try:
        with quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder)
            model, found = AutoModelForQuestionAnswering.from_pretrained(
                folder, use_safetensors=True, output_loading_info=True
            )
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(
            f"{name} cannot be loaded as a reader of spans: name one with its "
            "tokenizer and with weights in safetensors."
        ) from error
    missing = sorted(found["missing_keys"])
    if missing:
        raise ModelError(
            f"{name} lacks {missing[0]}, so its head for spans would be a random one; "
            "name a model that was trained on extractive question answering."
        )
    return model, tokenizer
