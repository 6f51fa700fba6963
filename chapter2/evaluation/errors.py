"""What a classifier gets wrong: its most confident errors, as a table to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chapter2.data.records import TextDataset
from chapter2.errors import DataError, UsageError
from chapter2.evaluation.tables import markdown_table, shorten, text_table


@dataclass(frozen=True)
class Mistake:
    """One record that the model got wrong."""

    index: int  # its place in the data set
    text: str
    true: str
    predicted: str
    probability: float  # what the model gave the wrong label
    score: float | None = None  # the record's rating, where the source has one


@dataclass(frozen=True)
class Mistakes:
    """Wrong predictions, the most confident first; prints as a table."""

    rows: tuple[Mistake, ...]
    total: int  # wrong predictions in all, of which `rows` are the first
    records: int  # records looked at
    width: int = 80  # columns of text shown

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mistake]:
        return iter(self.rows)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        scored = any(row.score is not None for row in self.rows)
        header = ["text", "true", "predicted", "probability"] + ["rating"] * scored
        rows = [
            [shorten(row.text, self.width), row.true, row.predicted]
            + [f"{row.probability:.3f}"]
            + ["" if row.score is None else f"{row.score:+.2f}"] * scored
            for row in self.rows
        ]
        return header, rows

    def _summary(self) -> str:
        return f"{self.total:,} of {self.records:,} predictions are wrong."

    def __str__(self) -> str:
        return "\n".join([text_table(*self._table(), left=3), self._summary()])

    def _repr_markdown_(self) -> str:
        return "\n\n".join([markdown_table(*self._table(), left=3), self._summary()])


def most_confident_errors(
    dataset: TextDataset, probabilities: ArrayLike, k: int = 10, width: int = 80
) -> Mistakes:
    """Return the ``k`` wrong predictions with the highest probability.

    ``probabilities`` is (N, C), one row per record of ``dataset``. The whole text is
    kept; tables show its first ``width`` columns.

    Raises:
        DataError: the shape is not (N, C), or a row holds NaN.
        UsageError: ``k`` or ``width`` below 1.
    """
    if k < 1 or width < 1:
        raise UsageError(f"k is {k} and width {width}; both must be at least 1.")
    p = _probabilities(dataset, probabilities)
    predicted = p.argmax(axis=1)
    wrong = np.flatnonzero(predicted != np.asarray(dataset.labels))
    # stable: of equal probabilities the earlier record comes first
    order = wrong[np.argsort(-p[wrong, predicted[wrong]], kind="stable")]
    rows = tuple(_mistake(dataset, int(i), int(predicted[i]), p[i]) for i in order[:k])
    return Mistakes(rows, total=len(wrong), records=len(dataset), width=width)


def _mistake(dataset: TextDataset, i: int, predicted: int, p: np.ndarray) -> Mistake:
    return Mistake(
        index=i,
        text=dataset.texts[i],
        true=dataset.label_names[dataset.labels[i]],
        predicted=dataset.label_names[predicted],
        probability=float(p[predicted]),
        score=None if dataset.scores is None else float(dataset.scores[i]),
    )


def _probabilities(dataset: TextDataset, probabilities: ArrayLike) -> np.ndarray:
    p = np.asarray(probabilities, dtype=float)
    expected = (len(dataset), len(dataset.label_names))
    if p.shape != expected or not len(dataset):
        raise DataError(
            f"probabilities has shape {p.shape}, but {dataset.name} needs {expected} "
            "and at least one record."
        )
    if np.isnan(p).any():
        at = int(np.flatnonzero(np.isnan(p).any(axis=1))[0])
        raise DataError(f"probabilities[{at}] holds NaN; the model did not converge.")
    return p
