"""The figures of the report, in the one style: they read on white and on black."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chapter2.evaluation.tables import shorten
from chapter2.plots import (
    LINES,
    PALETTE,
    NumberedFigure,
    confusion,
    new_axes,
    numbered,
    style,
)
from chapter2.selection.choice import Choice
from chapter2.selection.front import drawn_costs
from chapter2.selection.gains import MoreData, more_data
from chapter2.selection.report import record
from chapter2.selection.report.words import (
    COSTS,
    amount,
    metric_name,
    percent,
    title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUIET = PALETTE[4]  # what is not the answer
WIDTH = 5.2  # inches: on a telephone the words stay readable
NAME = 13  # columns of a label beside a cell of the matrix
BINS = 8  # of equally many test records
CELLS = 12  # rows of the matrix at most: 150 labels would be 22,500 cells
TELLING = 4  # learning curves in a colour of their own; more cannot be told apart


def contenders_figure(choice: Choice, number: str) -> NumberedFigure:
    """Draw the score of each contender with its interval, the highest on top."""
    found = choice.recommendation
    order = record.by_score(choice)
    with style():
        figure, axes = new_axes(WIDTH, 0.9 + 0.5 * len(order))
        for y, e in enumerate(order):
            interval = found.scores[e.name]
            colour = PALETTE[0] if e.name == found.name else QUIET
            hollow = "none" if found.unmet[e.name] else colour
            axes.plot(
                [100 * interval.low, 100 * interval.high], [y, y], "-", color=colour
            )
            axes.plot(
                100 * interval.value, y, "o", color=colour, markerfacecolor=hollow
            )
            _above(axes, f"{100 * interval.value:.1f}", (100 * interval.value, y))
        axes.axvline(100 * found.scores[found.best].value, color=QUIET, ls=":", lw=1)
        names = [textwrap.fill(title(e.name), 26) for e in order]
        axes.set_yticks(range(len(order)), names, parse_math=False, fontsize=9)
        axes.set(xlabel=f"{metric_name(found.metric)}, %, out of fold")
        axes.set_ylim(len(order) - 0.5, -0.7)
        axes.grid(False, axis="y")
        axes.grid(True, axis="x")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    caption = (
        "What was measured on a whole fold or more: the score on records that the "
        "model had not seen, with its 95 % interval. Blue: recommended. A hollow dot "
        "breaks a limit. The dotted line stands at the best score."
    )
    told = "; ".join(f"{title(e.name)} {percent(found.scores[e.name])}" for e in order)
    alt = f"Dots with intervals, one row for each candidate, in per cent: {told}."
    return numbered(figure, number, caption, alt)


def _above(axes: Axes, text: str, at: tuple[float, float]) -> None:
    axes.annotate(
        text, at, (0, 6), ha="center", textcoords="offset points", fontsize=8.5
    )


def front_figure(choice: Choice, number: str) -> NumberedFigure:
    """Draw quality against cost; the Pareto front as a line."""
    found = choice.recommendation
    cost, costs = drawn_costs(choice.entrants)
    _, front = record.front_of(choice)
    at = {n: (max(x, 1e-3), 100 * found.scores[n].value) for n, x in costs.items()}
    with style():
        figure, axes = new_axes(WIDTH, 3.4)
        line = [at[name] for name in front]
        axes.plot(*zip(*line, strict=True), "-", color=PALETTE[0], lw=1.2, alpha=0.6)
        for name, point in at.items():
            colour = PALETTE[0] if name in front else QUIET
            star = "D" if name == found.name else "o"
            axes.plot(*point, star, color=colour, markersize=7)
        _label(axes, at)
        axes.set(xscale="log", xlabel=_cost_axis(cost))
        axes.set(ylabel=f"{metric_name(found.metric)}, %, out of fold")
        axes.margins(x=0.14, y=0.12)
        _plain_ticks(axes)
    told = "; ".join(
        f"{name} {at[name][1]:.1f} % at {amount(cost, costs[name])}" for name in costs
    )
    caption = (
        f"Quality against the {COSTS[cost]}. On the line lies what no other candidate "
        "beats in both at once; the diamond is recommended."
    )
    alt = f"Scatter plot: {told}. On the Pareto front: {', '.join(front)}."
    return numbered(figure, number, caption, alt)


def _cost_axis(cost: str) -> str:
    unit = {"memory_mb": "MB", "size_mb": "MB", "trained_seconds": "s"}.get(cost, "ms")
    return f"{COSTS[cost]}, {unit} (logarithmic)"


def _plain_ticks(axes: Axes) -> None:
    """Write numbers, not powers; between powers of ten only where few are in sight."""
    low, high = axes.get_xlim()
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.xaxis.set_minor_formatter(lambda x, _: f"{x:g}" if high < 10 * low else "")


def _label(axes: Axes, at: Mapping[str, tuple[float, float]]) -> None:
    """Write each name beside its point, below where the next one stands close above."""
    heights = [y for _, y in at.values()]
    near = 0.06 * (max(heights) - min(heights) or 1.0)
    for name, (x, y) in at.items():
        crowded = any(
            0 <= b - y < near and 1 / 3 < a / x < 3
            for other, (a, b) in at.items()
            if other != name
        )
        axes.annotate(
            name,
            (x, y),
            (0, -14 if crowded else 7),
            ha="center",
            textcoords="offset points",
            fontsize=8.5,
        )


def curves_figure(choice: Choice, number: str) -> NumberedFigure | None:
    """Draw the learning curves; None where no candidate was measured on two sizes."""
    curves = {n: points for n, points in choice.curves.items() if len(points) > 1}
    if not curves:
        return None
    told = sorted(curves, key=lambda name: -curves[name][-1][1])
    wanted = [choice.recommendation.name, choice.recommendation.best, *told]
    coloured = list(dict.fromkeys(n for n in wanted if n in curves))[:TELLING]
    with style():
        figure, axes = new_axes(WIDTH, 3.4)
        for name in [n for n in told if n not in coloured]:
            axes.plot(*_scaled(curves[name]), "-", color=QUIET, lw=1, alpha=0.5)
        for i, name in enumerate(coloured):
            axes.plot(
                *_scaled(curves[name]),
                marker="o",
                markersize=5,
                color=PALETTE[i],
                linestyle=LINES[i],
                label=name,
            )
            _extension(
                axes, [d for d in more_data(choice) if d.name == name], i, curves
            )
        _sizes(axes, curves, more_data(choice))
        axes.set(xlabel="training records (each doubling one step)")
        axes.set(ylabel=f"{metric_name(choice.recommendation.metric)}, %, first fold")
        axes.legend(loc="lower right", fontsize=9)
    caption = (
        "Learning curves on the first fold: what a candidate scores after so many "
        "records. Grey: the others. Dotted lines with a band go on beyond the records "
        "that there are."
    )
    said = "; ".join(f"{n} from {_ends(curves[n])}" for n in coloured)
    return numbered(figure, number, caption, f"Lines of score by records: {said}.")


def _ends(points: Sequence[tuple[int, float]]) -> str:
    (few, first), (many, last) = points[0], points[-1]
    return f"{100 * first:.1f} % at {few:,} to {100 * last:.1f} % at {many:,} records"


def _scaled(points: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [n for n, _ in points], [100 * score for _, score in points]


def _extension(
    axes: Axes, ahead: Sequence[MoreData], i: int, curves: Mapping[str, Any]
) -> None:
    if not ahead:
        return
    n, score = curves[ahead[0].name][-1]
    xs = [n, *(d.records for d in ahead)]
    axes.plot(xs, [100 * score, *(100 * d.score for d in ahead)], ":", color=PALETTE[i])
    axes.fill_between(
        xs,
        [100 * score, *(100 * d.low for d in ahead)],
        [100 * score, *(100 * d.high for d in ahead)],
        color=PALETTE[i],
        alpha=0.15,
        linewidth=0,
    )


def _sizes(axes: Axes, curves: Mapping[str, Any], ahead: Sequence[MoreData]) -> None:
    """Mark the sizes that were measured, and those that were not, on a log axis."""
    sizes = {n for points in curves.values() for n, _ in points}
    sizes |= {d.records for d in ahead}
    axes.set_xscale("log", base=2)
    shown: list[int] = []
    for n in sorted(sizes):
        if not shown or n > 1.5 * shown[-1]:
            shown.append(n)
    axes.set_xticks(shown, [f"{n:,}" for n in shown])
    axes.minorticks_off()


def confusion_figure(choice: Choice, number: str) -> NumberedFigure:
    """Draw the confusion matrix of the shipped model on the test part."""
    names: Sequence[str] = choice.prepared.test.label_names
    matrix = record.confusion(choice)
    caption = (
        "The shipped model on the test part: rows are true labels, columns predicted "
        "ones; each cell holds the records and their share of the row."
    )
    ends = ["right"] * len(names)
    if len(names) > CELLS:
        names, matrix = _pooled(names, matrix)
        ends = ["right"] * (CELLS - 1) + ["answered with one of these"]
        caption += (
            f" Shown are the {CELLS - 1} labels that are most often confused; the "
            "others stand together, even where one of them was taken for another."
        )
    told = "; ".join(
        f"of {int(row.sum())} {name}, {int(row[i])} {end}"
        for i, (name, row, end) in enumerate(zip(names, matrix, ends, strict=True))
    )
    return numbered(
        confusion(matrix, [shorten(name, NAME) for name in names]),
        number,
        caption,
        f"Matrix: {told}.",
    )


def _pooled(
    names: Sequence[str], matrix: np.ndarray
) -> tuple[Sequence[str], np.ndarray]:
    """Return the matrix (C, C) with all but the most confused labels made one."""
    errors = matrix.sum(0) + matrix.sum(1) - 2 * matrix.diagonal()  # (C,)
    shown = np.sort(np.argsort(-errors, kind="stable")[: CELLS - 1])
    place = np.full(len(names), CELLS - 1)
    place[shown] = np.arange(CELLS - 1)
    pooled = np.zeros((CELLS, CELLS), dtype=np.int64)
    np.add.at(pooled, (place[:, None], place), matrix)
    return [*(names[i] for i in shown), f"{len(names) - CELLS + 1} others"], pooled


def calibration_figure(choice: Choice, number: str) -> NumberedFigure:
    """Draw how often the shipped model is right where it is so and so sure."""
    from chapter2.evaluation.calibration import reliability, reliability_diagram

    test = choice.prepared.test
    found = reliability(test.labels, choice.shipped.probabilities, BINS, "mass")
    drawn = reliability_diagram({choice.shipped.name: found}, len(test.label_names))
    caption = (
        "How often the shipped model is right, by how sure it is, on the test part; "
        "on the diagonal the two are equal. They differ by "
        f"{100 * found.error:.1f} points on average."
    )
    told = "; ".join(
        f"{bin.records} records at {bin.confidence:.0%} sure, {bin.accuracy:.0%} right"
        for bin in found
    )
    return numbered(drawn, number, caption, f"Reliability diagram: {told}.")
