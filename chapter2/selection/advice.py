"""From what was measured to findings: each with its numbers and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chapter2.evaluation.tables import shorten
from chapter2.selection.findings import Finding, gravest_first
from chapter2.selection.languages import UNKNOWN
from chapter2.selection.lengths import WINDOWS
from chapter2.selection.reading import Material

if TYPE_CHECKING:
    from chapter2.selection.profile import Profile

FEW = 200  # records: a test part of 40 has an interval of 25 points
RARE = 10  # records of a class: fewer than two in each of five folds
UNEVEN, VERY_UNEVEN = 3.0, 10.0  # largest class over smallest
CUT = 0.05  # share of texts over a window that is worth a word
STRANGE = 0.1  # share of unknown tokens from which an encoder reads little
SUSPICIOUS = 0.98  # accuracy of a linear model that is rarely honest
STEEP, FLAT = 1.0, 0.3  # points of accuracy for a doubling of the records
SHOWN = 3  # examples under a finding
WIDTH = 76  # columns of an example


def advise(profile: Profile, held: Material) -> tuple[Finding, ...]:
    """Return the findings of a profile, the gravest first."""
    found = [
        *_of_size(profile),
        *_of_balance(profile),
        *_of_language(profile, held),
        *_of_lengths(profile),
        *_of_repeats(profile, held),
        *_of_near(profile, held),
        *_of_labels(profile, held),
        *_of_overlap(profile),
        *_of_difficulty(profile),
    ]
    return gravest_first(found)


def _examples(held: Material, records: Sequence[int]) -> tuple[str, ...]:
    return tuple(
        shorten(f"record {i}: {held.texts[i]}", WIDTH) for i in records[:SHOWN]
    )


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _of_size(profile: Profile) -> Iterator[Finding]:
    if profile.records < FEW:
        yield Finding(
            "few records",
            "warning",
            f"There are only {_many(profile.records, 'record')}.",
            "Label more, or expect wide intervals and prefer the simplest model.",
        )
    if profile.kind != "classification":
        yield Finding(
            "kind",
            "advice",
            f"The task is {profile.kind}, and candidates are compared for "
            "classification of single texts only.",
            "If each text has just one label, state kind classification; else use this "
            "profile alone.",
        )


def _of_balance(profile: Profile) -> Iterator[Finding]:
    rare = [name for name, count in profile.balance.items() if 0 < count < RARE]
    if rare:
        shown = ", ".join(repr(name) for name in rare[:SHOWN])
        yield Finding(
            "rare labels",
            "warning",
            f"{len(rare)} of {profile.classes} labels have fewer than {RARE} records "
            f"({shown}).",
            "Label more of them, merge them with others, or leave them out.",
        )
    if profile.imbalance >= UNEVEN:
        counts = {name: count for name, count in profile.balance.items() if count}
        large = max(counts, key=lambda name: counts[name])
        small = min(counts, key=lambda name: counts[name])
        yield Finding(
            "imbalance",
            "warning" if profile.imbalance >= VERY_UNEVEN else "advice",
            f"The label {large!r} has {profile.imbalance:.1f} times as many records as "
            f"{small!r} ({counts[large]:,} and {counts[small]:,}).",
            "Judge models by macro F1, not by accuracy.",
        )


def _of_language(profile: Profile, held: Material) -> Iterator[Finding]:
    spoken = profile.languages
    if spoken.main == UNKNOWN:
        yield Finding(
            "language",
            "advice",
            "The language of the texts could not be told.",
            "State it, so that models of other languages are left out.",
        )
    elif spoken.mixed:
        yield Finding(
            "mixed languages",
            "advice",
            f"Of the texts whose language could be told, {spoken.other_share:.1%} are "
            f"not in the main one, {spoken.main!r}.",
            "Use a multilingual model, or part the texts by language.",
            spoken.others,
            _examples(held, spoken.others),
        )
    share = profile.lengths.unknown_share
    if share is not None and share >= STRANGE:
        yield Finding(
            "unknown tokens",
            "warning",
            f"{share:.0%} of the tokens are unknown to the embedded English encoder.",
            "Choose an encoder of the texts' language; the embedded one reads blanks "
            "where they stand.",
        )


def _of_lengths(profile: Profile) -> Iterator[Finding]:
    cut = {window: profile.lengths.truncated(window) or 0.0 for window in WINDOWS}
    if cut[WINDOWS[0]] < CUT:
        return
    fitting = [window for window in WINDOWS if cut[window] < CUT]
    shares = ", ".join(f"{cut[window]:.0%} over {window}" for window in WINDOWS)
    advice = (
        f"Set the window to {fitting[0]} tokens."
        if fitting
        else "Check that the beginning of a text decides its label, or part long texts."
    )
    yield Finding(
        "long texts",
        "advice" if fitting else "warning",
        f"Texts would be cut by a model's window of tokens: {shares}.",
        advice,
    )


def _of_repeats(profile: Profile, held: Material) -> Iterator[Finding]:
    found = profile.repeats
    if found.surplus:
        records = tuple(i for group in found.groups for i in group[1:])
        yield Finding(
            "duplicates",
            "advice",
            f"{_many(found.surplus, 'record')} of {profile.records:,} repeat an "
            "earlier text.",
            "Remove them, or at least keep equal texts in one part, as splits here do.",
            records,
            _examples(held, records),
        )
    if found.contradictory:
        records = tuple(i for group in found.contradictory for i in group)
        yield Finding(
            "contradictory labels",
            "warning",
            f"{_many(len(found.contradictory), 'text')} with different labels, in "
            f"{len(records):,} records.",
            "Decide on one label for each; no model can be right on all of them.",
            records,
            _examples(held, records),
        )


def _of_near(profile: Profile, held: Material) -> Iterator[Finding]:
    if profile.near:
        records = tuple(i for group in profile.near for i in group)
        yield Finding(
            "near duplicates",
            "advice",
            f"{len(records):,} records stand in {_many(len(profile.near), 'group')} of "
            "nearly the same text.",
            "Name a column that groups them, so that no group is both learnt and "
            "tested.",
            records,
            _examples(held, records),
        )


def _of_labels(profile: Profile, held: Material) -> Iterator[Finding]:
    found = profile.label_errors
    if found is None or held.dataset is None or not found.records:
        return
    names = held.dataset.label_names
    examples = tuple(
        shorten(
            f"record {i}: {names[held.dataset.labels[i]]!r}, not {names[j]!r}? "
            f"{held.texts[i]}",
            WIDTH,
        )
        for i, j in zip(found.records[:SHOWN], found.suggested, strict=False)
    )
    yield Finding(
        "label errors",
        "advice",
        f"{_many(len(found.records), 'label')} probably wrong; by the same fit, about "
        f"{found.share:.1%} of all labels are.",
        "Look at these records first, and mend what is wrong by hand.",
        found.records,
        examples,
    )


def _of_overlap(profile: Profile) -> Iterator[Finding]:
    found = profile.overlap
    if found is not None and found.share:
        yield Finding(
            "overlap",
            "warning",
            f"{found.share:.1%} of the {found.records:,} test records are also in the "
            f"training data ({len(found.exact):,} exactly, {len(found.near):,} "
            "nearly).",
            "A score on them is one of memory: remove them from the training data, as "
            "choosing does with the equal ones.",
            tuple(sorted((*found.exact, *found.near))),
        )


def _of_difficulty(profile: Profile) -> Iterator[Finding]:
    hard = profile.difficulty
    if hard is None:
        return
    scores = (
        f"TF-IDF with a linear model gets {hard.accuracy:.1%} right, the most frequent "
        f"label {hard.majority.value:.1%}"
    )
    if not hard.gap.low > 0:
        yield Finding(
            "nothing learnt",
            "warning",
            f"{scores}: no difference could be shown.",
            "Check that texts and labels belong together, or label more.",
        )
    elif hard.accuracy.value >= SUSPICIOUS:
        yield Finding(
            "too easy",
            "warning",
            f"{scores}.",
            "Check that the label, or what it was made from, does not stand in the "
            "text; if it does not, no language model is needed.",
        )
    else:
        yield Finding(
            "difficulty",
            "info",
            f"{scores}: a gap of {100 * hard.gap.value:.1f} points.",
            "A language model has to be better than that to be worth its cost.",
        )
    yield from _of_slope(hard.slope, hard.curve[-1][0])


def _of_slope(slope: float, records: int) -> Iterator[Finding]:
    last = f"The last doubling, to {records:,} records, brought {slope:+.1f} points of "
    if slope >= STEEP:
        yield Finding(
            "learning curve",
            "advice",
            f"{last}accuracy.",
            "More labelled records would help; weigh them against a larger model.",
        )
    elif slope <= FLAT:
        yield Finding(
            "learning curve",
            "info",
            f"{last}accuracy.",
            "More records of the same kind would bring it little.",
        )
