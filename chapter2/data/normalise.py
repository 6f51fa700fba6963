"""When two texts count as the same: the rule behind "no duplicate in two parts"."""

from __future__ import annotations

import unicodedata


class _Folding(dict[int, str]):
    """A ``str.translate`` table that learns each character when it first meets it."""

    def __missing__(self, code: int) -> str:
        kind = unicodedata.category(chr(code))
        if kind[0] in "PZ" or kind == "Cc":  # punctuation, blanks, control characters
            folded = " "
        elif kind == "Cf":  # soft hyphen, zero-width space, direction marks
            folded = ""
        else:
            folded = chr(code)
        self[code] = folded
        return folded


_FOLDING = _Folding()


def normalise(text: str) -> str:
    """Return the form in which two texts count as the same.

    NFKC (full-width and compatibility forms become the plain ones), case folded,
    format characters removed, each run of punctuation, blanks and control characters
    made one space, none at the ends. Letters, accents, digits and symbols (emoji,
    currency) stay. A text of punctuation alone keeps it, so "!!!" is not "???".
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = " ".join(folded.translate(_FOLDING).split()) or " ".join(folded.split())
    # folding case, or removing what stood between two marks, may undo NFKC
    return plain if plain.isascii() else unicodedata.normalize("NFKC", plain)
