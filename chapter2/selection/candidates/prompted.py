"""A causal language model that is asked for the label: with examples, or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chapter2.errors import DataError
from chapter2.selection.candidates.base import Entry

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.models.prompted import Prompted


def _smollm2(name: str, title: str, simplicity: int, least: int) -> Entry:
    return Entry(
        name=name,
        title=title,
        simplicity=simplicity,
        licence="Apache-2.0",
        languages=("en",),
        window=2048,
        parameters=134_515_008,
        weights="smollm2",
        smallest_mb=538.0,
        least_records=least,
        sources=(
            "Allal et al. (2025): SmolLM2, English",
            "Brown et al. (2020): prompts with examples",
        ),
    )


ZERO_SHOT = _smollm2("smollm2-zero-shot", "SmolLM2, asked without examples", 20, 1)
FEW_SHOT = _smollm2("smollm2-few-shot", "SmolLM2, shown a few examples", 21, 2)


@dataclass(frozen=True)
class Asked:
    """The labels' own names are what is scored: they must mean something."""

    entry: Entry = ZERO_SHOT
    model: str = "smollm2"
    shots: int = 0  # examples shown, of all classes together; 0: zero-shot

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> Prompted:
        """Choose the examples; nothing is trained; see :class:`Candidate`."""
        from torch.nn import Module

        from chapter2 import runtime
        from chapter2.models import load_causal
        from chapter2.models.prompted import Prompted

        examples = choose_examples(train, self.shots, seed)
        causal = load_causal(self.model)
        Module.to(causal.model, runtime.device())
        return Prompted(train.label_names, causal, examples)


def choose_examples(
    train: TextDataset, shots: int, seed: int
) -> tuple[tuple[str, str], ...]:
    """Return ``shots`` texts with their labels, the classes in turn, order at random.

    The classes in turn: a model repeats the label that it was shown most, or last (Zhao
    et al., 2021).

    Raises:
        DataError: there are no records.
    """
    if not len(train):
        raise DataError(f"{train.name} has no records; a model needs some to learn.")
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(train))
    labels = np.asarray(train.labels)[order]
    turn = np.empty(len(train), dtype=int)  # the how-manieth record of its class
    for label in np.unique(labels):
        where = np.flatnonzero(labels == label)
        turn[where] = np.arange(len(where))
    chosen = order[np.argsort(turn, kind="stable")[:shots]]
    names = train.label_names
    return tuple((train.texts[i], names[train.labels[i]]) for i in chosen)
