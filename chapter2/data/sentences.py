"""Where a sentence ends: a rule that can be stated, not a model.

A sentence ends after ``.``, ``!``, ``?`` or an ellipsis, and the closing quotation
marks and brackets that follow, where blanks come next and then something that may open
a sentence: an upper-case letter, a digit, an opening quotation mark or bracket, or a
letter of a script without cases. It does not end after

* a decimal point (``3.5``: no blank follows),
* an abbreviation of :data:`ABBREVIATIONS` (``Dr. Smith``, ``vs. the``),
* a single capital letter, alone or in a row (``J. Smith``, ``the U.S. Senate``),
* ``No.``, ``vol.`` and their like before a digit (:data:`BEFORE_NUMBERS`).

After a row of capitals ("in the U.S. The") the rule errs towards not ending: two
sentences joined harm a language model less than one cut in two. The full-width marks
of Chinese and Japanese end a sentence wherever they stand.
"""

from __future__ import annotations

import re
import unicodedata


def _words(listing: str) -> frozenset[str]:
    return frozenset(listing.split())


ABBREVIATIONS = _words(
    "mr mrs ms dr prof rev hon fr sr st mt ft gen col lt sgt capt cmdr adm maj gov sen"
    " rep pres supt det insp messrs mme mlle vs v cf viz syn i.e e.g al approx est ca c"
    " b d inc ltd pvt co corp bros dept univ assn"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
)
BEFORE_NUMBERS = _words("no nos vol vols pp p ch fig figs art sec eq ed")
CLOSING = "\"'”’»)\\]}"
OPENING = "\"'“‘«(\\[{¿¡"
END = re.compile(rf"(?:[.!?…]+[{CLOSING}]*\s+)|(?:[。！？]+[」』”’）]*\s*)")
OPENS = re.compile(rf"[{OPENING}]*[^\W_]")  # what the next sentence begins with
OPENERS = ("Lu", "Lt", "Lo", "Nd")  # capital, letter without case, digit
LAST_WORD = re.compile(rf"(?:^|[\s{OPENING}\-–—/])([^\s{OPENING}\-–—/]*)$")
CAPITALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")  # J, U.S, e.g: letters and points


def split_sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of ``text`` in order, without the blanks around them.

    Joined by blanks they give the text again, runs of blanks at the borders apart.
    """
    found, start = [], 0
    for mark in END.finditer(text):
        if _ends(text, start, mark):
            found.append(text[start : mark.end()].strip())
            start = mark.end()
    return tuple(sentence for sentence in (*found, text[start:].strip()) if sentence)


def _ends(text: str, start: int, mark: re.Match[str]) -> bool:
    """Tell whether the sentence that began at ``start`` ends with ``mark``."""
    if mark[0][0] in "。！？":
        return True
    opens = OPENS.match(text, mark.end())
    if opens is None or unicodedata.category(opens[0][-1]) not in OPENERS:
        return False
    if mark[0].strip() != ".":  # "!", "?", "...", or something closed: no abbreviation
        return True
    before = LAST_WORD.search(text[start : mark.start()])
    word = before[1] if before else ""
    if word.casefold() in BEFORE_NUMBERS and opens[0][-1].isdigit():
        return False
    return word.casefold() not in ABBREVIATIONS and not _initials(word)


def _initials(word: str) -> bool:
    """Tell whether ``word`` is one capital letter, or letters with points between."""
    return bool(CAPITALS.fullmatch(word)) and (len(word) > 1 or word.isupper())
