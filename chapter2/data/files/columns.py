"""Which column holds the text, the label and the source: named, found, or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chapter2.errors import DataError, UsageError


def _words(listing: str) -> frozenset[str]:
    return frozenset(listing.split())


TEXTS = _words(
    "text texts review reviews review_text reviewtext sentence sentences content"
    " comment comments body message tweet document utterance snippet"
    " 文本 评论 评价 内容 句子 正文 文字 評論 內容"
)
LABELS = _words(
    "label labels sentiment category class target polarity rating stars topic intent"
    " 标签 类别 情感 分类 情绪 標籤 類別"
)
SOURCES = _words(
    "group source product product_id productid item_id user_id author author_id"
    " article article_id doc_id document_id thread_id"
)
NUMBER = re.compile(r"\s*[+-]?(\d+[.,]?\d*|\.\d+)([eE][+-]?\d+)?%?\s*")
SHORT = 10  # characters: columns of texts are longer on average


@dataclass(frozen=True)
class Columns:
    """Positions of the columns to read, and what was decided without being told."""

    text: int
    label: int | None
    group: int | None
    names: tuple[str, ...]  # of all columns of the file
    notices: tuple[str, ...] = ()

    @property
    def text_name(self) -> str:
        """Name of the column of texts."""
        return self.names[self.text]

    @property
    def label_name(self) -> str:
        """Name of the column of labels; empty where there is none."""
        return "" if self.label is None else self.names[self.label]

    @property
    def group_name(self) -> str:
        """Name of the column of groups; empty where there is none."""
        return "" if self.group is None else self.names[self.group]


def _plain(name: str) -> str:
    return name.strip().casefold()


class _Chooser:
    """The columns of one file, and the first records by which to tell them apart."""

    def __init__(self, path: Path, names: Sequence[str], head: Sequence[tuple]) -> None:
        self.path, self.names, self.head = path, names, head
        self.notices: list[str] = []

    @property
    def listing(self) -> str:
        shown = ", ".join(repr(name) for name in self.names[:20])
        return shown + (", ..." if len(self.names) > 20 else "")

    def stated(self, role: str, name: str) -> int:
        """Return the position of the column ``name``, exactly or nearly so written."""
        exact = [i for i, other in enumerate(self.names) if other == name]
        near = exact or [
            i for i, other in enumerate(self.names) if _plain(other) == _plain(name)
        ]
        if not near:
            raise DataError(
                f"{self.path} has no column {name!r}; name the {role} column as one of "
                f"{self.listing}."
            )
        if len(near) > 1:
            raise self._duplicated(role, name, near)
        if not exact:
            self.notices.append(
                f"{self.path}: the {role} column {name!r} was read from "
                f"{self.names[near[0]]!r}."
            )
        return near[0]

    def _duplicated(self, role: str, name: str, places: list[int]) -> DataError:
        numbers = " and ".join(str(i + 1) for i in places)
        return DataError(
            f"{self.path}, line 1: columns {numbers} are both called {name!r}; rename "
            f"all but the one that holds the {role}."
        )

    def known(self, role: str, usual: frozenset[str], taken: set[int]) -> int | None:
        """Return the only column with a usual name, None where there is none."""
        found = [
            i
            for i, name in enumerate(self.names)
            if _plain(name).replace(" ", "_") in usual and i not in taken
        ]
        if len(found) > 1:
            if len({_plain(self.names[i]) for i in found}) == 1:
                raise self._duplicated(role, self.names[found[0]], found)
            raise self._unclear(role, f"{len(found)} columns may be it")
        return found[0] if found else None

    def only(
        self, role: str, fits: Callable[[list[str]], bool], taken: set[int]
    ) -> int:
        """Return the only free column whose values ``fits``, else refuse."""
        free = [i for i in range(len(self.names)) if i not in taken]
        found = [i for i in free if fits(self.values(i))]
        if len(found) != 1:
            raise self._unclear(role, "no usual name and no single column that fits")
        if self._headless(found[0]):
            raise DataError(
                f"{self.path}, line 1: the first line looks like a record, not a "
                "header; add a header line such as text,label."
            )
        return found[0]

    def values(self, column: int) -> list[str]:
        """Return the first values of a column as strings, without missing ones."""
        found = [row[column] for row in self.head]
        return ["" if isinstance(v, dict | list) else str(v) for v in found if v != ""]

    def _headless(self, column: int) -> bool:
        name = self.names[column]
        return name in self.values(column) or bool(NUMBER.fullmatch(name))

    def _unclear(self, role: str, why: str) -> DataError:
        return DataError(
            f"{self.path}: the {role} column is not clear ({why}); name it, one of "
            f"{self.listing}."
        )


def _like_texts(values: list[str]) -> bool:
    """Long and nearly all different."""
    if not values or sum(map(len, values)) < SHORT * len(values):
        return False
    numbers = sum(bool(NUMBER.fullmatch(value)) for value in values)
    return len(set(values)) > len(values) / 2 and numbers < len(values) / 2


def _like_labels(values: list[str]) -> bool:
    """At least two, few, and each seen twice on average."""
    return 2 <= len(set(values)) <= max(2, len(values) // 2)


def choose_columns(
    path: Path,
    names: Sequence[str],
    head: Sequence[tuple[Any, ...]],
    text: str | None,
    label: str | None,
    group: str | None,
    labelled: bool = True,
) -> Columns:
    """Return where text, label and group stand among the columns ``names``.

    A stated name is taken exactly, else apart from blanks and case. A text or label
    column that is not stated is the only one with a usual name, else the only one
    whose first values (``head``) look like it.

    Raises:
        UsageError: one column is stated for two roles.
        DataError: a column is missing, or there are several it could be.
    """
    chooser = _Chooser(path, names, head)
    roles = {"text": text, "label": label, "group": group}
    stated = {role: name for role, name in roles.items() if name is not None}
    places = {role: chooser.stated(role, name) for role, name in stated.items()}
    _refuse_shared(path, places, names)
    _find(chooser, places, labelled)
    notices = _found_notices(path, names, places, stated)
    notices += chooser.notices + _other_notices(path, names, places)
    rest = places.get("label"), places.get("group")
    return Columns(places["text"], *rest, tuple(names), tuple(notices))


def stated_or_known(
    path: Path,
    names: Sequence[str],
    roles: Mapping[str, tuple[str | None, frozenset[str]]],
) -> tuple[tuple[int, ...], list[str]]:
    """Return where each role's column stands, and which were not stated.

    ``roles`` gives each role's stated name (None: not stated) and its usual names.

    Raises:
        UsageError: one column is stated for two roles.
        DataError: a column is missing, or there are several it could be.
    """
    chooser = _Chooser(path, names, ())
    stated = {role: name for role, (name, _) in roles.items() if name is not None}
    places = {role: chooser.stated(role, name) for role, name in stated.items()}
    for role, (_, usual) in roles.items():
        if role not in places:
            place = chooser.known(role, usual, set(places.values()))
            if place is None:
                raise chooser._unclear(role, "it has no usual name")
            places[role] = place
    if len(set(places.values())) < len(places):
        raise UsageError(
            f"{path}: one column is named for both {' and '.join(roles)}; name two "
            "different columns."
        )
    notices = _found_notices(path, names, places, stated) + chooser.notices
    return tuple(places[role] for role in roles), notices


def _find(chooser: _Chooser, places: dict[str, int], labelled: bool) -> None:
    """Fill in the text and the label column: first by usual names, then by content."""
    usual = {"text": TEXTS, "label": LABELS} if labelled else {"text": TEXTS}
    open_roles = [role for role in usual if role not in places]

    for role in open_roles:
        place = chooser.known(role, usual[role], set(places.values()))
        if place is not None:
            places[role] = place
    fits = {"text": _like_texts, "label": _like_labels}
    for role in open_roles:
        if role not in places:
            places[role] = chooser.only(role, fits[role], set(places.values()))


def _refuse_shared(path: Path, places: dict[str, int], names: Sequence[str]) -> None:
    for first, second in (("text", "label"), ("text", "group"), ("label", "group")):
        place = places.get(first)
        if place is not None and place == places.get(second):
            raise UsageError(
                f"{path}: the column {names[place]!r} is named for both {first} and "
                f"{second}; name two different columns."
            )


def _found_notices(
    path: Path,
    names: Sequence[str],
    places: dict[str, int],
    stated: Mapping[str, str],
) -> list[str]:
    """Say which columns were chosen without being named."""
    found = {role: i for role, i in places.items() if role not in stated}
    parts = [f"{role} is the column {names[i]!r}" for role, i in found.items()]
    return [f"{path}: {' and '.join(parts)} (found, not stated)."] if found else []


def _other_notices(
    path: Path, names: Sequence[str], places: dict[str, int]
) -> list[str]:
    """Say what is odd about the columns that are not read."""
    used = {names[i] for i in places.values()}
    repeated = sorted({name for name in names if names.count(name) > 1} - {""})
    notices = []
    if repeated:
        notices.append(
            f"{path}, line 1: the column name {repeated[0]!r} stands more than once; "
            "it is not read."
        )
    sources = [name for name in names if _plain(name) in SOURCES and name not in used]
    if sources and "group" not in places:
        notices.append(
            f"{path}: the column {sources[0]!r} may name a source; state it as the "
            "group, so that records of one source stay in one part."
        )
    return notices
