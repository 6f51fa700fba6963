"""A candidate as the plan sees it: what it costs, and which rungs it climbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chapter2.selection.ladder import Rung


@dataclass(frozen=True)
class Runner:
    """A candidate, as the plan sees it."""

    name: str
    cheap: bool  # seconds at most, whatever the records: skips the small rungs
    by_epochs: bool  # may be trained for a part of its schedule
    climbs: bool = True  # False: small rungs would cost as much as whole ones
    parent: str | None = None  # whose finished model it changes, where that runs too
    reads_once: bool = False  # only texts that no trial of it has read cost time
    # how many records training on so many reads, repeats counted: its time follows that
    work: Callable[[int], float] = float

    def steps(self, rungs: Sequence[Rung]) -> list[int]:
        """Return the places of the rungs that it climbs; by epochs, one look."""
        small = [i for i, rung in enumerate(rungs) if not rung.whole]
        if self.cheap or not self.climbs:
            small = []
        elif self.by_epochs:
            small = small[:1]
        return [*small, *(i for i, rung in enumerate(rungs) if rung.whole)]
