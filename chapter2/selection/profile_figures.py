"""The figures of a profile: balance, lengths, learning curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chapter2 import plots
from chapter2.evaluation.tables import shorten
from chapter2.selection.lengths import WINDOWS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chapter2.selection.profile import Profile

BARS = 12  # labels that are drawn; beyond, names would not be read
FEWEST = 0.5  # log axis: a bar of one record still shows


def figures(profile: Profile, number: str) -> list[plots.NumberedFigure]:
    """Return each figure with its number, caption and alt text.

    Raises:
        UsageError: ``number`` is not like ``"1"`` or ``"3a"``.
    """
    drawn = [_lengths(profile)]
    if profile.balance:
        drawn.insert(0, _balance(profile))
    if profile.difficulty is not None:
        drawn.append(_curve(profile))
    return [
        plots.numbered(figure, f"{number}.{i}", caption, alt)
        for i, (figure, caption, alt) in enumerate(drawn, 1)
    ]


def _balance(profile: Profile) -> tuple[Figure, str, str]:
    """Draw one bar per label, the largest on top."""
    ranked = sorted(profile.balance.items(), key=lambda item: -item[1])[:BARS]
    names = [shorten(name, 24) for name, _ in ranked]
    counts = [count for _, count in ranked]
    with plots.style():
        figure, axes = plots.new_axes(6.4, 0.9 + 0.32 * len(ranked))
        axes.barh(range(len(ranked)), counts, color=plots.PALETTE[0], height=0.7)
        for y, count in enumerate(counts):
            axes.annotate(
                f"{count:,}",
                (count, y),
                (4, 0),
                textcoords="offset points",
                va="center",
            )
        axes.set_yticks(range(len(ranked)), names, parse_math=False)
        axes.set(xlabel="records", ylim=(len(ranked) - 0.4, -0.6))
        axes.set_xlim(0, 1.15 * max(counts))
        axes.grid(False, axis="y")
        axes.grid(True, axis="x")
        axes.tick_params(axis="y", length=0)
    caption = f"Records of each label in {profile.name}."
    if len(profile.balance) > BARS:
        caption += f" The {BARS} largest of {len(profile.balance)} labels."
    told = ", ".join(f"{name} {count:,}" for name, count in ranked)
    return figure, caption, f"Horizontal bars, records of each label: {told}."


def _lengths(profile: Profile) -> tuple[Figure, str, str]:
    """Draw how many texts are how long; windows of models as upright lines."""
    held = profile.lengths
    counts, unit = (
        (held.words, "words") if held.tokens is None else (held.tokens, "tokens")
    )
    top = max(1, int(np.percentile(counts, 99.5)))  # the few longest would squash it
    with plots.style():
        figure, axes = plots.new_axes()
        axes.hist(
            np.minimum(counts, top),
            bins=min(40, top),
            color=plots.PALETTE[0],
            alpha=0.7,
            edgecolor="none",
        )
        for window in WINDOWS:
            if window < top and unit == "tokens":
                axes.axvline(window, color=plots.PALETTE[1], linestyle="--")
                axes.annotate(
                    str(window),
                    (window, 1),
                    (3, -10),
                    xycoords=("data", "axes fraction"),
                    textcoords="offset points",
                )
        axes.set(xlabel=f"{unit} in a text", ylabel="texts", xlim=(0, None))
    low, middle, high = np.percentile(counts, [5, 50, 95])
    caption = (
        f"Lengths of the texts in {profile.name}; the longest 0.5 % stand in the last "
        "bar. Dashed: windows of models."
    )
    alt = (
        f"Histogram of text lengths in {unit}: 5 % have up to {low:.0f}, half up to "
        f"{middle:.0f}, 95 % up to {high:.0f}."
    )
    return figure, caption, alt


def _curve(profile: Profile) -> tuple[Figure, str, str]:
    """Draw the quick model's accuracy against the records it learnt from."""
    hard = profile.difficulty
    assert hard is not None
    records, scores = zip(*hard.curve, strict=True)
    usual = hard.majority.value
    with plots.style():
        figure, axes = plots.new_axes()
        axes.plot(records, scores, "o-")
        last = hard.accuracy
        axes.plot([records[-1]] * 2, [last.low, last.high], "-", color=plots.PALETTE[0])
        axes.axhline(usual, color=plots.PALETTE[1], linestyle="--")
        axes.annotate(
            "most frequent label",
            (records[0], usual),
            (0, 5),
            textcoords="offset points",
        )
        axes.set_xscale("log", base=2)
        axes.set_xticks(records, [f"{count:,}" for count in records])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
        axes.set(xlabel="records trained on", ylabel="accuracy, out of fold")
    caption = (
        f"Learning curve on {profile.name}; the upright line is the 95 % interval over "
        "the records."
    )
    told = ", ".join(f"{s:.1%} from {n:,} records" for n, s in hard.curve)
    alt = (
        f"Line of accuracy against the number of training records: {told}; a dashed "
        f"line at {usual:.1%}, the most frequent label."
    )
    return figure, caption, alt
