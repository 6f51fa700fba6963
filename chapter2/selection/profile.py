"""The profile of a task: what its data are like, and what follows for the choice."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chapter2.data.records import TaggedDataset, TextDataset
from chapter2.errors import DataError
from chapter2.selection.advice import advise
from chapter2.selection.contents import Overlap, Repeats, overlap, repeats
from chapter2.selection.difficulty import Difficulty, difficulty
from chapter2.selection.findings import Finding
from chapter2.selection.kinds import Decision
from chapter2.selection.label_errors import LabelErrors, label_errors
from chapter2.selection.languages import UNKNOWN, Languages, languages
from chapter2.selection.lengths import Lengths, embedded_tokenizer, lengths
from chapter2.selection.near_duplicates import near_duplicates
from chapter2.selection.reading import Material, material

if TYPE_CHECKING:
    from chapter2.plots import NumberedFigure

SAMPLE = 10_000  # records beyond which a sample tells as much: 15 s on one core
WORK = 18_000_000  # characters times models: five folds of it take 10 s on one core


@dataclass(frozen=True)
class Profile:
    """What :func:`analyse` measured; prints as a summary."""

    name: str
    decision: Decision
    records: int
    balance: Mapping[str, int]  # label -> records; empty for amounts
    languages: Languages
    lengths: Lengths
    repeats: Repeats
    near: tuple[tuple[int, ...], ...]  # groups of near duplicates
    label_errors: LabelErrors | None  # None: not one label per text, or too few records
    difficulty: Difficulty | None  # None: as above
    overlap: Overlap | None  # None: no test set was given
    notices: tuple[str, ...]  # what was decided without being told
    seconds: float  # that the analysis took
    findings: tuple[Finding, ...] = ()  # the gravest first

    @property
    def kind(self) -> str:
        """The kind of task, such as ``classification``."""
        return self.decision.kind

    @property
    def classes(self) -> int:
        """Number of labels that occur."""
        return sum(count > 0 for count in self.balance.values())

    @property
    def imbalance(self) -> float:
        """Records of the largest class for each one of the smallest."""
        counts = [count for count in self.balance.values() if count]
        return max(counts) / min(counts) if counts else 1.0

    @property
    def language(self) -> str | None:
        """The one language of the texts; None where unknown, or there are more."""
        told = self.languages.main != UNKNOWN and not self.languages.mixed
        return self.languages.main if told else None

    @property
    def median_tokens(self) -> float | None:
        """Tokens of the middle text, by the embedded tokenizer."""
        tokens = self.lengths.tokens
        return None if tokens is None else float(np.median(tokens))

    def summary(self) -> str:
        """Return the profile as a terminal shows it."""
        from chapter2.selection.profile_report import summary

        return summary(self)

    def __str__(self) -> str:
        return self.summary()

    def to_dict(self) -> dict[str, Any]:
        """Return all that was measured (ready for JSON)."""
        from chapter2.selection.profile_report import to_dict

        return to_dict(self)

    def figures(self, number: str = "1") -> list[NumberedFigure]:
        """Return the figures ``number.1``, ``number.2`` ..., each with alt text."""
        from chapter2.selection.profile_figures import figures

        return figures(self, number)


def analyse(
    source: TextDataset | TaggedDataset | str | Path,
    text: str | None = None,
    label: str | None = None,
    group: str | None = None,
    *,
    kind: str | None = None,
    test: TextDataset | str | Path | None = None,
    probabilities: np.ndarray | None = None,
    limit: int = SAMPLE,
    seed: int = 0,
) -> Profile:
    """Analyse a data set, or a file of one, before anything is trained on it.

    Args:
        source: a data set, or the path of a file that ``data.read_file`` reads.
        text, label, group: names of columns; text and label are found if not named.
        kind: of the task, where it is not to be told from the columns.
        test: the test set or file that goes with it, to look for overlap.
        probabilities: (N, C) of a better model, each row from one that did not see the
            record; label errors are told by them instead of the quick model's.
        limit: of more records than this, and of more test records, a random sample is
            analysed; balance and equal texts are counted over all.

    Raises:
        UsageError: an argument has no meaning here.
        DataError: the file cannot be used as it is, or cannot hold the stated kind.
    """
    start = time.perf_counter()
    held = material(source, text, label, group, kind)
    if not held.texts:
        raise DataError(f"{held.name} has no records; there is nothing to analyse.")
    asked = None if test is None else material(test, text, label, group, kind).texts
    chosen = _sampled(held, limit, seed)
    texts = [held.texts[i] for i in chosen]
    spoken = languages(texts)
    tokenizer, missing = embedded_tokenizer()
    hard, measured, note = _quick(held, chosen, spoken.unspaced, seed)
    shared, few = _overlap(held.texts, asked, spoken.unspaced, limit, seed)
    notices = [*held.notices, *_sample_notices(held, chosen, seed), missing, note, few]
    found = Profile(
        name=held.name,
        decision=held.decision,
        records=len(held.texts),
        balance=held.balance,
        languages=replace(spoken, others=_at(chosen, spoken.others)),
        lengths=lengths(texts, tokenizer),
        repeats=repeats(held.texts, held.labels),
        near=tuple(_at(chosen, g) for g in near_duplicates(texts, spoken.unspaced)),
        label_errors=_label_errors(held, measured, hard, probabilities),
        difficulty=hard,
        overlap=shared,
        notices=tuple(notice for notice in notices if notice),
        seconds=time.perf_counter() - start,
    )
    return replace(found, findings=advise(found, held))


def _at(chosen: np.ndarray, places: Sequence[int]) -> tuple[int, ...]:
    """Return the records that stand at ``places`` of the sample."""
    return tuple(int(chosen[i]) for i in places)


def _sampled(held: Material, limit: int, seed: int) -> np.ndarray:
    """Return the indices of the records that are analysed, rising."""
    records = len(held.texts)
    if records <= limit:
        return np.arange(records)
    if held.dataset is None:
        drawn = np.random.default_rng(seed).permutation(records)[:limit]
        return np.sort(drawn)
    # take() draws with the balance of the whole; the indices travel as scores
    numbered = replace(held.dataset, scores=tuple(range(records)))
    return np.asarray(numbered.take(limit, seed).scores, dtype=np.int64)


def _sample_notices(held: Material, chosen: np.ndarray, seed: int) -> list[str]:
    if len(chosen) == len(held.texts):
        return []
    return [
        f"A random sample of {len(chosen):,} of the {len(held.texts):,} records was "
        f"analysed (seed {seed}); balance and equal texts are counted over all."
    ]


def _overlap(
    train: Sequence[str],
    asked: Sequence[str] | None,
    unspaced: bool,
    limit: int,
    seed: int,
) -> tuple[Overlap | None, str | None]:
    """Return what of the test texts is in training too, and what to note."""
    if asked is None:
        return None, None
    note = None
    if len(asked) > limit:
        note = (
            f"Nearly equal texts were looked for in a random sample of {limit:,} of "
            f"the {len(asked):,} test records (seed {seed}); equal ones in all."
        )
    return overlap(train, asked, unspaced, limit, seed), note


def _affordable(held: Material, chosen: np.ndarray, seed: int) -> np.ndarray:
    """Return the places in the sample on which the quick model is measured, rising.

    Its time grows with the length of the texts and with the number of classes.
    """
    assert held.dataset is not None
    sample = held.dataset.select(chosen)
    characters = sum(map(len, sample.texts))
    models = 1 if len(set(sample.labels)) <= 2 else len(set(sample.labels))
    records = int(len(sample) * WORK / max(1, characters * models))
    numbered = replace(sample, scores=tuple(range(len(sample))))
    return np.asarray(numbered.take(records, seed).scores, dtype=np.int64)


def _quick(
    held: Material, chosen: np.ndarray, unspaced: bool, seed: int
) -> tuple[Difficulty | None, np.ndarray, str | None]:
    """Return the difficulty, the records it was measured on, and what to note."""
    if held.dataset is None:
        why = "How hard the task is was not measured: only classification has a quick "
        why += f"model here, and this is {held.decision.kind}."
        return None, chosen, why
    measured = chosen[_affordable(held, chosen, seed)]
    note = None
    if len(measured) < len(chosen):
        note = (
            f"How hard the task is, and which labels are wrong, was measured on "
            f"{len(measured):,} records, for the sake of time."
        )
    try:
        part = held.dataset.select(measured)
        return difficulty(part, unspaced, seed), measured, note
    except DataError as error:
        why = f"How hard the task is could not be measured: {error}"
        return None, measured, why


def _label_errors(
    held: Material,
    measured: np.ndarray,
    hard: Difficulty | None,
    probabilities: np.ndarray | None,
) -> LabelErrors | None:
    """Return the probable label errors as indices into all records."""
    if held.dataset is None:
        return None
    labels = np.asarray(held.dataset.labels)
    if probabilities is not None:
        return label_errors(labels, probabilities)
    if hard is None:
        return None
    found = label_errors(labels[measured], hard.probabilities)
    return replace(found, records=_at(measured, found.records))
