"""Every candidate, and which of them suit a task before anything is measured.

The order of simplicity is one for all tasks. It goes by what a user has to run and to
look after: a table of numbers (0 to 3), a network of a few megabytes (4 to 6), an
encoder (7 to 13, by how much of it was changed), a larger one (14 to 19), a language
model that answers by reading a prompt for each text (20, 21), and a service of someone
else (22).

A variant of 8 bits stands right behind the model that it is made of. It is smaller and
runs faster, without torch, but that is what limits of size, memory and time are there
to ask for. Without such a limit it is its parent, its training too, and one step more
that can lose something, that has to be repeated and checked after every training, and
whose result cannot be trained further. So of two that are equally good and keep every
limit, the parent is recommended.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chapter2 import data
from chapter2.errors import Chapter2Error, UsageError
from chapter2.selection.candidates.base import Candidate, Entry
from chapter2.selection.candidates.contrastive import SetFit
from chapter2.selection.candidates.endpoint import endpoint_candidate
from chapter2.selection.candidates.frozen import FrozenEncoder
from chapter2.selection.candidates.lexicon import SentimentLexicon
from chapter2.selection.candidates.linear import CHARACTERS, Linear
from chapter2.selection.candidates.majority import MajorityClass
from chapter2.selection.candidates.prompted import FEW_SHOT, Asked
from chapter2.selection.candidates.quantised import EIGHT_BITS, Quantised
from chapter2.selection.candidates.recurrent import Recurrent
from chapter2.selection.candidates.tuned import (
    BASE,
    CHINESE,
    FULL,
    HEAD,
    LORA,
    TINY,
    hub_encoder,
)

if TYPE_CHECKING:
    from chapter2.selection.requirements import Requirements

ALL: tuple[Candidate, ...] = (
    MajorityClass(),
    SentimentLexicon(),
    Linear(),
    Linear(CHARACTERS, "characters"),
    Recurrent(),
    TINY,
    Quantised(TINY),
    FrozenEncoder(),
    HEAD,
    SetFit(),
    LORA,
    Quantised(LORA),
    FULL,
    Quantised(FULL),
    BASE,
    Quantised(BASE),
    CHINESE,
    Quantised(CHINESE),
    Asked(),
    Asked(FEW_SHOT, shots=8),
)
CANDIDATES: dict[str, Candidate] = {one.entry.name: one for one in ALL}

# these write without spaces between words
UNSPACED = ("zh", "ja", "th", "lo", "km", "my", "bo")
HUB_SECONDS = 3.0  # that the Hub may take to say that it is there


def candidate(name: str) -> Candidate:
    """Return the candidate ``name``; of two kinds any can be named.

    ``hub:owner/name@revision`` (or ``hub:`` and a folder) is an encoder to fine-tune,
    with ``:int8`` behind it its variant with weights of 8 bits, and
    ``endpoint:model@address`` a model behind an OpenAI-compatible endpoint.

    Raises:
        UsageError: there is no such candidate, or its address is none.
    """
    if name in CANDIDATES:
        return CANDIDATES[name]
    kind, _, rest = name.partition(":")
    model, _, address = rest.rpartition("@http")
    if kind == "hub" and rest:
        encoder = hub_encoder(rest.removesuffix(EIGHT_BITS))
        return Quantised(encoder) if rest.endswith(EIGHT_BITS) else encoder
    if kind == "endpoint" and model:
        return endpoint_candidate(f"http{address}", model)
    raise UsageError(
        f"There is no candidate {name!r}; use {', '.join(CANDIDATES)}, "
        "hub:owner/name@revision, or endpoint:model@https://address."
    )


@dataclass(frozen=True)
class Task:
    """What of a task decides which candidates suit it."""

    kind: str = "classification"
    language: str | None = None  # ISO 639-1; None: not known, or several
    records: int = 0  # of the training part


def eligible(
    language: str | None,
    kind: str,
    requirements: Requirements,
    records: int,
    *,
    candidates: Mapping[str, Candidate] = CANDIDATES,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the names that suit the task, the simplest first, and why not the others.

    Nothing is fitted or sent; the Hub is asked whether it is there where all else
    suits.

    Args:
        language: of the texts, ISO 639-1; None: not known, or several.
        kind: of the task: ``classification``.
        requirements: what the user demands.
        records: of the training part.
        candidates: more than ``CANDIDATES``, where the user named others.

    Returns:
        The names, and for each other name one sentence.
    """
    task = Task(kind, language, records)
    entries = sorted((c.entry for c in candidates.values()), key=lambda e: e.simplicity)
    against = {entry.name: objection(entry, task, requirements) for entry in entries}
    suited = tuple(name for name, why in against.items() if why is None)
    return suited, {name: why for name, why in against.items() if why is not None}


def objection(entry: Entry, task: Task, requirements: Requirements) -> str | None:
    """Return the first reason against a candidate, as a sentence; None: it suits."""
    return next(_objections(entry, task, requirements), None)


def _objections(entry: Entry, task: Task, requirements: Requirements) -> Iterator[str]:
    yield from _of_task(entry, task)
    yield from _of_requirements(entry, requirements)
    yield from _of_this_place(entry)


def _of_task(entry: Entry, task: Task) -> Iterator[str]:
    if task.kind not in entry.kinds:
        yield f"It does {_listed(entry.kinds)}, not {task.kind}."
    if entry.languages and task.language is None:
        yield (
            f"It reads {_listed(entry.languages)} only, and the language of the texts "
            "is not known; state it."
        )
    elif entry.languages and task.language not in entry.languages:
        yield (
            f"It reads {_listed(entry.languages)} only, and the texts are "
            f"{task.language}."
        )
    if entry.needs_spaces and task.language in UNSPACED:
        yield f"It counts words, and {task.language} puts no spaces between them."
    if task.records < entry.least_records:
        yield (
            f"It needs {entry.least_records} records or more to learn from, and there "
            f"are {task.records}."
        )


def _of_requirements(entry: Entry, requirements: Requirements) -> Iterator[str]:
    if requirements.private and entry.network:
        yield "It sends each text over the network, and the texts must stay here."
    if requirements.explainable and not entry.explainable:
        yield "It has no weights that a person can read, and that is required."
    if "cost_per_1000" in requirements.maximum and entry.network:
        yield (
            "What it charges for a text is not known here, so that nobody could say "
            "whether it keeps the limit on cost_per_1000; leave out one of the two."
        )
    licences = requirements.licences
    known = [name.casefold() for name in licences or ()]
    if licences is not None and entry.licence.casefold() not in known:
        yield (
            f"Its licence is {entry.licence}, and only {_listed(licences)} is allowed."
        )
    for name in ("size_mb", "memory_mb"):
        allowed = requirements.maximum.get(name)
        if allowed is not None and entry.smallest_mb > allowed:
            yield (
                f"It takes at least {entry.smallest_mb:g} MB, and {name} may be "
                f"{allowed:g} at most."
            )


def _of_this_place(entry: Entry) -> Iterator[str]:
    for name in entry.packages:
        if importlib.util.find_spec(name) is None:
            yield (
                f"It needs the package {name}, which is not installed: run `pip "
                f"install {name}`."
            )
    if entry.weights and not reachable(entry.weights):
        yield (
            f"The weights of {entry.weights} are not in the cache and the Hugging Face "
            "Hub cannot be reached."
        )


def reachable(weights: str) -> bool:
    """Return whether weights can be had: embedded, cached, a folder, or on the Hub."""
    # `from chapter2.models import hub` would ask the package for it first: torch
    from chapter2.models.hub import _cached

    repository, _, revision = weights.partition("@")
    if weights in data.names():
        source = data.card(weights).source
        if source.embedded or data.status(weights).fetched:
            return True
        repository, revision = weights, source.version
    elif os.path.isdir(os.path.expanduser(weights)):  # no shell expands hub:~/model
        return True
    try:
        return bool(_cached(repository, revision or None)) or _answers(repository)
    except Chapter2Error:
        return False


def _answers(repository: str) -> bool:
    from huggingface_hub import HfApi

    from chapter2.data.sources.hub import unreachable

    try:
        HfApi().model_info(repository, timeout=HUB_SECONDS)
    except unreachable():  # no network, offline, no such model
        return False
    return True


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
