"""The messages of JupyterLab and its extensions, in English and in Chinese.

A language pack of gettext: one catalogue for each program, here in the form of a JSON
object, English text -> list of translations. An English text may begin with its
context and the character U+0004, which says where it is shown. What is not kept:

* messages with plural forms: Chinese has one form for both numbers, which is often not
  a translation of the English singular;
* messages whose translation has no Chinese character: not translated, or only names;
* messages whose placeholders (``%1``, ``{name}``) are not those of the translation;
* messages of several lines, or of more than 30 words: help texts, cut from elsewhere;
* the second of two pairs that are equal after :func:`normalise`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from chapter2.data.pairs import TextPairs, once
from chapter2.errors import DataError

CONTEXT = "\x04"
CHINESE = re.compile("[\u4e00-\u9fff]")
PLACEHOLDER = re.compile(r"%\d+|%%|\{[^{}]*\}")
MOST_WORDS = 30
DROPPED = (
    "have plural forms",
    "have no translation with a Chinese character",
    "have other placeholders than their translation",
    f"have several lines or more than {MOST_WORDS} words",
)


def parse(folder: Path, name: str) -> TextPairs:
    """Read all catalogues of ``folder``; the group of a pair is its catalogue.

    Raises:
        DataError: a file is not a catalogue of messages.
    """
    rows: list[tuple[str, str, str]] = []
    dropped: Counter[str] = Counter()
    for path in sorted(folder.glob("*.json")):
        if path.name == "manifest.json":  # the cache's own
            continue
        for key, translations in _messages(path).items():
            english = key.rpartition(CONTEXT)[2].strip()
            fault = fault_of(english, translations)
            dropped[fault] += 1
            if not fault:
                rows.append((english, translations[0].strip(), path.stem))
    notices = tuple(f"{dropped[why]} messages {why}; dropped." for why in DROPPED)
    sources, targets, groups = zip(*rows, strict=True) if rows else ((), (), ())
    return once(replace(TextPairs(name, sources, targets, groups), notices=notices))


def fault_of(english: str, translations: list[str]) -> str:
    """Return why a message is not kept, one of ``DROPPED``; empty: it is."""
    if len(translations) != 1:
        return DROPPED[0]
    chinese = translations[0].strip()
    if not CHINESE.search(chinese):
        return DROPPED[1]
    if Counter(PLACEHOLDER.findall(english)) != Counter(PLACEHOLDER.findall(chinese)):
        return DROPPED[2]
    if "\n" in english + chinese or len(english.split()) > MOST_WORDS:
        return DROPPED[3]
    return ""


def _messages(path: Path) -> dict[str, list[str]]:
    """Return the messages of a catalogue, its header (the empty message) left out."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        header = found.pop("")
        well = header["language"] == "zh-CN" and all(map(_is_list, found.values()))
    except (ValueError, TypeError, KeyError, AttributeError):
        well = False
    if not well:
        raise DataError(
            f"{path.name}: expected a catalogue of messages in zh-CN; the file is not "
            "one that the catalogue of data describes."
        )
    return found


def _is_list(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(text, str) for text in value)
