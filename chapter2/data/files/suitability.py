"""Whether what was read can teach a classifier: the columns hold what they should."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chapter2.data.files.columns import NUMBER
from chapter2.data.files.defects import Defects
from chapter2.data.files.values import Labels, RawLabel, number_of
from chapter2.data.records import TextDataset
from chapter2.errors import DataError

NUMBERS = 0.9  # share of numbers from which a column is not one of texts


def check_texts(
    found: Sequence[tuple[int, str]], defects: Defects, column: str
) -> None:
    """Raise DataError where nearly all texts are numbers: an ID or rating column."""
    numbers = [at for at, text in found if NUMBER.fullmatch(text)]
    if len(numbers) > NUMBERS * len(found):
        raise DataError(
            f"{defects.at(numbers[0], column)}: the texts are numbers "
            f"({len(numbers)} of {len(found)}); name the column that holds the texts."
        )


def check_regression(
    found: Sequence[tuple[int, RawLabel]], defects: Defects, column: str
) -> None:
    """Raise DataError where the labels are numbers and not all of them whole."""
    values = {label.key: number_of(label.key) for _, label in found}
    if None in values.values():
        return
    for position, label in found:
        value = values[label.key]
        if value is not None and not value.is_integer():
            raise DataError(
                f"{defects.at(position, column)}: the labels are measurements "
                f"({label.spelling}), and regression is not supported; turn them into "
                "classes, such as the sign or a range."
            )


def check_labels(
    labels: Labels, positions: Sequence[int], defects: Defects, column: str
) -> None:
    """Raise DataError where the labels are no classes that could be learnt."""
    records, classes = len(labels.indices), len(labels.names)
    if classes == 1:
        raise DataError(
            f"{defects.at(positions[0], column)}: the {records} usable record(s) all "
            f"have the label {labels.names[0]!r}; name another label column, or add "
            "records of a second label."
        )
    if classes > 2 and classes > records / 2:
        raise DataError(
            f"{defects.at(positions[0], column)}: there are {classes} different labels "
            f"in {records} records, as in a column of texts or IDs; name the column "
            "that holds the classes."
        )
    counts = [0] * classes
    for index in labels.indices:
        counts[index] += 1
    if 1 in counts:
        rare = counts.index(1)
        raise DataError(
            f"{defects.at(positions[labels.indices.index(rare)], column)}: "
            f"{labels.names[rare]!r} is the label of this record alone, so it cannot "
            "be learnt and tested; add records of it, merge it with another label or "
            "remove it."
        )


def check_sample(dataset: TextDataset, path: Path) -> None:
    """Raise DataError where a limit left a class without two records."""
    for name, count in dataset.counts().items():
        if count < 2:
            raise DataError(
                f"{path}: a sample of {len(dataset)} records holds {count} of the "
                f"label {name!r}; raise the limit, or remove that label."
            )
