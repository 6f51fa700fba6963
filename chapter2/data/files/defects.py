"""Records that cannot be used: counted, skipped with a notice, or too many of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chapter2.errors import DataError

TOLERATED = 0.1  # share of the records that may be malformed before a file is refused
SOON = 1000  # malformed records after which a hopeless file is not read to its end


@dataclass
class _Kind:
    count: int
    first: int
    column: str | None
    detail: str


@dataclass
class Defects:
    """What was skipped in one file, by kind; the first of each kind is remembered."""

    path: Path
    unit: str  # what positions count: "line" or "row"
    strict: bool = False  # the first malformed record is refused, none is skipped
    malformed: dict[str, _Kind] = field(default_factory=dict)
    harmless: dict[str, _Kind] = field(default_factory=dict)

    def at(self, position: int, column: str | None = None) -> str:
        """Return "file, line 7, column 'text'", the beginning of a sentence."""
        where = f"{self.path}, {self.unit} {position}"
        return where if column is None else f"{where}, column {column!r}"

    def skip(
        self, kind: str, position: int, detail: str, column: str | None = None
    ) -> None:
        """Count a malformed record; ``detail`` is the sentence should it be refused."""
        if self.strict:
            raise DataError(f"{self.at(position, column)}: {detail}.")
        self._count(self.malformed, kind, position, detail, column)
        found = self.malformed[kind]
        if found.count >= SOON and found.count > TOLERATED * position:
            self._refuse(found, position)

    def note(self, kind: str, position: int, column: str | None = None) -> None:
        """Count a record that is skipped or mended however many there are."""
        self._count(self.harmless, kind, position, "", column)

    def _count(
        self,
        kinds: dict[str, _Kind],
        kind: str,
        position: int,
        detail: str,
        column: str | None,
    ) -> None:
        if kind in kinds:
            kinds[kind].count += 1
        else:
            kinds[kind] = _Kind(1, position, column, detail)

    def _refuse(self, found: _Kind, records: int) -> None:
        raise DataError(
            f"{self.at(found.first, found.column)}: {found.detail} "
            f"({found.count} of {records} records are so)."
        )

    @property
    def skipped(self) -> int:
        """The number of malformed records."""
        return sum(found.count for found in self.malformed.values())

    @property
    def first(self) -> int:
        """The position of the first record that was counted at all, else 1."""
        kinds = (*self.malformed.values(), *self.harmless.values())
        return min((found.first for found in kinds), default=1)

    def check(self, records: int) -> None:
        """Raise DataError where more than a tenth of ``records`` are malformed."""
        for found in self.malformed.values():
            if found.count > TOLERATED * records:
                self._refuse(found, records)

    def notices(self) -> list[str]:
        """Return one sentence for each kind."""
        return [
            f"{self.at(found.first, found.column)}: {kind} ({found.count} in all)."
            for kind, found in (*self.malformed.items(), *self.harmless.items())
        ]
