"""Which kind of task a table holds: told from its columns, or stated by its owner.

Nothing is guessed in silence: a decision says why it was taken, and is replaced by
stating the kind.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chapter2.data.files.columns import LABELS, TEXTS
from chapter2.data.files.values import missing, number_of
from chapter2.errors import DataError, UsageError
from chapter2.selection.quantities import nearest

KINDS = ("classification", "multi-label", "tagging", "pair", "regression")
READ = 1000  # records from which the kind is told
SEPARATORS = "|;,"  # between several labels in one cell
SEPARATED = 0.05  # share of cells with a separator from which several labels are meant
MANY = 20  # different whole numbers from which they may as well be amounts
INSTEAD = {  # what there is for a kind of which nothing can be chosen
    "multi-label": "evaluation.multilabel_scores judges the answers of your own model",
    "tagging": "training.tagging.fit_tagger trains a tagger",
    "pair": "objectives.pair_batches joins pairs, on which an encoder can be trained",
    "regression": "evaluation.metrics_for judges the answers of your own model",
}
SEVERAL = LABELS | {"tags", "intents", "genres", "topics", "emotions", "ner_tags"}
PAIRS = (
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("question", "passage"),
    ("question", "context"),
    ("question", "answer"),
    ("question", "sentence"),
    ("query", "document"),
    ("query", "passage"),
)


@dataclass(frozen=True)
class Decision:
    """The kind of a task, and why."""

    kind: str  # one of KINDS
    why: str  # one sentence
    stated: bool = False  # by the user, not told from the columns
    texts: tuple[str, ...] = ()  # the columns of texts: one, two for a pair
    labels: tuple[str, ...] = ()  # the columns of labels: several for 0/1 columns
    separator: str | None = None  # between several labels in one cell

    def __str__(self) -> str:
        how = "as you state" if self.stated else "told from the columns"
        return f"{self.kind} ({how}): {self.why}"


def decide(
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    text: str | None = None,
    label: str | None = None,
    kind: str | None = None,
    where: str = "The table",
) -> Decision:
    """Return the kind of task that the columns ``names`` with ``rows`` hold.

    ``text`` and ``label`` name columns; ``kind`` overrules what the columns look like;
    ``where`` begins the sentence of an error.

    Raises:
        UsageError: ``kind`` is not one of KINDS.
        DataError: there is no such column, or the columns cannot hold the stated kind.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(f"kind is {kind!r}; {nearest(kind, KINDS)}")
    columns = _Columns(names, rows[:READ])
    text, label = (columns.stated(name, where) for name in (text, label))
    tests = (_tagging, _several_columns, _pair, _by_labels)
    found = [decision for test in tests if (decision := test(columns, text, label))]
    if kind is None:
        return found[0]
    return _stated(kind, found, columns, where)


def _stated(
    kind: str, found: list[Decision], columns: _Columns, where: str
) -> Decision:
    fitting = [decision for decision in found if decision.kind == kind]
    if fitting:
        own = fitting[0]
        return Decision(kind, own.why, True, own.texts, own.labels, own.separator)
    last = found[-1]
    values = columns.values(last.labels[0]) if last.labels else []
    numbers = bool(values) and all(number_of(str(v)) is not None for v in values)
    possible = kind == "classification" or (kind == "regression" and numbers)
    if not possible:
        raise DataError(
            f"{where} cannot hold {kind}, since {found[0].why[:-1]}; state another "
            "kind, or name other columns."
        )
    why = f"the columns look like {found[0].kind}, and you state otherwise."
    return Decision(kind, why, True, last.texts, last.labels)


def check_candidates(decision: Decision, where: str) -> None:
    """Refuse a kind of task for which there are no candidates to choose from.

    Raises:
        UsageError: the user has stated the kind.
        DataError: it was told from the columns.
    """
    if decision.kind == "classification":
        return
    error = UsageError if decision.stated else DataError
    raise error(
        f"{where} holds {decision.kind} ({decision.why[:-1]}), and there are "
        "candidates for classification only, one label for each text; "
        f"selection.analyse describes such records, and {INSTEAD[decision.kind]}; if "
        "each value is the name of one class, state kind classification."
    )


class _Columns:
    """The first rows of a table by column; names apart from blanks and case."""

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.names, self.rows = list(names), rows
        self.plain = [str(name).strip().casefold().replace(" ", "_") for name in names]

    def values(self, name: str) -> list[Any]:
        """Return the values under ``name`` that are not missing."""
        place = self.place(name)
        found = [] if place is None else [row[place] for row in self.rows]
        return [value for value in found if not missing(value)]

    def place(self, name: str) -> int | None:
        """Return where a column stands; None: there is no such one."""
        plain = name.strip().casefold().replace(" ", "_")
        return self.plain.index(plain) if plain in self.plain else None

    def stated(self, name: str | None, where: str) -> str | None:
        """Return the column that is meant by ``name``, as the table spells it."""
        if name is None:
            return None
        place = self.place(name)
        if place is None:
            raise DataError(
                f"{where} has no column {name!r}; {nearest(name, self.names)}"
            )
        return self.names[place]

    def usual(self, known: frozenset[str]) -> str | None:
        """Return the first column with a usual name."""
        places = (i for i, name in enumerate(self.plain) if name in known)
        return next((self.names[i] for i in places), None)

    def lists(self) -> list[str]:
        """Return the columns whose values are lists."""
        held = {name: [as_list(v) for v in self.values(name)] for name in self.names}
        return [name for name, found in held.items() if found and all(found)]


def as_list(value: Any) -> list[str] | None:
    """Return a list as such, also one written into a cell; None: it is no list."""
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    if isinstance(value, str) and value.strip()[:1] == "[" and value.strip()[-1] == "]":
        try:
            found = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
        return [str(item) for item in found] if isinstance(found, list) else None
    return None


def _tagging(columns: _Columns, text: str | None, label: str | None) -> Decision | None:
    """Two columns of lists that are equally long in each record: tokens and tags."""
    lists = columns.lists()
    for tokens in [text] if text else lists:
        for tags in [label] if label else lists:
            if tokens == tags or not {tokens, tags} <= set(lists):
                continue
            a, b = columns.values(tokens), columns.values(tags)
            if _sizes(a) == _sizes(b):
                if not label and len(_distinct(b)) > len(_distinct(a)):
                    continue  # the other way round: tags repeat, tokens differ
                why = (
                    f"{tokens!r} and {tags!r} hold lists that are equally long in each "
                    "record: tokens and their tags."
                )
                return Decision("tagging", why, False, (tokens,), (tags,))
    return None


def _sizes(lists: Sequence[Any]) -> list[int]:
    return [len(as_list(value) or ()) for value in lists]


def _distinct(lists: Sequence[Any]) -> set[str]:
    return {item for value in lists for item in as_list(value) or ()}


def _several_columns(
    columns: _Columns, text: str | None, label: str | None
) -> Decision | None:
    """Two or more columns of 0 and 1, and none that is called a label."""
    if label or columns.usual(LABELS):
        return None
    flags = {"0", "1", "0.0", "1.0", "true", "false"}
    marked = [
        name
        for name in columns.names
        if {str(value).strip().lower() for value in columns.values(name)} <= flags
        and columns.values(name)
    ]
    if len(marked) < 2:
        return None
    shown = ", ".join(repr(name) for name in marked[:3])
    why = f"{len(marked)} columns hold 0 and 1 only ({shown}), each one label."
    return Decision("multi-label", why, False, _text(columns, text), tuple(marked))


def _pair(columns: _Columns, text: str | None, label: str | None) -> Decision | None:
    """Two columns with the usual names of a pair of texts, and a label."""
    held = label or columns.usual(LABELS)
    if text or held is None:
        return None
    for first, second in PAIRS:
        a, b = columns.place(first), columns.place(second)
        if a is not None and b is not None:
            texts = columns.names[a], columns.names[b]
            why = f"{texts[0]!r} and {texts[1]!r} are two texts with one label."
            return Decision("pair", why, False, texts, (held,))
    return None


def _text(columns: _Columns, text: str | None) -> tuple[str, ...]:
    found = text or columns.usual(TEXTS)
    return () if found is None else (found,)


def _by_labels(columns: _Columns, text: str | None, label: str | None) -> Decision:
    """One text, and what stands in the label column."""
    held = label or columns.usual(LABELS) or columns.usual(frozenset(SEVERAL))
    texts = _text(columns, text)
    values = [] if held is None else columns.values(held)
    if held is None or not values:
        why = "each record has one text and one label."
        return Decision("classification", why, False, texts, (held,) if held else ())
    if all(as_list(value) is not None for value in values):
        why = f"{held!r} holds a list of labels for each text."
        return Decision("multi-label", why, False, texts, (held,))
    if separator := _separator([str(value) for value in values]):
        why = f"{held!r} holds several labels in one cell, parted by {separator!r}."
        return Decision("multi-label", why, False, texts, (held,), separator)
    return _single(held, values, texts)


def _single(held: str, values: list[Any], texts: tuple[str, ...]) -> Decision:
    """One label in each cell: amounts, or names of classes."""
    numbers = [number_of(str(value)) for value in values]
    different = len({str(value).strip() for value in values})
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers):
        broken = [number for number in known if not number.is_integer()]
        if broken:
            why = f"{held!r} holds measurements such as {broken[0]:g}."
            return Decision("regression", why, False, texts, (held,))
        if different > MANY:
            why = (
                f"{held!r} holds {different} different whole numbers, taken as names "
                "of classes; if they are amounts, state kind regression."
            )
            return Decision("classification", why, False, texts, (held,))
    why = f"{held!r} holds one label for each text."
    return Decision("classification", why, False, texts, (held,))


def _separator(values: list[str]) -> str | None:
    """Return what parts several labels in one cell; None: each is one label.

    Labels that are combined recur: fewer parts than cells that differ. In a name with
    a comma ("food, drink") they do not.
    """
    whole = len(set(values))
    for mark in SEPARATORS:
        share = sum(mark in value for value in values) / len(values)
        parts = Counter(p.strip() for value in values for p in value.split(mark))
        if share >= SEPARATED and len(parts) < whole and "" not in parts:
            return mark
    return None
