"""Numbers, names and places as people read them."""

from __future__ import annotations

import math
import re

from chapter2.errors import UsageError
from chapter2.evaluation.intervals import Interval
from chapter2.selection.candidates import Candidate, Entry, candidate
from chapter2.selection.quantities import OTHER_SPELLING, shown

METRICS = {  # name in chapter2.evaluation.METRICS -> in a sentence
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
}
COSTS = {  # name of a limit -> in a table
    "latency_ms_p50": "median latency",
    "latency_ms_p95": "95th percentile of latency",
    "batch_ms_per_text": "time of a text in a batch",
    "memory_mb": "memory",
    "size_mb": "size on disk",
    "cost_per_1000": "cost of 1,000 texts",
    "trained_seconds": "time of training and predicting",
}
# an absolute path, of Linux and macOS or of Windows; the slashes of an address and of
# "and/or" are none
PATH = re.compile(r"(?<![\w:/.])/(?:[^\s/:;,'\"]+/)+|\b[A-Za-z]:\\(?:[^\s\\]+\\)+")


def metric_name(name: str) -> str:
    """Return a metric, in either spelling, as a sentence names it."""
    spelt = {quality: metric for metric, quality in OTHER_SPELLING.items()}
    return METRICS[spelt.get(name, name)]


def quantity_name(name: str) -> str:
    """Return a quality or a cost as a table names it."""
    return COSTS.get(name) or metric_name(name)


def amount(name: str, value: float) -> str:
    """Return a quality in per cent, a cost with its unit."""
    if name == "trained_seconds":
        return duration(value)
    return shown(name, value) if name in COSTS else f"{100 * value:.1f} %"


def entry(name: str) -> Entry | None:
    """Return the facts about the candidate; None where it is not known any more."""
    known = _known(name)
    return known.entry if known else None


def examples(name: str) -> int:
    """Return how many training records the candidate's prompt holds, at most."""
    return int(getattr(_known(name), "shots", 0))


def _known(name: str) -> Candidate | None:
    try:
        return candidate(name)
    except UsageError:
        return None


def is_remote(name: str) -> bool:
    """Whether the candidate is a service elsewhere, which is sent each text."""
    known = entry(name)
    return bool(known and known.network)


def title(name: str) -> str:
    """Return the candidate as the report names it."""
    known = entry(name)
    return known.title if known else name


def percent(interval: Interval) -> str:
    """Return ``85.3 [83.1, 87.2]``: a score in per cent."""
    value, low, high = (100 * x for x in (interval.value, interval.low, interval.high))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def points(interval: Interval) -> str:
    """Return ``-1.2 [-2.4, +0.1]``: a difference in points."""
    value, low, high = (100 * x for x in (interval.value, interval.low, interval.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def at_worst(bound: float) -> str:
    """Return ``-2.63``: the bound of a difference, in points; ``-``: there is none.

    A digit more than elsewhere: it is held against the margin.
    """
    return f"{100 * bound:+.2f}" if math.isfinite(bound) else "-"


def in_points(share: float) -> str:
    """Return ``1 point`` for 0.01."""
    return f"{100 * share:g} point" if share == 0.01 else f"{100 * share:g} points"


def duration(seconds: float) -> str:
    """Return ``0.4 s``, ``12 s``, ``2 min 5 s`` or ``1 h 10 min``."""
    if seconds < 0.05:
        return "<0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s".removesuffix(" 0 s")
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min".removesuffix(" 0 min")


def count(number: int, one: str) -> str:
    """Return ``1 record`` or ``1,200 records``."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def without_paths(text: str) -> str:
    """Return ``text`` with each absolute path cut down to its last part."""
    return PATH.sub("", text)
