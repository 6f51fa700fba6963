"""The messages of programs, in English and in Chinese: catalogues of gettext.

A catalogue holds what one program says: English text -> its translation. An English
text may begin with its context and the character U+0004, which says where it is shown.
Two forms are read, each by its ending:

* ``.json``, of JupyterLab's language packs: English text -> list of translations;
* ``.mo``, gettext's own compiled form, which holds neither messages without a
  translation nor those whose translation is marked as doubtful ("fuzzy").

What is not kept:

* messages with plural forms: Chinese has one form for both numbers, which is often not
  a translation of the English singular;
* messages whose translation has no Chinese character: not translated, or only names;
* messages whose placeholders (``%1``, ``%s``, ``%(name)s``, ``{name}``) are not those
  of the translation;
* messages of several lines, or of more than 30 words: help texts, cut from elsewhere;
  and those of a context alone;
* the second of two pairs that are equal after :func:`normalise`.

Markup (``<strong>``, ``&amp;``) is a part of the message and stays in both texts.
"""

from __future__ import annotations

import gettext
import io
import json
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from chapter2.data.pairs import TextPairs, once
from chapter2.data.sources.store import MANIFEST
from chapter2.errors import DataError

CONTEXT = "\x04"
LANGUAGES = {"zh-CN", "zh_CN", "zh_Hans"}  # names of simplified Chinese
CHINESE = re.compile("[\u4e00-\u9fff]")
PLACEHOLDER = re.compile(
    # of printf and of Python; a blank alone is no flag: "100 % done"
    r"%(?:\([^()]*\) ?)?[-#0+]*[\d.]*[hlL]*[diouxXeEfFgGcrsa%]"
    r"|%\d+|\{[^{}]*\}"
)
MOST_WORDS = 30
DROPPED = (
    "have plural forms",
    "have no translation with a Chinese character",
    "have other placeholders than their translation",
    f"have no English, several lines or more than {MOST_WORDS} words",
)
# what the two readers raise where a file is of another kind
REFUSED = (ValueError, TypeError, LookupError, AttributeError, OSError, struct.error)
Message = tuple[str, str | None]  # English with its context, Chinese; None: plural


def parse(folder: Path, name: str) -> TextPairs:
    """Read all catalogues of ``folder``; the group of a pair is its catalogue.

    Raises:
        DataError: a file is not a catalogue of messages.
    """
    rows: list[tuple[str, str, str]] = []
    dropped: Counter[str] = Counter()
    for path in sorted(folder.iterdir()):
        if path.name == MANIFEST:
            continue
        for key, chinese in _messages(path):
            english = key.rpartition(CONTEXT)[2].strip()
            chinese = chinese and chinese.strip()
            fault = fault_of(english, chinese)
            dropped[fault] += 1
            if chinese and not fault:
                rows.append((english, chinese, path.stem))
    notices = tuple(f"{dropped[why]} messages {why}; dropped." for why in DROPPED)
    sources, targets, groups = zip(*rows, strict=True) if rows else ((), (), ())
    return once(replace(TextPairs(name, sources, targets, groups), notices=notices))


def fault_of(english: str, chinese: str | None) -> str:
    """Return why a message is not kept, one of ``DROPPED``; empty: it is.

    ``chinese`` is None where the message has plural forms.
    """
    if chinese is None:
        return DROPPED[0]
    if not CHINESE.search(chinese):
        return DROPPED[1]
    if Counter(PLACEHOLDER.findall(english)) != Counter(PLACEHOLDER.findall(chinese)):
        return DROPPED[2]
    if "\n" in english + chinese or not 0 < len(english.split()) <= MOST_WORDS:
        return DROPPED[3]
    return ""


def _messages(path: Path) -> list[Message]:
    """Return the messages of a catalogue, its header (the empty message) left out."""
    content = path.read_bytes()
    try:
        return list(READERS[path.suffix](content))
    except REFUSED as error:
        raise DataError(
            f"{path.name}: expected a catalogue of messages in simplified Chinese; the "
            "file is not one that the catalogue of data describes."
        ) from error


def _of_json(content: bytes) -> Iterator[Message]:
    found = json.loads(content)
    _check_language(found.pop("")["language"])
    for key, texts in found.items():
        listed = isinstance(texts, list) and texts
        if not listed or not all(isinstance(text, str) for text in texts):
            raise TypeError(key)
        yield key, texts[0] if len(texts) == 1 else None


def _of_mo(content: bytes) -> Iterator[Message]:
    catalogue = gettext.GNUTranslations(io.BytesIO(content))
    _check_language(catalogue.info()["language"])
    # the class looks messages up and has no method that lists them
    for key, text in vars(catalogue)["_catalog"].items():
        if isinstance(key, tuple):  # a message with plural forms, and which of them
            if key[1] == 0:
                yield key[0], None
        elif key:
            yield key, text


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise ValueError(language)


READERS = {".json": _of_json, ".mo": _of_mo}
