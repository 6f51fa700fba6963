"""What the terminal shows at the end: the answer first, then what it rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from chapter2.evaluation.tables import text_table
from chapter2.selection.choice import Choice
from chapter2.selection.contenders import Contender
from chapter2.selection.gains import more_data, more_time
from chapter2.selection.report import sentences
from chapter2.selection.report.record import by_score, front_of
from chapter2.selection.report.words import (
    COSTS,
    amount,
    at_worst,
    count,
    duration,
    metric_name,
    percent,
)

WIDTH = 88  # columns


def as_text(choice: Choice) -> str:
    """Return the choice as text for a terminal, about one screen."""
    blocks = [
        _head(choice),
        "\n".join(sentences.answer(choice)),
        contenders_table(choice),
        "\n".join(_broken(choice)),
        "\n".join(sentences.tested(choice)),
        "\n".join(_context(choice)),
        "\n".join(_listed("Not measured:", _reasons(choice))),
        "\n".join(_bought(choice)),
    ]
    return "\n\n".join(_wrapped(block) for block in blocks if block)


def _wrapped(block: str) -> str:
    """Break long sentences; a table's rows, which have gaps, stay whole."""
    lines = block.splitlines()
    if any("   " in line.strip() for line in lines):
        return block
    return "\n".join(_broken_line(line) for line in lines)


def _broken_line(line: str) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(
        line.strip(),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _head(choice: Choice) -> str:
    prepared = choice.prepared
    records = count(len(prepared.development) + len(prepared.test), "record")
    return (
        f"{choice.name}: {records} of {len(prepared.development.label_names)} labels; "
        f"{len(prepared.test):,} in the test part"
    )


def contenders_table(choice: Choice) -> str:
    """Return the contenders as a table, the highest score first."""
    found = choice.recommendation
    costs = _costs(choice)
    header = [
        "% [95 % interval], out of fold",
        metric_name(found.metric),
        "to the best",
        "at worst",
        "trained",
        *costs,
        "limits",
    ]
    rows = [_row(e, choice, costs) for e in by_score(choice)]
    if not (choice.requirements.minimum or choice.requirements.maximum):
        header, rows = header[:-1], [row[:-1] for row in rows]
    return text_table(header, rows)


def _costs(choice: Choice) -> list[str]:
    """Return the costs that were measured of a contender."""
    known = {name for e in choice.entrants for name in e.costs}
    return [name for name in COSTS if name in known]


def _row(e: Contender, choice: Choice, costs: Sequence[str]) -> list[str]:
    found = choice.recommendation
    beside = {
        c.name: (f"{100 * c.difference.value:+.1f}", at_worst(c.bound))
        for c in found.comparisons
    }
    gap = ("best", "") if e.name == found.best else beside.get(e.name, ("-", "-"))
    unmet = len(found.unmet[e.name])
    return [
        ("> " if e.name == found.name else "  ") + e.name,
        percent(found.scores[e.name]),
        *gap,
        duration(e.seconds),
        *(amount(c, e.costs[c]) if c in e.costs else "-" for c in costs),
        f"breaks {unmet}" if unmet else "keeps all",
    ]


def _broken(choice: Choice) -> Iterator[str]:
    for e in by_score(choice):
        found = choice.recommendation
        told = [*found.unmet[e.name], *filter(None, [found.barred.get(e.name)])]
        if told and e.name != found.name:
            yield f"{e.name}: {' '.join(told)}"


def _context(choice: Choice) -> Iterator[str]:
    if (at_worst_is := sentences.compared(choice)) is not None:
        yield at_worst_is
    if (units := sentences.together(choice)) is not None:
        yield units
    cost, front = front_of(choice)
    if len(front) > 1:
        named = ", ".join(front)
        quality = metric_name(choice.recommendation.metric)
        yield f"Pareto front, {quality} against {COSTS[cost]}: {named}."
    if (smallest := sentences.resolution(choice)) is not None:
        yield smallest
    yield sentences.time_used(choice)
    spent = sentences.phases(choice).items()
    phases = [f"{name} {duration(s)}" for name, s in spent]
    yield f"Of these: {', '.join(phases)}."
    if (forecast := sentences.forecast(choice)) is not None:
        yield forecast


def _reasons(choice: Choice) -> list[str]:
    return [f"{n}: {why}" for n, why in sentences.not_tried(choice).items()]


def _bought(choice: Choice) -> list[str]:
    time = sentences.time_bought(more_time(choice))
    data = sentences.data_bought(more_data(choice), choice.recommendation.metric)
    return [
        *_listed("What more time would buy:", time),
        *_listed(
            "What more labelled records would buy:",
            data or [sentences.no_curve(choice)],
        ),
    ]


def _listed(head: str, lines: Sequence[str]) -> list[str]:
    return [head, *(f"  {line}" for line in lines)] if lines else []
