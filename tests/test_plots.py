"""Every figure: readable in both themes and by the colour-blind, described, stable."""

import itertools
import re
import xml.etree.ElementTree as ElementTree

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from chapter2 import plots
from chapter2.errors import UsageError
from chapter2.evaluation import Interval

# text and background: sphinx-book-theme 1.2.0 light and dark, the box that its parent
# theme draws, and JupyterLab's dark theme
LIGHT, DARK = ("#222832", "#ffffff"), ("#ced6dd", "#121212")
BACKGROUNDS = ("#ffffff", "#121212", "#14181e", "#111111")

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)


def rgb(colour):
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def linear(srgb):
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG 2: (L1 + 0.05) / (L2 + 0.05) of the relative luminances."""
    high, low = sorted((linear(c) @ TO_XYZ[1] for c in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(linear_rgb):
    """CIE 1976 L*a*b* under D65."""
    x = np.clip(linear_rgb, 0, 1) @ TO_XYZ.T / [0.9505, 1, 1.089]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def over(colour, opacity, background):
    return opacity * rgb(colour) + (1 - opacity) * rgb(background)


def lines(number="5.1", alt="Two lines rise.", caption="Two lines."):
    with plots.style():
        fig, axes = plt.subplots()
        axes.plot([1, 2, 3], label="one")
        axes.plot([2, 3, 5], label="二")
        axes.set(xlabel="step", title="$x^2$ & <b>")
        axes.legend()
    return plots.numbered(fig, number, caption, alt)._repr_html_()


def parsed(page):
    """Parse the figure as XML: every inline SVG is well-formed."""
    return ElementTree.fromstring(page)


def test_colours_keep_three_to_one_on_every_background():
    for colour, background in itertools.product(plots.PALETTE, BACKGROUNDS):
        assert contrast(rgb(colour), rgb(background)) >= 3, (colour, background)


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_colours_are_told_apart(blindness):
    seen = [lab(BLINDNESS[blindness] @ linear(rgb(c))) for c in plots.PALETTE]
    closest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert closest >= 15  # about 2.3 is just noticeable


def test_each_colour_has_a_line_of_its_own():
    assert len(set(plots.LINES)) == len(set(plots.PALETTE)) == len(plots.LINES)


@pytest.mark.parametrize(("text", "background"), [LIGHT, DARK])
def test_text_on_the_deepest_cell_keeps_four_and_a_half_to_one(text, background):
    cell = over(plots.PALETTE[0], plots.DEEPEST, background)
    assert contrast(rgb(text), cell) >= 4.5


def test_the_figure_carries_number_caption_and_alt_text():
    page = lines(alt='A "quoted" <alt> & more', caption="Loss < 1 & falling")
    figure = parsed(page)
    assert figure.attrib["id"] == "fig-5-1"
    svg = figure.find("{http://www.w3.org/2000/svg}svg")
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == 'A "quoted" <alt> & more'
    assert figure.find("figcaption").text == "Figure 5.1. Loss < 1 & falling"


def test_ink_follows_the_page_and_nothing_hides_the_background():
    page = lines()
    assert "currentColor" in page
    assert plots.INK not in page
    # black and white would vanish in one of the two themes
    assert not re.search(r"#000000|#000\b|#fff\b|#ffffff|\bblack\b|\bwhite\b", page)


def test_text_stays_text_with_a_chinese_fallback():
    page = lines()
    assert ">二</text>" in page
    assert "Noto Sans CJK SC" in page
    assert "DejaVu" not in page


def test_ids_are_unique_across_figures_and_every_reference_is_met():
    pages = [lines("5.1"), lines("5.2"), lines("3a.1")]
    ids = [i for page in pages for i in re.findall(r'\bid="([^"]+)"', page)]
    assert len(ids) == len(set(ids))
    for page in pages:
        own = set(re.findall(r'\bid="([^"]+)"', page))
        used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', page)
        assert used
        assert {a or b for a, b in used} <= own


def test_no_style_reaches_the_rest_of_the_page():
    sheets = re.findall(r"<style[^>]*>(.*?)</style>", lines(), flags=re.DOTALL)
    assert len(sheets) == 1
    assert sheets[0].startswith(".text_html:has(>.chapter2-figure){")
    assert sheets[0].count("{") == 1


def test_the_same_figure_twice_is_the_same_bytes():
    assert lines() == lines()
    assert not re.search(r"20\d\d-\d\d|<metadata|matplotlib\.org|<!DOCTYPE", lines())


def test_nothing_is_fetched():
    addresses = re.findall(r'https?://[^"\s<]+', lines())
    assert set(addresses) == {"http://www.w3.org/2000/svg"}


def test_the_picture_shrinks_with_the_page():
    page = lines()
    assert re.search(r'viewBox="0 0 [\d.]+ [\d.]+"', page)
    assert "width:100%;max-width:614px;height:auto" in page


def test_the_figure_is_closed_and_the_style_given_back():
    before = dict(matplotlib.rcParams)
    lines()
    assert plt.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


def test_missing_chinese_glyphs_do_not_warn(recwarn):
    lines()
    assert [w for w in recwarn if "Glyph" in str(w.message)] == []


def test_a_terminal_shows_caption_and_alt_text():
    with plots.style():
        fig, _ = plt.subplots()
    shown = plots.numbered(fig, "5.1", "A line.", "It rises.")
    assert repr(shown) == "Figure 5.1. A line.\n[It rises.]"


def test_show_displays_the_page(monkeypatch):
    seen = []
    monkeypatch.setattr("IPython.display.display", seen.append)
    plots.show(plots.confusion(np.eye(2), ("a", "b")), "5.2", "Two.", "Alt.")
    assert len(seen) == 1
    assert seen[0]._repr_html_().startswith('<figure id="fig-5-2"')


@pytest.mark.parametrize(
    ("number", "caption", "alt", "message"),
    [
        ("5.1", "Caption.", " ", "Figure 5.1 has no alt text"),
        ("5.1", "", "Alt.", "Figure 5.1 has no caption"),
        (5.1, "Caption.", "Alt.", "write it as '5.1'"),
        ("Figure 5", "Caption.", "Alt.", "write it as '5.1'"),
    ],
)
def test_a_figure_without_words_is_refused(number, caption, alt, message):
    with plots.style():
        fig, _ = plt.subplots()
    with pytest.raises(UsageError, match=message):
        plots.numbered(fig, number, caption, alt)
    plt.close(fig)


def test_words_that_would_stay_black_in_the_dark_are_refused():
    with plots.style():
        fig, axes = plt.subplots()
        axes.plot([1, 2], label="late")
    axes.legend()  # outside the style: a legend asks for its colour when it is made
    with pytest.raises(UsageError, match=r"Figure 5\.1 writes 'late' in black"):
        plots.numbered(fig, "5.1", "Caption.", "Alt.")
    plt.close(fig)


def test_words_that_nobody_sees_and_coloured_ones_are_not_refused():
    with plots.style():
        fig, axes = plt.subplots()
    axes.text(0, 0, "hidden", visible=False)
    axes.text(0, 0, "clear", alpha=0)
    axes.text(0, 0, "none", color="none")
    axes.text(0, 0, "blue", color=plots.PALETTE[0])
    assert "blue" in plots.numbered(fig, "5.1", "Caption.", "Alt.")._repr_html_()


def test_a_figure_made_outside_the_style_is_refused():
    """Its axes write their numbers when it is drawn."""
    fig, axes = plt.subplots()
    axes.plot([1, 2])
    with pytest.raises(UsageError, match="in black"):
        plots.numbered(fig, "5.1", "Caption.", "Alt.")


def texts(figure):
    page = plots.numbered(figure, "1.1", "C.", "A.")._repr_html_()
    return re.findall(r"<text[^>]*>([^<]*)</text>", page)


def test_confusion_shows_counts_shares_and_names():
    shown = texts(plots.confusion(np.array([[1300, 0], [1, 3]]), ("no $x$", "中")))
    assert [t for t in shown if t in ("1,300", "0", "1", "3")] == [
        "1,300",
        "0",
        "1",
        "3",
    ]
    assert [t for t in shown if "%" in t] == ["100%", "0%", "25%", "75%"]
    assert shown.count("no $x$") == shown.count("中") == 2
    assert {"true", "predicted"} <= set(shown)


def test_confusion_with_an_empty_row_and_many_classes():
    matrix = np.diag([0, 1, 2, 3, 4, 5])
    shown = texts(plots.confusion(matrix, [f"class {i}" for i in range(6)]))
    assert shown.count("100%") == 5
    assert shown.count("0%") == 31


def test_interval_bars_show_each_score():
    found = [Interval(0.5, 0.47, 0.53, 0.95, 100), Interval(0.861, 0.84, 0.88, 0.95, 9)]
    shown = texts(plots.interval_bars(["majority", "encoder"], found))
    assert {"majority", "encoder", "50.0%", "86.1%", "accuracy"} <= set(shown)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.confusion(np.eye(3), ("a", "b")),
        lambda: plots.confusion(np.empty((0, 0)), ()),
        lambda: plots.interval_bars([], []),
        lambda: plots.interval_bars(["a"], []),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw):
    with pytest.raises(UsageError):
        draw()
