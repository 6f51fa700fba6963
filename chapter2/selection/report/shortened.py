"""A report holds no path: a folder that a candidate names is cut to its last part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from chapter2.selection.candidates.quantised import EIGHT_BITS
from chapter2.selection.choice import Choice
from chapter2.selection.recommend import Recommendation
from chapter2.selection.trial import Outcome, Trial

T = TypeVar("T")
FOLDER = "hub:"  # what precedes an encoder's folder, or its name on the Hub


def shortened(choice: Choice) -> Choice:
    """Return the choice with ``hub:model`` where ``hub:/home/someone/model`` stood."""
    runners = choice.plan.runners
    names = short_names([*(r.name for r in runners), *choice.ineligible])
    plan = replace(
        choice.plan,
        runners=tuple(
            replace(r, name=names[r.name], parent=names.get(r.parent or "", r.parent))
            for r in runners
        ),
    )
    timing = choice.timing
    return replace(
        choice,
        plan=plan,
        recommendation=_recommendation(choice.recommendation, names),
        entrants=tuple(replace(e, name=names[e.name]) for e in choice.entrants),
        outcomes=tuple(_outcome(o, names) for o in choice.outcomes),
        ineligible=_keys(choice.ineligible, names),
        shipped=replace(choice.shipped, name=names[choice.shipped.name]),
        timing=replace(
            timing,
            forecasts={_trial(t, names): s for t, s in timing.forecasts.items()},
            ended={_trial(t, names): s for t, s in timing.ended.items()},
        ),
    )


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Return each name with the short one; two of one folder name are numbered."""
    found: dict[str, str] = {}
    for name in names:
        short, count = _short(name), 1
        while short in found.values() and name not in found:
            count += 1
            short = f"{_short(name)}-{count}"
        found.setdefault(name, short)
    return found


def _short(name: str) -> str:
    bits = EIGHT_BITS if name.endswith(EIGHT_BITS) else ""
    place = Path(name.removeprefix(FOLDER).removesuffix(bits)).expanduser()
    folder = name.startswith(FOLDER) and (place.is_absolute() or place.is_dir())
    return f"{FOLDER}{place.resolve().name}{bits}" if folder else name


def _recommendation(found: Recommendation, names: Mapping[str, str]) -> Recommendation:
    return replace(
        found,
        name=names[found.name],
        best=names[found.best],
        scores=_keys(found.scores, names),
        comparisons=tuple(replace(c, name=names[c.name]) for c in found.comparisons),
        unmet=_keys(found.unmet, names),
        barred=_keys(found.barred, names),
    )


def _outcome(outcome: Outcome, names: Mapping[str, str]) -> Outcome:
    return replace(outcome, trial=_trial(outcome.trial, names))


def _trial(trial: Trial, names: Mapping[str, str]) -> Trial:
    return replace(trial, candidate=names[trial.candidate])


def _keys(held: Mapping[str, T], names: Mapping[str, str]) -> dict[str, T]:
    return {names[name]: value for name, value in held.items()}
