"""Where errors gather: the accuracy on each part of the records.

The intervals count copies, and records of one group, as the independent records that
they are worth (:func:`accuracy_interval`). Shapes: N records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chapter2.data.dealing import unit_numbers
from chapter2.data.records import TextDataset
from chapter2.errors import DataError, UsageError
from chapter2.evaluation.baselines import detect_language
from chapter2.evaluation.intervals import Interval, accuracy_interval
from chapter2.evaluation.metrics import as_label_pair
from chapter2.evaluation.resampling import joined
from chapter2.evaluation.tables import markdown_table, text_table


@dataclass(frozen=True)
class Slice:
    """The accuracy on one part of the records."""

    name: str
    records: int
    accuracy: Interval | None  # Wilson's interval; None where there is no record

    def shown(self) -> str:
        """Return the accuracy as a table shows it."""
        return "none" if self.accuracy is None else f"{self.accuracy:.1%}"


@dataclass(frozen=True)
class Slices:
    """The accuracy on each part of a data set; prints as a table."""

    by: str  # what the records were parted by
    rows: tuple[Slice, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Slice]:
        return iter(self.rows)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        rows = [[row.name, f"{row.records:,}", row.shown()] for row in self.rows]
        return [self.by, "records", "accuracy [95 % interval]"], rows

    def __str__(self) -> str:
        return text_table(*self._table())

    def _repr_markdown_(self) -> str:
        return markdown_table(*self._table())


def accuracy_by(
    values: Sequence[float] | np.ndarray,
    edges: Sequence[float] | np.ndarray,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    by: str,
    units: ArrayLike | None = None,
) -> Slices:
    """Part the records by ``values`` (N,) at ``edges`` and score each part.

    Part j holds edges[j] <= value < edges[j + 1]; the last part also holds its upper
    edge. Examples: the length in words; the distance of a rating from zero. Records
    with the same number in ``units`` (N,) are not independent evidence.

    Raises:
        DataError: unequal lengths, or a value outside the edges.
        UsageError: fewer than two edges, or edges that do not rise.
    """
    true, pred = as_label_pair(y_true, y_pred)
    at = np.asarray(edges, dtype=float)
    if len(at) < 2 or (np.diff(at) <= 0).any():
        raise UsageError(f"edges are {list(edges)}; give two or more, rising.")
    part = _parts(np.asarray(values, dtype=float), at, len(true))
    right, units = true == pred, joined(units, len(true))
    rows = [
        Slice(f"{at[j]:g} to {at[j + 1]:g}", *_scored(right, part == j, units))
        for j in range(len(at) - 1)
    ]
    return Slices(by, tuple(rows))


def _parts(values: np.ndarray, edges: np.ndarray, records: int) -> np.ndarray:
    """Return the part of each value, (N,)."""
    if values.shape != (records,):
        raise DataError(
            f"values has shape {values.shape}, but there are {records} labels."
        )
    outside = np.flatnonzero(~((values >= edges[0]) & (values <= edges[-1])))
    if len(outside):
        raise DataError(
            f"values[{outside[0]}] is {values[outside[0]]:g}, outside the edges "
            f"{edges[0]:g} to {edges[-1]:g}; widen the edges."
        )
    below = np.searchsorted(edges, values, side="right") - 1
    return np.minimum(below, len(edges) - 2)  # the upper edge belongs to the last part


def _scored(
    right: np.ndarray, inside: np.ndarray, units: np.ndarray | None
) -> tuple[int, Interval | None]:
    """Return how many of the records (N,) are ``inside``, and their accuracy."""
    if not (records := int(inside.sum())):
        return 0, None
    mine = None if units is None else units[inside]
    return records, accuracy_interval(right[inside], mine)


def accuracy_by_name(
    names: Sequence[str],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    by: str,
    units: ArrayLike | None = None,
) -> Slices:
    """Score the records of each name apart: classes, languages, sources.

    The order is that of the first record of each name; ``units`` are as above.

    Raises:
        DataError: empty, unequal lengths or bad labels.
    """
    true, pred = as_label_pair(y_true, y_pred)
    if len(names) != len(true):
        raise DataError(f"There are {len(names)} names, but {len(true)} labels.")
    place, right = np.asarray(names, dtype=object), true == pred
    units = joined(units, len(true))
    rows = [
        Slice(name, *_scored(right, place == name, units))
        for name in dict.fromkeys(names)
    ]
    return Slices(by, tuple(rows))


def accuracy_by_class(dataset: TextDataset, y_pred: ArrayLike) -> Slices:
    """Score the records of each true class: their accuracy is the class's recall.

    Raises:
        DataError: the data set has no records, or lengths differ.
    """
    names = [dataset.label_names[label] for label in dataset.labels]
    return accuracy_by_name(
        names, dataset.labels, y_pred, by="class", units=unit_numbers(dataset)
    )


def accuracy_by_language(dataset: TextDataset, y_pred: ArrayLike) -> Slices:
    """Score Chinese and other texts apart, as :func:`detect_language` tells them.

    Raises:
        DataError: the data set has no records, or lengths differ.
    """
    names = [detect_language([text]) for text in dataset.texts]
    return accuracy_by_name(
        names, dataset.labels, y_pred, by="language", units=unit_numbers(dataset)
    )


def accuracy_by_length(
    dataset: TextDataset, y_pred: ArrayLike, parts: int = 4
) -> Slices:
    """Score the records by length in characters, in parts of about equal size.

    Characters, because Chinese puts no blanks between words.

    Raises:
        DataError: the data set has no records, or lengths differ.
        UsageError: ``parts`` is below 1.
    """
    if parts < 1:
        raise UsageError(f"parts is {parts}; give 1 or more.")
    lengths = np.array([len(text) for text in dataset.texts])
    if not len(lengths):
        raise DataError(f"{dataset.name} has no records; there is nothing to evaluate.")
    shares = np.linspace(0, 1, parts + 1)
    edges = np.unique(np.quantile(lengths, shares, method="inverted_cdf"))
    if len(edges) == 1:  # all of one length
        edges = np.array([edges[0], edges[0] + 1])
    units = unit_numbers(dataset)
    return accuracy_by(lengths, edges, dataset.labels, y_pred, "characters", units)


def accuracy_by_rating(
    dataset: TextDataset, y_pred: ArrayLike, edges: Sequence[float] | None = None
) -> Slices:
    """Score the records by how far their mean rating lies from zero.

    Near zero the raters themselves disagree on the sign, so errors there weigh less.
    The edges default to 0, 0.5, 1, 2 and the largest distance there is.

    Raises:
        DataError: the data set has no records or no ratings, or lengths differ.
    """
    if not dataset.scores:
        raise DataError(f"{dataset.name} has no ratings; use accuracy_by instead.")
    distance = np.abs(np.asarray(dataset.scores))
    farthest = max(float(distance.max()), 0.001)  # edges must rise
    if edges is None:
        edges = [edge for edge in (0.0, 0.5, 1.0, 2.0) if edge < farthest] + [farthest]
    by, units = "distance from zero", unit_numbers(dataset)
    return accuracy_by(distance, edges, dataset.labels, y_pred, by, units)
