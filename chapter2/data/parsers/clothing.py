"""Clothing reviews: recommended or not, rating, department and class of the garment."""

from __future__ import annotations

from pathlib import Path

from chapter2.data.records import TextDataset
from chapter2.errors import DataError

FILE = "WomensClothingE-CommerceReviews.parquet.brotli"
TEXT, PRODUCT, RATING = "Review Text", "Clothing ID", "Rating"
LABELS = {  # our name of a label set -> its column
    "recommended": "Recommended IND",
    "rating": RATING,
    "department": "Department Name",
    "class": "Class Name",
}
RECOMMENDED = {0: "not recommended", 1: "recommended"}
BALANCES = {  # what the file holds; asserted after parsing
    "recommended": {"not recommended": 4101, "recommended": 18_540},
    "rating": {"1": 821, "2": 1549, "3": 2823, "4": 4908, "5": 12_540},
    "department": {
        "Bottoms": 3662,
        "Dresses": 6145,
        "Intimate": 1653,
        "Jackets": 1002,
        "Tops": 10_048,
        "Trend": 118,
    },
    "class": {
        "Blouses": 2983,
        "Casual bottoms": 1,
        "Chemises": 1,
        "Dresses": 6145,
        "Fine gauge": 1059,
        "Intimates": 147,
        "Jackets": 683,
        "Jeans": 1104,
        "Knits": 4626,
        "Layering": 132,
        "Legwear": 158,
        "Lounge": 669,
        "Outerwear": 319,
        "Pants": 1350,
        "Shorts": 304,
        "Skirts": 903,
        "Sleep": 214,
        "Sweaters": 1380,
        "Swim": 332,
        "Trend": 118,
    },
}


def parse(
    folder: Path, name: str, label: str, label_names: tuple[str, ...]
) -> TextDataset:
    """Read the reviews that have a text, and a value in the column of ``label``.

    The records of one garment (``Clothing ID``) form a group.

    Raises:
        DataError: a value of the column is none of ``label_names``.
    """
    texts, products, ratings, values = _columns(folder / FILE, LABELS[label])
    written = [i for i, text in enumerate(texts) if text and text.strip()]
    kept = [i for i in written if values[i] is not None]
    names = [_name(values[i], label) for i in kept]
    if unknown := set(names) - set(label_names):
        raise DataError(
            f"{name} has the labels {sorted(unknown)} beside {list(label_names)}: "
            "do not train on it, report it."
        )
    return TextDataset(
        name=name,
        texts=tuple(texts[i].strip() for i in kept),
        labels=tuple(label_names.index(each) for each in names),
        label_names=label_names,
        groups=tuple(str(products[i]) for i in kept),
        notices=_notices(len(texts) - len(written), len(written) - len(kept), label),
        scores=tuple(float(ratings[i]) for i in kept),
    )


def _columns(path: Path, label: str) -> list[list]:
    """Return the columns of text, product, rating and label, one value a review."""
    import pyarrow.parquet as pq

    wanted = (TEXT, PRODUCT, RATING, label)
    table = pq.read_table(path, columns=list(dict.fromkeys(wanted)))
    return [table[column].to_pylist() for column in wanted]


def _name(value: int | str, label: str) -> str:
    """Return the label's name: the value itself, unless it is 0 or 1 for a word."""
    if label == "recommended" and isinstance(value, int):
        return RECOMMENDED.get(value, str(value))
    return str(value)


def _notices(empty: int, unlabelled: int, label: str) -> tuple[str, ...]:
    notices = [f"{empty} reviews without a text were dropped."]
    if unlabelled:
        notices.append(f"{unlabelled} reviews without a {label} were dropped.")
    return tuple(notices)
