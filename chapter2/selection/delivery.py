"""From the recommendation to the model that the user gets.

The limits are judged on what ships: where its check in a fresh process breaks one, the
next candidate is made, if time is left. What is too slow for the time that is left
gives way to the next one too. A model that predicts otherwise than it was measured
stops everything: nothing that was measured holds for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chapter2.data import TextDataset
from chapter2.deployment.whole import whole_folder
from chapter2.selection.candidates import candidate
from chapter2.selection.closing import checking, closing, spare, starting
from chapter2.selection.contenders import Contender
from chapter2.selection.costs import costs_of
from chapter2.selection.prepare import Prepared
from chapter2.selection.race import Race
from chapter2.selection.recommend import Recommendation
from chapter2.selection.requirements import Requirements
from chapter2.selection.ship import REFIT, Shipped, ship
from chapter2.selection.too_little import none_ready
from chapter2.selection.trial import Trial

# recommends among the contenders, but for those that cannot be had, which have a reason
Judge = Callable[[Sequence[Contender], Mapping[str, str]], Recommendation]
MADE = "made"  # the folder, among the trials, of models that may be shipped
LATE = "No time was left to make it ready and check it."
SLOW = "It was too slow to be checked in the time that was left."


@dataclass
class Delivery:
    """What :meth:`carry_out` decides by, and what it has found."""

    race: Race
    found: Sequence[Contender]  # of what was made: with the costs of what ships
    answer: Recommendation
    judge: Judge
    limits: Requirements

    def carry_out(self, test: TextDataset, out: Path) -> Shipped:
        """Put the model in ``out``; return what it is. ``answer`` names it then.

        Raises:
            ModelError: a saved model is not the one that was measured, or cannot be
                loaded. Then nothing is put in ``out``.
            DataError: no time was left for any.
        """
        place = self.race.store.folder / MADE
        made: dict[str, Shipped] = {}
        try:
            while self.answer.name not in made:
                name = self.answer.name
                found = self._make(name, test, place)
                if isinstance(found, Shipped):
                    made[name] = found
                    self._take_costs(found)
                else:
                    self._bar(name, found)
            return _put(made[self.answer.name], out)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _make(self, name: str, test: TextDataset, place: Path) -> Shipped | str:
        """Return the model, or why there is none."""
        from chapter2.deployment.measure import OutOfTimeError

        race = self.race
        others = {e.name for e in self.found} - {name, *self.answer.barred}
        kept = spare(race, name) if others & race.light else 0.0
        if checking(race) - kept <= starting(race, name):
            return LATE
        race.reserve = min(race.reserve, closing(race, name))
        effort = next(e.effort for e in self.found if e.name == name)
        folder = place / Trial(name, REFIT, 1).title
        try:
            return ship(race, name, effort, test, folder, kept)
        except OutOfTimeError:
            return SLOW

    def _take_costs(self, made: Shipped) -> None:
        """Judge the limits on what ships, and recommend anew where one is broken."""
        if not self.limits.maximum:
            return
        remote = candidate(made.name).entry.network
        costs = costs_of(made.footprint, self.limits, remote)
        self.found = [
            replace(e, costs=costs) if e.name == made.name else e for e in self.found
        ]
        before = self.answer
        self.answer = self.judge(self.found, before.barred)
        if broken := self.answer.unmet[made.name]:
            self.race.say(f"{made.name}, as it ships: {' '.join(broken)}")

    def _bar(self, name: str, why: str) -> None:
        """Recommend anew, without ``name``."""
        self.race.say(f"{name}: {why}")
        barred = {**self.answer.barred, name: why}
        if len(barred) == len(self.found):
            raise none_ready(self.race, barred)
        self.answer = self.judge(self.found, barred)


def _put(made: Shipped, out: Path) -> Shipped:
    """Move the model to ``out``, whole or not at all."""
    with whole_folder(out) as aside:
        for path in made.folder.iterdir():
            path.rename(aside / path.name)
    return replace(made, folder=out)


def predicted(prepared: Prepared, shipped: Shipped) -> Prepared:
    """Return what was prepared, with the test records that there was time to ask."""
    if shipped.asked is None:
        return prepared
    test = prepared.test.select(shipped.asked)
    notice = (
        f"There was time to predict {len(test):,} of the {len(prepared.test):,} test "
        "records; what is told of the test part rests on these."
    )
    return replace(prepared, test=test, notices=(*prepared.notices, notice))
