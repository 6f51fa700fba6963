"""What an analysis found in a data set: what, how grave, what to do, and where."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

SEVERITIES = ("info", "advice", "warning")  # rising


@dataclass(frozen=True)
class Finding:
    """One thing that was found, in two sentences."""

    kind: str  # a short name, such as "near duplicates"
    severity: str  # one of SEVERITIES
    found: str  # one sentence, with the numbers
    advice: str  # one sentence: what to do about it
    records: tuple[int, ...] = ()  # indices into the data set as it was read
    examples: tuple[str, ...] = ()  # a few of them, one line each

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity is {self.severity!r}; use one of {SEVERITIES}.")

    def __str__(self) -> str:
        lines = [f"{self.severity}: {self.found} {self.advice}"]
        return "\n".join([*lines, *(f"    {example}" for example in self.examples)])

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name (ready for JSON)."""
        return asdict(self)


def gravest_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the findings with warnings first; else their order stays."""
    return tuple(sorted(findings, key=lambda f: -SEVERITIES.index(f.severity)))
