"""What a model must reach, and what it may cost: limits, checked and compared."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chapter2.errors import UsageError
from chapter2.runtime import DEVICES
from chapter2.selection.quantities import (
    COSTS,
    QUALITIES,
    compared,
    nearest,
    parse_budget,
    parse_limits,
    shown,
)

# of no program that Python runs: the interpreter with NumPy alone takes 25 MB
LEAST_MEMORY_MB = 25.0
LEAST_SECONDS = 1.0  # starting Python and reading the file already take that long


@dataclass(frozen=True)
class Requirements:
    """The limits that a recommended model must keep."""

    minimum: Mapping[str, float] = field(default_factory=dict)  # QUALITIES, 0 to 1
    maximum: Mapping[str, float] = field(default_factory=dict)  # COSTS, in their units
    budget_seconds: float = 600.0  # for all of choosing: as long as a coffee takes
    device: str | None = None  # to train and measure on; None: the GPU, if there is one
    explainable: bool = False  # weights that a person can read word by word
    licences: tuple[str, ...] | None = None  # allowed ones; None: any
    private: bool = False  # no text may leave this machine
    price_per_hour: float | None = None  # of the machine; cost_per_1000 rests on it

    def __post_init__(self) -> None:
        for name in ("minimum", "maximum"):  # copies: what was handed over may change
            held = dict(getattr(self, name))
            object.__setattr__(self, name, held)

    @classmethod
    def from_flags(
        cls,
        min: Sequence[str] | Mapping[str, float] = (),
        max: Sequence[str] | Mapping[str, float] = (),
        budget: str | float | None = None,
        licences: str | Sequence[str] | None = None,
        **others: Any,
    ) -> Requirements:
        """Return what ``--min f1_macro=0.8 --max latency_ms_p95=20 ...`` ask for.

        ``budget`` is a duration such as ``90s``, ``10m`` or ``1h``; ``licences`` are
        names, also in one string with commas; ``others`` are fields of this class.
        What is None keeps its default.

        Raises:
            UsageError: an unknown name, a value that is no number, a contradiction.
        """
        given = {name: value for name, value in others.items() if value is not None}
        for name in given:
            if name not in cls.__dataclass_fields__:
                known = ("min", "max", "budget", *cls.__dataclass_fields__)
                raise UsageError(f"There is no flag {name!r}; {nearest(name, known)}")
        if budget is not None:
            given["budget_seconds"] = parse_budget(budget)
        if licences is not None:
            names = licences.split(",") if isinstance(licences, str) else licences
            given["licences"] = tuple(name.strip() for name in names if name.strip())
        given["minimum"] = parse_limits("--min", min, QUALITIES)
        given["maximum"] = parse_limits("--max", max, COSTS)
        return cls(**given).check()

    @classmethod
    def from_yaml(cls, path: str | Path) -> Requirements:
        """Return what the YAML file asks for; its keys are the names of the flags.

        Raises:
            UsageError: no such file, no YAML, an unknown key, a contradiction.
        """
        from chapter2.selection.requirements_file import read_requirements

        asked = read_requirements(Path(path))
        try:
            return cls.from_flags(**asked)
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None

    def check(self) -> Requirements:
        """Return these requirements, unless no model could ever meet them.

        Raises:
            UsageError: what contradicts what, and how to mend it.
        """
        for problem in _contradictions(self):
            raise UsageError(problem)
        return self

    def unmet(self, measured: Mapping[str, float]) -> list[str]:
        """Say which limits the measured values do not keep, one sentence each.

        A limit whose value was not measured is not kept: nobody can tell.
        """
        low = [_below(name, at, measured) for name, at in self.minimum.items()]
        high = [_above(name, at, measured) for name, at in self.maximum.items()]
        return [sentence for sentence in (*low, *high) if sentence]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name (ready for JSON)."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["licences"] = None if self.licences is None else list(self.licences)
        return {**plain, "minimum": {**self.minimum}, "maximum": {**self.maximum}}


def _below(name: str, limit: float, measured: Mapping[str, float]) -> str | None:
    value = measured.get(name, math.nan)
    if math.isnan(value):
        return f"{name} was not measured; at least {shown(name, limit)} is asked for."
    if value >= limit:
        return None
    is_, least = compared(name, value, limit)
    return f"{name} is {is_}; at least {least} is asked for."


def _above(name: str, limit: float, measured: Mapping[str, float]) -> str | None:
    value = measured.get(name, math.nan)
    if math.isnan(value):
        return f"{name} was not measured; at most {shown(name, limit)} is allowed."
    if value <= limit:
        return None
    is_, most = compared(name, value, limit)
    return f"{name} is {is_}; at most {most} is allowed."


def _contradictions(asked: Requirements) -> Iterator[str]:
    yield from _impossible_limits(asked)
    yield from _impossible_costs(asked.maximum)
    yield from _impossible_together(asked)
    if not asked.budget_seconds >= LEAST_SECONDS:
        yield (
            f"The budget is {asked.budget_seconds:g} seconds, and starting Python and "
            "reading the file already take one; give a longer one, such as 60s."
        )
    if asked.device is not None and asked.device not in DEVICES:
        yield f"The device is {asked.device!r}; use one of {', '.join(DEVICES)}."


def _impossible_limits(asked: Requirements) -> Iterator[str]:
    for flag, limits, known in (
        ("minimum", asked.minimum, QUALITIES),
        ("maximum", asked.maximum, COSTS),
    ):
        for name in limits:
            if name not in known:
                yield f"{flag} knows no {name!r}; {nearest(name, known)}"
    for name, limit in asked.minimum.items():
        if limit > 1:
            share = f"; write {limit / 100:g} for {limit:g} %" if limit <= 100 else ""
            yield (
                f"{name} can be 1 at most, and at least {limit:g} is asked for{share}."
            )
        if not limit >= 0:
            yield f"{name} is never below 0, and {limit:g} is asked for; leave it out."
    for name, limit in asked.maximum.items():
        if not limit > 0:
            yield (
                f"{name} is always above 0, and at most {limit:g} is allowed; raise it."
            )


def _impossible_costs(maximum: Mapping[str, float]) -> Iterator[str]:
    middle, slow = maximum.get("latency_ms_p50"), maximum.get("latency_ms_p95")
    if middle is not None and slow is not None and middle > slow:
        yield (
            f"latency_ms_p50 may be {middle:g} but latency_ms_p95 only {slow:g}: the "
            "95th percentile is never below the median; lower the first or raise the "
            "second."
        )
    memory = maximum.get("memory_mb")
    if memory is not None and memory < LEAST_MEMORY_MB:
        yield (
            f"memory_mb may be {memory:g}, and Python with NumPy alone takes "
            f"{LEAST_MEMORY_MB:g}; raise it."
        )


def _impossible_together(asked: Requirements) -> Iterator[str]:
    if asked.licences == ():
        yield "The list of allowed licences is empty; name one, or leave it out."
    price = asked.price_per_hour
    if price is not None and not price >= 0:
        yield f"price_per_hour is {price:g}; give what an hour of the machine costs."
    if "cost_per_1000" in asked.maximum and price is None:
        yield (
            "cost_per_1000 is limited, but what an hour of the machine costs is not "
            "stated; give price_per_hour."
        )
