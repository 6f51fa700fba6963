"""The limits: what the recommended model has, what is broken, what would help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chapter2.selection.choice import Choice
from chapter2.selection.gains import Reach, more_time, reaches, without
from chapter2.selection.judged import qualities
from chapter2.selection.report.words import amount, quantity_name, title


def rows(choice: Choice) -> list[tuple[str, str, str, bool | None]]:
    """Return each limit: its name, what was asked, what the shipped model has, kept.

    Qualities are those out of fold, by which the limits were judged; costs are those
    that were measured of what ships.
    """
    name, asked = choice.recommendation.name, choice.requirements
    mine = next(e for e in choice.entrants if e.name == name)
    measured = {**qualities(mine, choice.prepared), **mine.costs}
    low = [_row(n, at, measured, 1) for n, at in asked.minimum.items()]
    return low + [_row(n, at, measured, -1) for n, at in asked.maximum.items()]


def _row(
    limit: str, asked: float, measured: Mapping[str, float], sign: int
) -> tuple[str, str, str, bool | None]:
    """``sign`` is 1 where at least so much is asked, -1 where at most."""
    wish = f"{'at least' if sign > 0 else 'at most'} {amount(limit, asked)}"
    value = measured.get(limit)
    if value is None:
        return quantity_name(limit), wish, "not measured", None
    return (
        quantity_name(limit),
        wish,
        amount(limit, value),
        sign * value >= sign * asked,
    )


def nearest(choice: Choice) -> Iterator[str]:
    """Say which candidate is nearest to the limits, and what it breaks."""
    found = choice.recommendation
    unmet = " ".join(found.unmet[found.name])
    late = [n for n in found.barred if not found.unmet[n]]
    if not late:
        yield "Nothing meets your limits."
        yield f"The nearest is {title(found.name)}: {unmet}"
        return
    yield "The shipped model breaks your limits."
    yield f"It is {title(found.name)}: {unmet}"
    for name in late:
        yield f"{title(name)} kept them in the comparison. {found.barred[name]}"


def would_change(choice: Choice) -> Iterator[str]:
    """Say which limits stand in the way, and what each would have to be."""
    found = reaches(choice)
    for reach in found:
        if not reach.kept:
            yield _out_of_reach(reach)
    for reach in found:
        name = without(choice, reach.limit)
        if len(found) > 1 and name is not None:
            yield f"Without the limit on {reach.limit}, {title(name)} keeps the others."
    if choice.requirements.minimum:
        yield from _time_may_help(choice)


def _out_of_reach(reach: Reach) -> str:
    if reach.nearest is None or reach.name is None:
        return f"{reach.limit} was not measured of any: grant more time."
    return (
        f"No candidate keeps {reach.limit} at {amount(reach.limit, reach.asked)}; the "
        f"nearest is {title(reach.name)} with {amount(reach.limit, reach.nearest)}."
    )


def _time_may_help(choice: Choice) -> Iterator[str]:
    """Name what was not measured on a whole fold, where a quality is too low."""
    names = ", ".join(title(each.name) for each in more_time(choice))
    if names:
        yield f"More time may help: not measured on a whole fold yet: {names}."
