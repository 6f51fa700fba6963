"""From a text to its terms: words, and for Chinese characters and pairs of them."""

from __future__ import annotations

import re

from chapter2.data.normalise import normalise

CHINESE = "\u4e00-\u9fff"  # the common characters
RUN = re.compile(rf"(?P<zh>[{CHINESE}]+)|[^\s{CHINESE}]+")


def terms(text: str) -> list[str]:
    """Return the terms of ``text`` in order, repeated as often as they stand there.

    The text is normalised first: case, width and punctuation do not count. A word
    between blanks is one term. Chinese puts none between words, so each character and
    each pair of neighbours is one; Kwok (1997) found pairs as precise as words are, and
    they need no word list.
    """
    found: list[str] = []
    for match in RUN.finditer(normalise(text)):
        run = match[0]
        if match["zh"] is None:
            found.append(run)
            continue
        found += run
        found += (run[i : i + 2] for i in range(len(run) - 1))
    return found
