"""From a text to its terms: words, and for Chinese characters and pairs of them."""

from __future__ import annotations

import re

from chapter2.data.normalise import normalise

CHINESE = "\u4e00-\u9fff"
RUN = re.compile(rf"[{CHINESE}]+|[^\s{CHINESE}]+")


def terms(text: str) -> list[str]:
    """Return the terms of ``text`` in order, repeated as often as they stand there.

    The text is normalised first: case, width and punctuation do not count. A word
    between blanks is one term. Chinese puts none between words, so each character and
    each pair of neighbours is one; Kwok (1997) found pairs as precise as words are, and
    they need no word list.
    """
    found: list[str] = []
    for run in RUN.findall(normalise(text)):
        if not is_chinese(run[0]):
            found.append(run)
            continue
        found += run
        found += (run[i : i + 2] for i in range(len(run) - 1))
    return found


def is_chinese(character: str) -> bool:
    """Whether ``character`` is one of the common Chinese ones."""
    return "\u4e00" <= character <= "\u9fff"
