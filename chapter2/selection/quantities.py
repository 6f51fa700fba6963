"""The names of what is measured, their units, and values as people write them.

Qualities are scores of :data:`chapter2.evaluation.METRICS`, shares of 1. Costs are in
the unit that their name ends in. ``latency`` is the time of one text alone, ``batch``
that of one text where many are given in one call: 100 where candidates are compared,
up to 500 of the test part where the shipped model is measured (fewer where time is
short), and 32 where a service is sent them.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence

from chapter2.errors import UsageError

# name here -> name in chapter2.evaluation.METRICS, by which it is computed
QUALITIES = {
    "accuracy": "accuracy",
    "f1_macro": "macro_f1",
    "f1_weighted": "weighted_f1",
    "precision_macro": "macro_precision",
    "recall_macro": "macro_recall",
}
COSTS = {  # name -> unit; that of the last is the currency of the stated price
    "latency_ms_p50": "ms",
    "latency_ms_p95": "ms",
    "batch_ms_per_text": "ms",
    "memory_mb": "MB",
    "size_mb": "MB",
    "cost_per_1000": "",
}
OTHER_SPELLING = {metric: name for name, metric in QUALITIES.items()}
SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|)\s*")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the names most like it, else all names."""
    known = list(known)
    begun = [other for other in known if name and other.startswith(name.lower())]
    near = begun or difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    likely = " or ".join(map(repr, near))
    return f"did you mean {likely}?" if near else f"use one of {', '.join(known)}."


def known_name(flag: str, name: str, known: Mapping[str, str]) -> str:
    """Return the name of a quality or cost, whichever way it is spelt.

    Raises:
        UsageError: there is no such name.
    """
    plain = OTHER_SPELLING.get(name, name)
    if plain not in known:
        raise UsageError(f"{flag} knows no {name!r}; {nearest(name, known)}")
    return plain


def parse_limits(
    flag: str, limits: Sequence[str] | Mapping[str, float], known: Mapping[str, str]
) -> dict[str, float]:
    """Return ``{"f1_macro": 0.8}`` for ``["f1_macro=0.8"]``.

    Raises:
        UsageError: not of the form name=number, an unknown name, or one name twice.
    """
    pairs: Iterable[tuple[str, object]]
    if isinstance(limits, Mapping):
        pairs = limits.items()
    else:
        pairs = (_pair(flag, limit) for limit in limits)
    found: dict[str, float] = {}
    for given, value in pairs:
        name = known_name(flag, given.strip(), known)
        if name in found:
            raise UsageError(f"{flag} {name} is given twice; keep one of them.")
        found[name] = number(f"{flag} {name}", value)
    return found


def _pair(flag: str, limit: str) -> tuple[str, object]:
    name, equals, value = str(limit).partition("=")
    if not equals:
        raise UsageError(f"{flag} {limit!r} has no value; write {flag} {limit}=NUMBER.")
    return name, value


def number(what: str, value: object) -> float:
    """Return the finite number that ``value`` is or reads as.

    Raises:
        UsageError: it is none.
    """
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise UsageError(f"{what} is {value!r}; give a number such as 0.8.")
    return found


def parse_budget(value: str | float) -> float:
    """Return seconds: ``10m`` is 600, ``90s`` and ``90`` are 90, ``1h`` is 3,600.

    Raises:
        UsageError: it is no such duration.
    """
    match = DURATION.fullmatch(str(value))
    if match is None:
        raise UsageError(
            f"The budget is {value!r}; write a duration such as 90s, 10m or 1h."
        )
    return float(match[1]) * SECONDS[match[2]]


def shown(name: str, value: float) -> str:
    """Return a value with its unit, to three or four significant digits."""
    digits = f"{value:.3f}" if name in QUALITIES else f"{value:,.4g}"
    if "e" in digits:
        digits = f"{value:,.0f}"
    return f"{digits} {COSTS.get(name, '')}".rstrip()


def compared(name: str, value: float, limit: float) -> tuple[str, str]:
    """Return both as :func:`shown`, with more digits where they would look equal."""
    if shown(name, value) != shown(name, limit):
        return shown(name, value), shown(name, limit)
    unit = COSTS.get(name, "")
    return f"{value:.8g} {unit}".rstrip(), f"{limit:.8g} {unit}".rstrip()


def cost_per_1000(seconds_per_text: float, price_per_hour: float) -> float:
    """Return what 1,000 texts cost on a machine, in the currency of the price.

    1000 texts x s per text / 3600 s per hour x price per hour.
    """
    return 1000 * seconds_per_text / 3600 * price_per_hour
