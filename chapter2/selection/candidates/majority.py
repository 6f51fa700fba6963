"""The most frequent class: what every model must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chapter2.selection.candidates.base import Entry

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.models.sparse import Majority

MAJORITY = Entry(
    name="majority",
    title="Majority class",
    simplicity=0,
    licence="MIT",
    explainable=True,
    least_records=1,
    sources=("chapter2.evaluation.majority: the shares of the classes",),
)


@dataclass(frozen=True)
class MajorityClass:
    """Predicts the shares of the classes, whatever the text."""

    entry: Entry = MAJORITY

    def fit(
        self,
        train: TextDataset,
        *,
        effort: float = 1.0,
        seed: int = 0,
        validation: TextDataset | None = None,
    ) -> Majority:
        """Count the classes; see :class:`Candidate`."""
        from chapter2.evaluation import majority
        from chapter2.models.sparse import Majority

        return Majority.of(majority(train))
