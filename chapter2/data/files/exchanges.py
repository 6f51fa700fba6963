"""The reader's own exchanges: a table with a column of questions and one of answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from chapter2.data.exchanges import Exchanges, distinct
from chapter2.data.files.columns import stated_or_known
from chapter2.data.files.defects import Defects
from chapter2.data.files.reader import (
    MAX_CHARACTERS,
    MAX_RECORDS,
    check_arguments,
    open_table,
    sampled,
)
from chapter2.data.files.reservoir import Reservoir
from chapter2.data.files.tables import Table
from chapter2.data.files.values import clean_text, kind_of, missing
from chapter2.errors import DataError

QUESTIONS = frozenset(
    {"question", "questions", "query", "ask", "message", "问题", "提问", "問題"}
)
ANSWERS = frozenset(
    {"answer", "answers", "reply", "response", "答案", "回答", "回复", "答复", "回覆"}
)
Row = tuple[int, str, str]  # position, question, answer


def read_exchanges(
    path: str | Path,
    question: str | None = None,
    answer: str | None = None,
    limit: int | None = None,
    encoding: str | None = None,
    seed: int = 0,
) -> Exchanges:
    """Read the reader's own exchanges, each once; ``notices`` say what was handled.

    Args:
        path: ``.csv``, ``.tsv``, ``.jsonl`` (each also with ``.gz``) or ``.parquet``.
        question, answer: names of the columns; usual names are found if not named.
        limit, seed: take a random sample of so many exchanges.
        encoding: of a text file; detected if not named.

    Raises:
        UsageError: an argument has no meaning for this file.
        DataError: the file cannot be used as it is.
    """
    path = Path(path)
    check_arguments(None, limit, labelled=False)
    table = open_table(path, encoding, [n for n in (question, answer) if n])
    roles = {"question": (question, QUESTIONS), "answer": (answer, ANSWERS)}
    places, notices = stated_or_known(path, table.names, roles)
    defects = Defects(path, table.unit)
    names = tuple(table.names[place] for place in places)
    sample: Reservoir[Row] = Reservoir(
        max(limit or 0, MAX_RECORDS), MAX_CHARACTERS, seed
    )
    for row in _rows(table, places, names, defects):
        sample.add(row, len(row[1]) + len(row[2]))
    defects.check(sample.seen + defects.skipped)
    if not sample.seen:
        raise DataError(
            f"{path} holds no record with both a question and an answer; name other "
            f"columns than {names[0]!r} and {names[1]!r}."
        )
    kept = sorted(sample.items)
    columns = tuple(row[1] for row in kept), tuple(row[2] for row in kept)
    whole = Exchanges(path.name, *columns).take(limit, seed)
    notices = [*table.notices, *notices, *defects.notices()]
    notices += sampled(path, len(whole), sample.seen, seed)
    return distinct(replace(whole, notices=tuple(notices)))


def _rows(
    table: Table, places: tuple[int, ...], names: tuple[str, ...], defects: Defects
) -> Iterator[Row]:
    """Yield the records that have both texts, made plain; count the others."""
    for position, values in table.rows(places, defects):
        texts = [
            _text(value, position, name, defects)
            for value, name in zip(values, names, strict=True)
        ]
        if all(texts):
            yield position, texts[0], texts[1]


def _text(value: object, position: int, name: str, defects: Defects) -> str:
    """Return the text of a cell; empty where it has none, which is counted."""
    if missing(value):
        defects.note("an empty cell; such records were skipped", position, name)
        return ""
    if not isinstance(value, str):
        defects.skip(
            "a cell is not a string; such records were skipped",
            position,
            f"the cell is of the type {kind_of(value)}, not a string; name the "
            "columns that hold questions and answers",
            name,
        )
        return ""
    text, replaced = clean_text(value)
    if replaced:
        defects.note(replaced, position, name)
    return text.strip()
