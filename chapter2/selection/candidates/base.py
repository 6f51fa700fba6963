"""What a candidate is: facts with their sources, and a way to fit it to records.

A new candidate is one small class with ``entry`` and ``fit``, and one line in
:mod:`chapter2.selection.candidates.knowledge`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chapter2.errors import UsageError

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.deployment.predictor import Predictor


UNSTATED = "not stated"  # the licence of what only the user knows
# tokens that an encoder reads here, of the 512 that it could: a longer text says its
# class early, mostly
READ = 128


@dataclass(frozen=True)
class Entry:
    """The facts about a candidate by which it is, or is not, eligible for a task."""

    name: str  # as it is asked for: "tfidf", "minilm-lora"
    title: str  # as a report names it
    simplicity: int  # 0 is the simplest; decides where two are equally good
    licence: str  # SPDX name of what it brings along; "MIT" where that is our code only
    sources: tuple[str, ...]  # of these facts
    kinds: tuple[str, ...] = ("classification",)  # of task
    languages: tuple[str, ...] | None = None  # ISO 639-1; None: any
    needs_spaces: bool = False  # reads words, which must be divided by spaces
    network: bool = False  # sends each text away to be classified
    explainable: bool = False  # a weight per word or rule that a person can read
    window: int | None = None  # tokens that it reads of a text; None: all
    parameters: int | None = None  # None: grows with the records, or is not known
    trains_by_epochs: bool = False  # False: fitted whole in one go, effort is ignored
    reads_once: bool = False  # keeps what it computed of a text in its ``scratch``
    weights: str | None = None  # pretrained ones, by the name that fetches them
    packages: tuple[str, ...] = ()  # that must be installed beside the library's core
    parent: str | None = None  # the candidate whose fitted model it changes
    # on disk at least; with weights of 8 bits where a variant has them: it is made of
    # this one's model, which must then be in the race
    smallest_mb: float = 0.0
    least_records: int = 2  # below, it has nothing to learn from
    on_request: bool = False  # tried only where the user names it


class Candidate(Protocol):
    """Something that can be fitted to labelled texts."""

    @property
    def entry(self) -> Entry:
        """The facts about it."""

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> Predictor:
        """Return a predictor of all classes of ``train.label_names``.

        Args:
            effort: above 0 and at most 1, the share of the full training schedule;
                without meaning for what is fitted in one go.
            seed: the same records, effort and seed give the same predictor.
            validation: where given, chooses which weights are kept; never the records
                that are to be predicted.

        Raises:
            DataError: ``train`` is empty or, but for the majority, has one class only.
            FetchError, ModelError: what it builds on cannot be had.
        """


def checked_effort(effort: float) -> float:
    """Return ``effort``.

    Raises:
        UsageError: it is not above 0 and at most 1.
    """
    if not 0 < effort <= 1:
        raise UsageError(f"effort is {effort}; it must be above 0 and at most 1.")
    return effort
