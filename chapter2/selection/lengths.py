"""How long the texts are, and how many of them a model's window would cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chapter2.errors import FetchError

WINDOWS = (128, 256, 512)  # tokens that common encoders are trained and run with
SPECIAL = 2  # [CLS] and [SEP] take their places in each window
# a word is a run of letters and digits, or one character of a script without blanks
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f]|[^\W_]+")
LEVELS = (5, 50, 95, 100)  # percentiles that are reported


@dataclass(frozen=True)
class Lengths:
    """Lengths of N texts; tokens are those of the embedded tokenizer."""

    characters: np.ndarray  # (N,)
    words: np.ndarray  # (N,)
    tokens: np.ndarray | None  # (N,) without special ones; None: no tokenizer
    unknown_share: float | None  # of all tokens: not in the tokenizer's vocabulary

    def truncated(self, window: int) -> float | None:
        """Return the share of texts that do not fit a window of so many tokens."""
        if self.tokens is None:
            return None
        return float((self.tokens + SPECIAL > window).mean())

    def percentiles(self) -> dict[str, dict[str, int]]:
        """Return the 5th, 50th and 95th percentile and the maximum of each length."""
        kinds = ("characters", "words", "tokens")
        held = {kind: getattr(self, kind) for kind in kinds}
        return {
            kind: {
                "max" if level == 100 else f"p{level}": round(float(value))
                for level, value in zip(
                    LEVELS, np.percentile(counts, LEVELS), strict=True
                )
            }
            for kind, counts in held.items()
            if counts is not None
        }

    def to_dict(self) -> dict[str, Any]:
        """Return percentiles and shares by name (ready for JSON)."""
        truncated = {str(window): self.truncated(window) for window in WINDOWS}
        unknown = self.unknown_share
        return {
            **self.percentiles(),
            "truncated": truncated,
            "unknown_token_share": unknown,
        }


def lengths(texts: Sequence[str], tokenizer: Any = None) -> Lengths:
    """Measure the texts; ``tokenizer`` is one of the library ``tokenizers``."""
    count = len(texts)
    characters = np.fromiter(map(len, texts), dtype=np.int64, count=count)
    words = np.fromiter(
        (len(WORD.findall(text)) for text in texts), dtype=np.int64, count=count
    )
    if tokenizer is None:
        return Lengths(characters, words, None, None)
    encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    ids = [one.ids for one in encoded]
    tokens = np.fromiter(map(len, ids), dtype=np.int64, count=count)
    unknown = tokenizer.token_to_id("[UNK]")
    missing = sum(row.count(unknown) for row in ids)
    return Lengths(characters, words, tokens, missing / max(1, int(tokens.sum())))


def embedded_tokenizer() -> tuple[Any, str | None]:
    """Return MiniLM's tokenizer without cutting or padding, or why there is none."""
    from tokenizers import Tokenizer

    from chapter2 import data

    try:
        folder = data.folder("minilm")
    except FetchError as error:
        return None, f"Tokens were not counted: {error}"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer, None
