"""Which languages the texts are in: by script, and by function words where it is Latin.

It knows a dozen languages and says ``unknown`` of the rest: a small detector that
admits what it cannot tell is worth more here than a large one that always answers. A
text needs three different function words of one language, and twice as many as of any
other; so most short texts count as unknown on their own, and the data set is judged by
all of them together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

UNKNOWN = "unknown"
UNSPACED = ("zh", "ja", "th")  # no blanks between words
HITS = 3  # different function words from which one text is told
READ = 1000  # characters of a text that are looked at
MIXED = 0.02  # share of texts in other languages from which a set counts as mixed

# frequent words that few other languages share; English words are kept out of the
# other lists
STOP_WORDS = {
    "en": "the and of to is was it that this with for you not have are but they my we",
    "de": "der die und das ist nicht ich ein eine mit auf für den sich war auch sehr",
    "fr": "le les et est des une que pas pour dans qui je ce avec très sur mais du",
    "es": "el los las y es que en una por con para no muy pero como más del lo",
    "it": "il che di è non per una sono con gli della molto ma anche questo ho",
    "pt": "os é que não uma com para da em muito mas eu são foi dos você meu",
    "nl": "de het een en van is niet ik dat met voor op zijn maar heel ook was",
    "pl": "nie się na jest że jak ale bardzo dla od są był tylko już przez",
    "tr": "ve bir bu için çok da de ile ama ne daha gibi değil olarak en var",
}
STOPS = {name: frozenset(words.split()) for name, words in STOP_WORDS.items()}
WORD = re.compile(r"[^\W\d_]+")

# Unicode blocks; Han counts as Japanese where kana stand beside it
SCRIPTS = {
    "zh": "\u3400-\u4dbf\u4e00-\u9fff",
    "ja": "\u3040-\u30ff",
    "ko": "\uac00-\ud7af\u1100-\u11ff",
    "ru": "\u0400-\u04ff",
    "ar": "\u0600-\u06ff",
    "he": "\u0590-\u05ff",
    "el": "\u0370-\u03ff",
    "hi": "\u0900-\u097f",
    "th": "\u0e00-\u0e7f",
}
IN_SCRIPT = {name: re.compile(f"[{block}]") for name, block in SCRIPTS.items()}
UKRAINIAN, PERSIAN = re.compile("[іїєґ]"), re.compile("[پچژگ]")
KANA = 0.1  # of Han and kana together: a Japanese text has more, a Chinese one none


@dataclass(frozen=True)
class Languages:
    """The main language of N texts, and how many texts each language was told of."""

    main: str  # ISO 639-1, or "unknown"
    counts: dict[str, int]  # of the texts that were read, most frequent first
    other_share: float  # of those told apart: in another language than the main one
    others: tuple[int, ...]  # indices of these texts

    @property
    def mixed(self) -> bool:
        """Whether more than a few texts are in another language."""
        return self.other_share > MIXED

    @property
    def unspaced(self) -> bool:
        """Whether words of the main language are not divided by blanks."""
        return self.main in UNSPACED

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name (ready for JSON)."""
        return asdict(self)


def language_of(text: str) -> str:
    """Return the ISO 639-1 code of one text's language, or ``unknown``."""
    text = text[:READ].lower()
    if script := _script(text):
        return script
    hits = _hits(text)
    ranked = hits.most_common(2)
    if not ranked or ranked[0][1] < HITS:
        return UNKNOWN
    clear = len(ranked) == 1 or ranked[0][1] >= 2 * ranked[1][1]
    return ranked[0][0] if clear else UNKNOWN


def languages(texts: Sequence[str]) -> Languages:
    """Return the languages of the texts; the main one is told from all together."""
    found = [language_of(text) for text in texts]
    counts = Counter(found)
    told = [name for name, _ in counts.most_common() if name != UNKNOWN]
    main = told[0] if told else _together(texts)
    others = tuple(i for i, name in enumerate(found) if name not in (main, UNKNOWN))
    known = len(found) - counts[UNKNOWN]
    return Languages(
        main, dict(counts.most_common()), len(others) / known if known else 0.0, others
    )


def _script(text: str) -> str | None:
    """Return the language whose script most of the letters are in; None: Latin."""
    if text.isascii():
        return None
    letters = sum(map(str.isalpha, text))
    counts = {name: len(rule.findall(text)) for name, rule in IN_SCRIPT.items()}
    if counts["ja"] > KANA * (counts["ja"] + counts["zh"]):
        counts["ja"] += counts.pop("zh")
    name = max(counts, key=lambda name: counts[name])
    # a Chinese character is a word: a third of the letters outweighs Latin names
    needed = 0.3 if name in ("zh", "ja") else 0.5
    if not counts[name] or counts[name] < needed * letters:
        return None
    if name == "ru" and UKRAINIAN.search(text):
        return "uk"
    return "fa" if name == "ar" and PERSIAN.search(text) else name


def _hits(text: str) -> Counter[str]:
    """Count the function words of each language."""
    words = set(WORD.findall(text))  # different ones: "no no no" is one
    hits = {name: len(words & stops) for name, stops in STOPS.items()}
    return Counter({name: count for name, count in hits.items() if count})


def _together(texts: Sequence[str]) -> str:
    """Return the language of texts that are each too short to tell."""
    step = max(1, len(texts) // 1000)
    return language_of("\n".join(text[:100] for text in texts[::step])[: 100 * READ])
