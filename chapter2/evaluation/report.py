"""The classification report: every score of one set of predictions, with supports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError
from chapter2.evaluation.metrics import (
    Average,
    accuracy_of,
    confusion_matrix,
    scores_of,
)
from chapter2.evaluation.tables import markdown_table, text_table

HEADER = ("class", "precision", "recall", "F1", "support")


@dataclass(frozen=True)
class Row:
    """The scores of one class, or one average over the classes."""

    precision: float
    recall: float
    f1: float
    support: int  # true records

    def to_dict(self) -> dict[str, float | int]:
        """Return the four numbers by name."""
        return dict(vars(self))

    def cells(self) -> list[str]:
        """Return the four numbers as a table shows them."""
        scores = (self.precision, self.recall, self.f1)
        return [*(f"{score:.3f}" for score in scores), f"{self.support:,}"]


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Report:
    """Scores per class and their averages; prints as a table in both worlds."""

    label_names: tuple[str, ...]  # (C,)
    per_class: dict[str, Row]
    macro: Row
    micro: Row
    weighted: Row
    accuracy: float
    confusion: np.ndarray  # (C, C), rows are true classes
    notices: tuple[str, ...] = ()  # where a ratio had no denominator

    def _rows(self) -> list[list[str]]:
        scored = [
            *self.per_class.items(),
            ("macro average", self.macro),
            ("weighted average", self.weighted),
        ]
        rows = [[name, *row.cells()] for name, row in scored]
        total = f"{self.micro.support:,}"
        return [*rows, ["accuracy", "", "", f"{self.accuracy:.3f}", total]]

    def __str__(self) -> str:
        return "\n".join([text_table(HEADER, self._rows()), *self.notices])

    def _repr_markdown_(self) -> str:
        return "\n\n".join([markdown_table(HEADER, self._rows()), *self.notices])

    def to_dict(self) -> dict:
        """Return the report as plain numbers, strings and lists (ready for JSON)."""
        return {
            "labels": list(self.label_names),
            "accuracy": self.accuracy,
            "per_class": {name: row.to_dict() for name, row in self.per_class.items()},
            "macro": self.macro.to_dict(),
            "micro": self.micro.to_dict(),
            "weighted": self.weighted.to_dict(),
            "confusion": self.confusion.tolist(),
            "notices": list(self.notices),
        }


def classification_report(
    y_true: ArrayLike, y_pred: ArrayLike, label_names: Sequence[str]
) -> Report:
    """Score predictions (N,) against true labels (N,) over the C ``label_names``.

    Raises:
        DataError: empty, unequal lengths, a label outside 0 .. C-1, or two equal names.
    """
    names = tuple(str(name) for name in label_names)
    if len(set(names)) < len(names):
        raise DataError(f"The label names {list(names)} repeat; each must be unique.")
    confusion = confusion_matrix(y_true, y_pred, classes=len(names))
    per_class = scores_of(confusion)
    support = confusion.sum(axis=1)
    columns = np.stack([*per_class, support], axis=1)  # (C, 4)
    return Report(
        label_names=names,
        per_class={n: _row(c, c[3]) for n, c in zip(names, columns, strict=True)},
        macro=_average(confusion, "macro"),
        micro=_average(confusion, "micro"),
        weighted=_average(confusion, "weighted"),
        accuracy=float(accuracy_of(confusion)),
        confusion=confusion,
        notices=_notices(names, support, confusion.sum(axis=0)),
    )


def _row(scores: Sequence[float] | np.ndarray, support: float) -> Row:
    precision, recall, f1 = (float(s) for s in scores[:3])
    return Row(precision, recall, f1, int(support))


def _average(confusion: np.ndarray, average: Average) -> Row:
    return _row([float(s) for s in scores_of(confusion, average)], confusion.sum())


def _notices(
    names: tuple[str, ...], support: np.ndarray, predicted: np.ndarray
) -> tuple[str, ...]:
    """Say where 0/0 was counted as 0, for it lowers the macro average."""
    empty = [n for n, s in zip(names, support, strict=True) if s == 0]
    unseen = [n for n, p in zip(names, predicted, strict=True) if p == 0]
    found = []
    if empty:
        found.append(f"No true record of {', '.join(empty)}: recall counted as 0.")
    if unseen:
        found.append(f"Never predicted: {', '.join(unseen)}; precision counted as 0.")
    return tuple(found)
