"""What is analysed, whatever it came as: texts, and labels where there is one each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from chapter2.data.files.columns import choose_columns
from chapter2.data.files.defects import Defects
from chapter2.data.files.reader import MAX_RECORDS, open_table, read_file
from chapter2.data.files.tables import Table
from chapter2.data.files.values import clean_text, missing, raw_label, unify
from chapter2.data.records import TaggedDataset, TextDataset
from chapter2.errors import DataError
from chapter2.selection.kinds import READ, Decision, as_list, decide


@dataclass(frozen=True)
class Material:
    """N texts, what they are for, and their labels."""

    name: str
    decision: Decision
    texts: tuple[str, ...]  # (N,)
    balance: Mapping[str, int] = field(default_factory=dict)  # label -> records
    dataset: TextDataset | None = None  # where each text has one label
    notices: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[int, ...] | None:
        """The label of each text, where it has just one."""
        return None if self.dataset is None else self.dataset.labels


def material(
    source: TextDataset | TaggedDataset | str | Path,
    text: str | None = None,
    label: str | None = None,
    group: str | None = None,
    kind: str | None = None,
) -> Material:
    """Return what ``source``, a data set or a file, holds.

    Raises:
        UsageError: an argument has no meaning here.
        DataError: the file cannot be used as it is, or cannot hold the stated kind.
    """
    if isinstance(source, TextDataset):
        rows = [(t, source.label_names[i]) for t, i in _spread(source)]
        decision = decide(("text", "label"), rows, "text", "label", kind)
        return _classified(source, decision)
    if isinstance(source, TaggedDataset):
        pairs = list(zip(source.tokens, source.tags, strict=True))
        decision = decide(("tokens", "tags"), pairs[:READ], "tokens", "tags", kind)
        if decision.kind != "tagging":
            raise DataError(f"{source.name} holds tagged tokens: its kind is tagging.")
        return _tagged(source, decision)
    path = Path(source)
    table, decision = opened(path, text, label, group, kind)
    if decision.kind == "classification":
        return _classified(read_file(path, text, label, group), decision)
    return _READERS[decision.kind](path, table, decision)


def opened(
    path: Path,
    text: str | None = None,
    label: str | None = None,
    group: str | None = None,
    kind: str | None = None,
    encoding: str | None = None,
) -> tuple[Table, Decision]:
    """Return the table in the file, and which kind of task its first records hold.

    Raises:
        UsageError: an argument has no meaning here.
        DataError: the file cannot be opened, or cannot hold the stated kind.
    """
    table = open_table(path, encoding, [name for name in (text, label, group) if name])
    head = list(islice(_rows(table), READ))
    return table, decide(table.names, head, text, label, kind, str(path))


def _spread(dataset: TextDataset) -> list[tuple[str, int]]:
    """Return records from all over the data set: sorted ones mislead at the start."""
    step = max(1, len(dataset) // READ)
    return list(zip(dataset.texts[::step], dataset.labels[::step], strict=True))


def _rows(table: Table) -> Iterator[tuple[Any, ...]]:
    defects = Defects(table.path, table.unit)
    for _, values in table.rows(range(len(table.names)), defects):
        yield values


def _classified(dataset: TextDataset, decision: Decision) -> Material:
    return Material(
        dataset.name,
        decision,
        dataset.texts,
        dataset.counts(),
        dataset,
        dataset.notices,
    )


def _tagged(dataset: TaggedDataset, decision: Decision) -> Material:
    texts = tuple(" ".join(tokens) for tokens in dataset.tokens)
    balance = dataset.counts()
    return Material(dataset.name, decision, texts, balance, None, dataset.notices)


def _columns(
    path: Path, table: Table, decision: Decision
) -> tuple[list[tuple[Any, ...]], tuple[str, ...]]:
    """Return the values of the columns of texts, then of labels; incomplete ones go.

    At most MAX_RECORDS records are read.
    """
    texts = decision.texts or (_text_name(path, table),)
    places = [table.names.index(name) for name in (*texts, *decision.labels)]
    defects = Defects(path, table.unit)
    rows = islice(table.rows(places, defects), MAX_RECORDS)
    found = [values for _, values in rows]
    whole = [values for values in found if not any(map(missing, values))]
    defects.check(len(found) + defects.skipped)
    if not whole:
        raise DataError(f"{path}: no record has all of its texts and labels.")
    notices = [*table.notices, *defects.notices()]
    if len(whole) < len(found):
        notices.append(f"{len(found) - len(whole)} incomplete record(s) were skipped.")
    return whole, tuple(notices)


def _text_name(path: Path, table: Table) -> str:
    """Return the column of texts, found as for a file of texts without labels."""
    head = list(islice(_rows(table), READ))
    columns = choose_columns(path, table.names, head, None, None, None, False)
    return columns.text_name


def _pairs(path: Path, table: Table, decision: Decision) -> Material:
    """Both texts as one, on two lines: enough to measure lengths and difficulty."""
    rows, notices = _columns(path, table, decision)
    labels = unify([raw_label(label) for *_, label in rows])
    texts = tuple("\n".join(clean_text(str(t))[0] for t in row[:2]) for row in rows)
    dataset = TextDataset(path.name, texts, labels.indices, labels.names)
    return Material(path.name, decision, texts, dataset.counts(), dataset, notices)


def _several(path: Path, table: Table, decision: Decision) -> Material:
    rows, notices = _columns(path, table, decision)
    counts: Counter[str] = Counter()
    for _, *values in rows:
        counts.update(set(_labels_of(values, decision)))
    texts = tuple(clean_text(str(text))[0] for text, *_ in rows)
    ordered = dict(sorted(counts.items()))
    return Material(path.name, decision, texts, ordered, None, notices)


def _labels_of(values: list[Any], decision: Decision) -> list[str]:
    """Return the labels of one record, from a list, a cell, or columns of 0 and 1."""
    if len(decision.labels) > 1:
        no = ("0", "0.0", "false")
        marked = [str(value).strip().lower() not in no for value in values]
        return [n for n, m in zip(decision.labels, marked, strict=True) if m]
    if decision.separator:
        return [part.strip() for part in str(values[0]).split(decision.separator)]
    return as_list(values[0]) or []


def _amounts(path: Path, table: Table, decision: Decision) -> Material:
    rows, notices = _columns(path, table, decision)
    texts = tuple(clean_text(str(text))[0] for text, *_ in rows)
    return Material(path.name, decision, texts, {}, None, notices)


def _sentences(path: Path, table: Table, decision: Decision) -> Material:
    rows, notices = _columns(path, table, decision)
    tokens = tuple(tuple(as_list(row[0]) or ()) for row in rows)
    tags = tuple(tuple(as_list(row[1]) or ()) for row in rows)
    names = tuple(sorted({tag for row in tags for tag in row}))
    dataset = TaggedDataset(path.name, tokens, tags, names, notices)
    found = _tagged(dataset, decision)
    if found.balance:
        return found
    # tags without B-: counted as they are
    counts = Counter(tag for row in tags for tag in row)
    return Material(path.name, decision, found.texts, counts, None, notices)


_READERS = {
    "pair": _pairs,
    "multi-label": _several,
    "regression": _amounts,
    "tagging": _sentences,
}
