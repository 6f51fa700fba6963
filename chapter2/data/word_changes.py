"""Changing words inside a text: what a word is, which stay, and how one is replaced.

Signs, blanks and capitals between and of the words are kept. Negations always stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

# letters and digits, joined inside by apostrophe or hyphen; in some sets the apostrophe
# became a question mark ("don?t")
WORD = re.compile(r"\w+(?:['’?-]\w+)*")
NEGATION = re.compile(
    r"not|no|nor|never|none|nobody|nothing|nowhere|neither|without|cannot|hardly|barely"
    r"|scarcely|.*n['’?]t|(ai|are|ca|could|did|do|does|had|has|have|is|should|was|were"
    r"|wo|would)nt"
)
MASK = "[MASK]"  # stands for the blank in what a masked language model is given
# words that carry grammar, not topic: they are not replaced (the paper passes them too)
WORDS = (  # noqa: SIM905
    "a about after all also am an and any are as at be because been before being but by"
    " can could did do does doing down each few for from had has have having he her"
    " here hers him his how i if in into is it its itself just like may me might more"
    " most much must my of off on once one only or other our out over own s same she"
    " should so some such t than that the their them then there these they this those"
    " through to too under until up upon us very was we were what when where which"
    " while who whom whose why will with would you your"
).split()
STOP = frozenset(WORDS)
# texts with one blank each -> for each, words and their probabilities in the blank
MaskedLM = Callable[[list[str]], Sequence[Mapping[str, float]]]
# (masked texts, the words in the blanks) -> for each, proposed words and their weights
Propose = Callable[[list[str], list[str]], Sequence[Mapping[str, float]]]


def cut(text: str) -> tuple[list[str], list[str]]:
    """Return the l words of ``text`` and the l + 1 gaps around them; all is kept."""
    return WORD.findall(text), WORD.split(text)


def paste(words: Sequence[str], gaps: Sequence[str]) -> str:
    """Return the text of l words and l + 1 gaps: the inverse of :func:`cut`."""
    return gaps[0] + "".join(w + gap for w, gap in zip(words, gaps[1:], strict=True))


def is_negation(word: str) -> bool:
    """Tell whether a word, or one side of its hyphens, negates."""
    return any(NEGATION.fullmatch(part) for part in word.lower().split("-"))


def is_fixed(word: str, keep: frozenset[str]) -> bool:
    """Tell whether ``word`` must stay: a negation, or one of ``keep`` (small letters).

    A word with hyphens stays where one side of a hyphen must.
    """
    parts = {word.lower(), *word.lower().split("-")}
    return is_negation(word) or not keep.isdisjoint(parts)


def changed(share: float, words: int) -> int:
    """Return n = max(1, floor(share * l)), how many of l words are changed."""
    return max(1, int(share * words))


def like(original: str, word: str) -> str:
    """Return ``word`` in the case of ``original``: WORD, Word or word."""
    if original.isupper() and len(original) > 1:
        return word.upper()
    return word.capitalize() if original[:1].isupper() else word


def replace_words(
    texts: Sequence[str],
    rng: np.random.Generator,
    keep: frozenset[str],
    share: float,
    usable: Callable[[str], bool],
    propose: Propose,
) -> list[str]:
    """Replace n words of each text by proposed ones, drawn by their weights.

    Texts change one word at a time, so the second proposal reads the first
    replacement. A word stays where nothing is proposed.
    """
    parts = [cut(text) for text in texts]
    places = []
    for words, _ in parts:
        free = [i for i, w in enumerate(words) if is_topical(w, keep) and usable(w)]
        places.append(draw(rng, free, changed(share, len(words))))
    for turn in range(max(map(len, places), default=0)):
        active = [i for i, places_of in enumerate(places) if turn < len(places_of)]
        spots = [places[i][turn] for i in active]
        olds = [parts[i][0][spot] for i, spot in zip(active, spots, strict=True)]
        masked = []
        for i, spot in zip(active, spots, strict=True):
            words, gaps = parts[i]
            masked.append(paste([*words[:spot], MASK, *words[spot + 1 :]], gaps))
        found = propose(masked, olds)
        for i, spot, old, weights in zip(active, spots, olds, found, strict=True):
            parts[i][0][spot] = _choose(rng, old, weights, keep)
    return [paste(*part) for part in parts]


def is_topical(word: str, keep: frozenset[str]) -> bool:
    """Tell whether ``word`` is one of a topic that may be replaced."""
    plain = word.isalpha() and word.lower() not in STOP
    return plain and not is_fixed(word, keep)


def draw(rng: np.random.Generator, places: list[int], n: int) -> list[int]:
    """Return up to ``n`` different ones of ``places``."""
    return [places[i] for i in rng.permutation(len(places))[:n]]


def _choose(
    rng: np.random.Generator, old: str, weights: Mapping[str, float], keep: frozenset
) -> str:
    """Draw a word by its weight; never ``old`` itself, nor one that must stay."""
    fit = {
        word: weight
        for word, weight in weights.items()
        if word.isalpha() and word.lower() != old.lower() and not is_fixed(word, keep)
    }
    total = sum(fit.values())
    if total <= 0:
        return old
    p = np.array(list(fit.values())) / total
    return like(old, list(fit)[rng.choice(len(fit), p=p)])
