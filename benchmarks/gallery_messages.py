"""The messages from which the translator of `gallery.py` learns, in two languages."""

from __future__ import annotations

from chapter2 import data
from chapter2.data import PairSplit, TextPairs

NAMES = ("interface-messages", "django-messages", "weblate-messages", "pretix-messages")


def all_but_held_out(own: PairSplit) -> TextPairs:
    """Return the messages of all programs, without what ``own`` is judged by."""
    pairs = data.concatenate_pairs([data.load(name) for name in NAMES])
    return data.exclude_pairs(pairs, (own.validation, own.test))


def known_messages(own: PairSplit, size: int, seed: int) -> TextPairs:
    """Return ``size`` training pairs: of ``own``, or of all if it has fewer."""
    train = own.train if size <= len(own.train) else all_but_held_out(own)
    return train.take(size, seed)
