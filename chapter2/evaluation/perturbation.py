"""Typing errors on purpose: does a classifier still read what a person still reads?

Four kinds of error (Belinkov and Bisk, 2018; Pruthi et al., 2019), at most one in a
word: two neighbouring letters change places, a letter is lost, a letter is typed twice,
a letter gives way to its neighbour on a QWERTY keyboard. As in the second paper the
first and the last letter stay, and words of three letters or fewer are left alone:
people read such words with little trouble.

Only whole words of Latin letters are touched; Chinese texts, numbers and names like
``user_17`` stay as they are.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterator, Sequence

from chapter2.errors import UsageError

LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"
WORD = re.compile(rf"(?<!\w)[{LETTER}]{{4,}}(?!\w)")  # two inner letters or more
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
OFFSETS = (0.0, 0.25, 0.75)  # of the rows of keys, in widths of a key


def perturb(
    texts: Sequence[str],
    rate: float,
    seed: int,
    kinds: Collection[str] = ("swap", "delete", "repeat", "keyboard"),
    avoid: Collection[str] = frozenset(),
) -> list[str]:
    """Return the texts, each word of four letters or more misspelt at ``rate``.

    ``rate`` is the chance of each such word, 0 to 1; at 0 all texts stay as they are.
    A text's errors follow from the seed and the text alone, not from its neighbours;
    the words misspelt at a low rate are so, in the same way, at a higher one. The
    labels are meant to hold. But an error can make another word ("friend", "fiend"):
    ``avoid`` says which, in lower case, must not come out (see :func:`words_of`).

    Raises:
        UsageError: a rate outside 0 to 1, or kinds that are none of the four.
    """
    if not 0 <= rate <= 1:
        raise UsageError(f"rate is {rate}; give a share of the words, from 0 to 1.")
    unknown = sorted(set(kinds) - set(EDITS))
    if unknown or not kinds:
        raise UsageError(
            f"kinds has {', '.join(unknown) or 'nothing'}; choose from "
            f"{', '.join(EDITS)}."
        )
    order = [kind for kind in EDITS if kind in kinds]
    return [_misspelt(text, rate, seed, order, avoid) for text in texts]


def _misspelt(
    text: str, rate: float, seed: int, kinds: list[str], avoid: Collection[str]
) -> str:
    draw = random.Random(f"{seed} {text}")  # a text as a seed is hashed by SHA-512

    def replace(found: re.Match[str]) -> str:
        # drawn for every word, so that another rate changes nothing but how many
        chosen, edited = draw.random() < rate, _edited(found[0], kinds, avoid, draw)
        return edited if chosen else found[0]

    return WORD.sub(replace, text)


def _edited(
    word: str, kinds: list[str], avoid: Collection[str], draw: random.Random
) -> str:
    """Return the word with one error, of a random kind that can be had in it."""
    for kind in draw.sample(kinds, len(kinds)):
        made = [w for w in EDITS[kind](word) if w != word and w.lower() not in avoid]
        if made:
            return draw.choice(made)
    return word  # "been" has no two different inner letters to swap


def swaps(word: str) -> Iterator[str]:
    """Yield ``word`` with two neighbouring inner letters in each other's place."""
    for i in range(1, len(word) - 2):
        yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def deletions(word: str) -> Iterator[str]:
    """Yield ``word`` without one of its inner letters."""
    for i in range(1, len(word) - 1):
        yield word[:i] + word[i + 1 :]


def repetitions(word: str) -> Iterator[str]:
    """Yield ``word`` with one of its inner letters twice."""
    for i in range(1, len(word) - 1):
        yield word[:i] + word[i] + word[i:]


def neighbours(word: str) -> Iterator[str]:
    """Yield ``word`` with an inner letter's neighbour on the keyboard for it."""
    for i in range(1, len(word) - 1):
        for key in KEYS.get(word[i].lower(), ""):
            near = key.upper() if word[i].isupper() else key
            yield word[:i] + near + word[i + 1 :]


def _keyboard() -> dict[str, str]:
    """Return the keys that touch each key."""
    place = {
        key: (column + OFFSETS[row], row)
        for row, keys in enumerate(ROWS)
        for column, key in enumerate(keys)
    }
    return {
        key: "".join(
            other
            for other, (u, v) in place.items()
            if other != key and abs(x - u) <= 1 and abs(y - v) <= 1
        )
        for key, (x, y) in place.items()
    }


KEYS = _keyboard()
EDITS: dict[str, Callable[[str], Iterator[str]]] = {
    "swap": swaps,
    "delete": deletions,
    "repeat": repetitions,
    "keyboard": neighbours,
}


def words_of(texts: Sequence[str]) -> frozenset[str]:
    """Return the words of the texts in lower case: what no error should make."""
    return frozenset(word.lower() for text in texts for word in _words(text))


def changed_words(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many words of ``before`` are other words in ``after``."""
    pairs = zip(before, after, strict=True)
    return sum(
        a != b
        for text, other in pairs
        for a, b in zip(_words(text), _words(other), strict=True)
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
