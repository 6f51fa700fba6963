"""The one style of every figure: numbered, captioned, described, light and dark.

A figure is written into the page as inline SVG. Its text, axes and grid are drawn in
``currentColor``, the colour of the text around it, on no background, so one picture
reads on a white page and on a dark one. Its words stay words: they can be selected and
searched, and the reader's browser finds the font, Chinese included.
"""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from chapter2.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# blue, vermilion, green, purple, grey: at least 3:1 against white and against the
# theme's dark backgrounds (WCAG 2.2, 1.4.11), and told apart with protanopia,
# deuteranopia and tritanopia (the tests simulate all three)
PALETTE = ("#1f6feb", "#d55e00", "#2ea56d", "#a050b8", "#6b6b78")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))  # colour is never the only sign

INK = "#010203"  # stands for currentColor while matplotlib draws, which knows no such
FONTS = (
    "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'PingFang SC', "
    "'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
)
DEEPEST = 0.5  # opacity of a full cell: text on it keeps 4.5:1 in both themes

_INK_KEYS = (
    "text.color axes.edgecolor axes.labelcolor axes.titlecolor xtick.color ytick.color "
    "grid.color legend.labelcolor patch.edgecolor hatch.color boxplot.boxprops.color "
    "boxplot.whiskerprops.color boxplot.capprops.color boxplot.flierprops.color"
)


def _settings() -> Any:
    from cycler import cycler

    return {
        **dict.fromkeys(_INK_KEYS.split(), INK),
        "axes.prop_cycle": cycler(color=PALETTE) + cycler(linestyle=LINES),
        "figure.figsize": (6.4, 3.6),  # inches; 614 px on the page
        "figure.constrained_layout.use": True,
        "font.family": "DejaVu Sans",  # measured with; it comes with matplotlib
        "font.size": 10,  # points, at full width
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "grid.alpha": 0.18,
        "grid.linewidth": 0.8,
        "lines.linewidth": 2,
        "legend.frameon": False,
        "svg.fonttype": "none",  # text stays text
    }


@contextmanager
def style() -> Iterator[None]:
    """Draw figures made inside this ``with`` block in the one style."""
    import matplotlib

    with matplotlib.rc_context(_settings()):
        yield


class NumberedFigure:
    """A figure ready for the page; a notebook shows it, a terminal its caption."""

    def __init__(self, page: str, words: str) -> None:
        self._page, self._words = page, words

    def _repr_html_(self) -> str:
        return self._page

    def __repr__(self) -> str:
        return self._words


def show(fig: Figure, number: str, caption: str, alt: str) -> None:
    """Display ``fig`` with its number, as ``"5.1"``, its caption and its alt text.

    ``alt`` says what the picture shows to someone who cannot see it: the kind of chart,
    what stands on the axes, and what there is to be seen. The figure is closed.

    Raises:
        UsageError: no caption, no alt text, a number that is not like ``"5.1"``, or
            words in black, which were written outside :func:`style`.
    """
    from IPython.display import display

    display(numbered(fig, number, caption, alt))


def numbered(fig: Figure, number: str, caption: str, alt: str) -> NumberedFigure:
    """Return what :func:`show` displays; same figure, same bytes. Closes ``fig``."""
    if not (isinstance(number, str) and re.fullmatch(r"\d+[a-z]?(\.\d+)+", number)):
        raise UsageError(f"The figure's number is {number!r}; write it as '5.1'.")
    for name, words in (("caption", caption), ("alt text", alt)):
        if not words.strip():
            raise UsageError(f"Figure {number} has no {name}; say what it shows.")
    caption, alt = f"Figure {number}. {caption.strip()}", " ".join(alt.split())
    name = "fig-" + number.replace(".", "-")
    drawn = _svg(fig, name, alt)
    if black := _black_words(fig):  # now that the axes have their numbers
        raise UsageError(
            f"Figure {number} writes {black[0]!r} in black, which no dark page shows; "
            "make it inside `with plots.style():`."
        )
    page = _PAGE.format(id=name, svg=drawn, caption=html.escape(caption, quote=False))
    return NumberedFigure(page, f"{caption}\n[{alt}]")


def _black_words(fig: Figure) -> list[str]:
    """Return the words in matplotlib's own colour: they do not turn with the page."""
    from matplotlib.colors import to_rgba
    from matplotlib.text import Text

    found = []
    for text in fig.findobj(Text):
        assert isinstance(text, Text)
        *colour, seen = to_rgba(text.get_color(), text.get_alpha())
        words = text.get_text().strip()
        if words and text.get_visible() and seen and not any(colour):
            found.append(words)
    return found


# the style element: Sphinx themes put HTML outputs on a light box in the dark theme,
# which this picture does not need
_PAGE = (
    '<figure id="{id}" class="chapter2-figure" style="margin:0 0 1rem">'
    "<style>.text_html:has(>.chapter2-figure){{background:none!important;"
    "color:inherit!important;padding:0!important}}</style>\n"
    '{svg}\n<figcaption style="color:inherit;opacity:.85;font-size:.9em;'
    'font-weight:400;margin-top:.4rem;text-align:left">{caption}</figcaption></figure>'
)


def _svg(fig: Figure, prefix: str, alt: str) -> str:
    drawn = _draw(fig, salt=prefix)
    body = drawn[drawn.index(">", drawn.index("<svg")) + 1 :].strip()
    body = re.sub(r"<metadata>.*?</metadata>\s*", "", body, flags=re.DOTALL)
    # a style sheet inside inline SVG would reach the whole page
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>\s*", "", body, flags=re.DOTALL)
    # several figures share a page: their ids must not meet
    body = re.sub(r'\bid="', f'id="{prefix}-', body)
    body = re.sub(r'(?:xlink:)?href="#', f'href="#{prefix}-', body)
    body = body.replace("url(#", f"url(#{prefix}-")
    body = body.replace(INK, "currentColor")
    body = re.sub(r"font-family: 'DejaVu Sans'", f"font-family: {FONTS}", body)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)
    assert box is not None
    width = round(float(box[1]) * 4 / 3)  # points to CSS pixels
    return (
        f'<svg role="img" aria-label="{html.escape(alt)}" {box[0]} '
        'xmlns="http://www.w3.org/2000/svg" overflow="visible" '
        f'style="width:100%;max-width:{width}px;height:auto;background:none;'
        f'stroke-linejoin:round;stroke-linecap:butt">\n{body}'
    )


def _draw(fig: Figure, salt: str) -> str:
    """Return the figure as matplotlib writes it, without dates, and close it."""
    import matplotlib.pyplot as plt

    buffer = io.StringIO()
    with style(), warnings.catch_warnings():
        # the browser has the Chinese glyphs that the measuring font lacks
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        plt.rcParams["svg.hashsalt"] = salt
        fig.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None},
        )
    plt.close(fig)
    # trailing blanks would make the stored notebook differ from its formatted copy
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def new_axes(width: float = 6.4, height: float = 3.6) -> tuple[Figure, Axes]:
    """Return a figure of ``width`` by ``height`` inches and its one empty axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def confusion(matrix: np.ndarray, label_names: Sequence[str]) -> Figure:
    """Draw a confusion matrix (C, C): counts, and each row's share as depth of colour.

    Rows are true classes, columns predicted ones, as in
    :func:`chapter2.evaluation.confusion_matrix`.

    Raises:
        UsageError: the matrix is not (C, C) for the C names.
    """
    counts, classes = np.asarray(matrix), len(label_names)
    if counts.shape != (classes, classes) or not classes:
        raise UsageError(f"{classes} label names need no matrix of {counts.shape}.")
    rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)  # an empty row stays 0
    with style():
        figure, axes = new_axes(1.6 + 1.1 * classes, 0.9 + 0.8 * classes)
        for (i, j), count in np.ndenumerate(counts):
            _cell(axes, i, j, int(count), float(count / rows[i, 0]))
        axes.set(xlim=(-0.5, classes - 0.5), ylim=(classes - 0.5, -0.5))
        axes.set(xlabel="predicted", ylabel="true")
        axes.set_xticks(range(classes), label_names, parse_math=False)
        axes.set_yticks(range(classes), label_names, parse_math=False)
        if classes > 4:  # names side by side would meet
            axes.tick_params(axis="x", labelrotation=35)
            for label in axes.get_xticklabels():
                label.set(ha="right", rotation_mode="anchor")
        axes.grid(False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def _cell(axes: Axes, i: int, j: int, count: int, share: float) -> None:
    """Draw one cell: how many, and of those in its row what share."""
    from matplotlib.patches import Rectangle

    fill = Rectangle((j - 0.48, i - 0.48), 0.96, 0.96, facecolor=PALETTE[0])
    fill.set(alpha=DEEPEST * share, linewidth=0)
    rim = Rectangle((j - 0.48, i - 0.48), 0.96, 0.96, fill=False, alpha=0.25)
    axes.add_patch(fill)
    axes.add_patch(rim)
    axes.text(j, i - 0.12, f"{count:,}", ha="center", va="center", fontsize=11)
    axes.text(j, i + 0.22, f"{share:.0%}", ha="center", va="center", fontsize=8.5)


def interval_bars(
    names: Sequence[str], intervals: Sequence[Any], label: str = "accuracy"
) -> Figure:
    """Draw each score as a dot and its interval as a line, the first on top.

    Each interval has a ``value``, a ``low`` and a ``high``, all shares of 1. The axis
    holds the intervals and need not begin at 0: a dot, unlike a bar, does not claim
    that its length is the amount.

    Raises:
        UsageError: nothing to draw, or not one name per interval.
    """
    if not names or len(names) != len(intervals):
        raise UsageError(
            f"{len(names)} names for {len(intervals)} intervals; pair them."
        )
    with style():
        figure, axes = new_axes(6.4, 0.9 + 0.45 * len(names))
        for y, interval in enumerate(intervals):
            axes.plot([interval.low, interval.high], [y, y], "-", color=PALETTE[0])
            axes.plot(interval.value, y, "o", color=PALETTE[0], markersize=8)
            axes.annotate(
                f"{interval.value:.1%}",
                (interval.value, y),
                (0, 7),
                ha="center",
                textcoords="offset points",
                fontsize=9,
            )
        axes.set_yticks(range(len(names)), names, parse_math=False)
        axes.set(xlabel=label, ylim=(len(names) - 0.5, -0.6))
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
        axes.grid(False, axis="y")
        axes.grid(True, axis="x")
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    return figure
