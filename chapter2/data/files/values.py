"""What a cell holds: a text, a label or a source, made plain, or what is wrong."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # all but tab, \n and \r
BLANK = re.compile(rf"(?:\s|{CONTROLS.pattern})*")  # what is blank once made plain
SURROGATES = re.compile(r"[\ud800-\udfff]")
INTEGRAL = re.compile(r"([+-]?\d+)\.0+")


def missing(value: Any) -> bool:
    """Tell whether there is no value: None, NaN, or blanks and controls only."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and bool(BLANK.fullmatch(value)))


def kind_of(value: Any) -> str:
    """Return what a reader calls the type of ``value``."""
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, dict):
        return "object"
    return "string" if isinstance(value, str) else type(value).__name__


def clean_text(value: str) -> tuple[str, str | None]:
    """Return the text, and what had to be replaced in it (None: nothing).

    Control characters become blanks, lone surrogates U+FFFD; nothing else changes.
    """
    if SURROGATES.search(value):
        paired = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return CONTROLS.sub(" ", paired), "lone surrogates were replaced by U+FFFD"
    if CONTROLS.search(value):
        what = "NUL" if "\0" in value else "control"
        return CONTROLS.sub(" ", value), f"{what} characters were replaced by blanks"
    return value, None


class RawLabel(NamedTuple):
    """A label as it stands in the file, without the blanks around it."""

    spelling: str
    key: str  # in which labels are compared: 1 is "1" and 1.0, True is "true"
    kind: str  # "string", "number" or "true/false"
    padded: bool  # blanks stood around it


def raw_label(value: Any) -> RawLabel:
    """Return the label that ``value``, a string, number, bool or date, stands for."""
    kind = kind_of(value)
    if kind == "true/false":
        return RawLabel(str(value).lower(), str(value).lower(), kind, False)
    given = CONTROLS.sub(" ", str(value))
    spelling = given.strip()
    whole = INTEGRAL.fullmatch(spelling)
    key = whole[1] if whole else spelling.casefold()
    kind = "number" if kind == "number" else "string"
    return RawLabel(spelling, key, kind, spelling != given)


def number_of(key: str) -> float | None:
    """Return the finite number that a label's key reads as, None where it is none."""
    try:
        value = float(key)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Labels:
    """C label names, the index of each record's, and what was unified."""

    names: tuple[str, ...]
    indices: tuple[int, ...]
    notices: tuple[str, ...]


def unify(raw: Sequence[RawLabel]) -> Labels:
    """Return the labels under one spelling each: the most frequent, integers plain.

    Names that are all numbers are in numeric order, others in alphabetical order.
    """
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: dict[str, set[str]] = defaultdict(set)
    for one in raw:
        spellings[one.key][one.spelling] += 1
        kinds[one.key].add(one.kind)
    numbers = {key: number_of(key) for key in spellings}
    numeric = None not in numbers.values()
    keys = sorted(spellings, key=lambda k: (numbers[k] or 0.0 if numeric else 0.0, k))
    names = {key: _name(key, spellings[key], kinds[key]) for key in keys}
    place = {key: i for i, key in enumerate(keys)}
    indices = tuple(place[one.key] for one in raw)
    notices = _unified_notices(raw, names, spellings, kinds)
    return Labels(tuple(names[key] for key in keys), indices, tuple(notices))


def _name(key: str, found: Counter[str], kinds: set[str]) -> str:
    """Return a label's name: an integer, true or false, or the most frequent form."""
    if "true/false" in kinds or any(INTEGRAL.fullmatch(spelling) for spelling in found):
        return key
    return max(sorted(found), key=lambda spelling: found[spelling])


def _unified_notices(
    raw: Sequence[RawLabel],
    names: dict[str, str],
    spellings: dict[str, Counter[str]],
    kinds: dict[str, set[str]],
) -> list[str]:
    """Say which labels were taken as one, the first three of each kind."""
    notices = []
    mixed = [names[key] for key in names if len(kinds[key]) > 1]
    if mixed:
        shown = ", ".join(repr(name) for name in mixed[:3])
        notices.append(f"labels of mixed types were taken as one: {shown} as a string")
    changed = [
        " and ".join(map(repr, sorted(spellings[key]))) + f" as {names[key]!r}"
        for key in names
        if set(spellings[key]) != {names[key]}
    ]
    if changed:
        notices.append(f"spellings were unified: {'; '.join(changed[:3])}")
    padded = sum(one.padded for one in raw)
    if padded:
        notices.append(f"blanks around labels were removed ({padded} in all)")
    return notices
