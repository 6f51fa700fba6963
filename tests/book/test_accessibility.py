"""Readable by everyone: axe-core, names of pictures, both themes, narrow screens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources

import pytest
from playwright.sync_api import Browser, Page

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = f"""async (rules) => (await axe.run(document, {{
  runOnly: {LEVELS}, resultTypes: ["violations"], rules }})).violations"""
CAPTION = re.compile(r"^Figure \d+[a-z]?\.\d+\. \S")


@pytest.fixture(scope="module")
def opened(
    browser: Browser, address: str, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page in one theme and width, with everything that can be opened open."""
    name, scheme, width = request.param
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{address}/{name}.html")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.wait_for_function("!window.MathJax || MathJax.startup?.promise")
    page.evaluate("window.MathJax?.startup?.promise")
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    yield page
    context.close()


def test_no_violation_of_wcag(opened: Page) -> None:
    opened.evaluate(AXE)
    # colours do not depend on the width, and to compare them takes longest
    wide = opened.viewport_size["width"] > 1000
    rules = {"color-contrast": {"enabled": wide}}
    found = {
        violation["id"]: [
            f"{node['target']} {node['failureSummary']}" for node in violation["nodes"]
        ]
        for violation in opened.evaluate(RUN, rules)
    }
    assert found == {}


def test_the_page_does_not_scroll_sideways(opened: Page) -> None:
    width = opened.evaluate("document.documentElement.scrollWidth")
    assert width <= opened.viewport_size["width"]


def test_the_background_suits_the_theme(opened: Page) -> None:
    color = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    brightness = sum(opened.evaluate(color)[:3])
    dark = opened.evaluate("document.documentElement.dataset.theme") == "dark"
    assert brightness < 150 if dark else brightness > 600


NAMELESS = """() => [...document.querySelectorAll('article img, article svg')]
  .filter(x => !x.closest('[aria-hidden=true]') && !x.closest('button'))
  .filter(x => !x.closest('mjx-container'))
  .filter(x => x.tagName === 'IMG' ? !x.alt :
    !(x.getAttribute('role') === 'img' &&
      (x.getAttribute('aria-label') || x.querySelector('title')?.textContent)))
  .map(x => x.outerHTML.slice(0, 200))"""


def test_every_picture_has_a_name(opened: Page) -> None:
    assert opened.evaluate(NAMELESS) == []


def test_every_figure_has_a_number_and_a_caption(opened: Page) -> None:
    captions = opened.locator("article figure:not(:has(table)) figcaption")
    texts = [text.strip() for text in captions.all_inner_texts()]
    assert len(texts) == opened.locator("article figure:not(:has(table))").count()
    assert [text for text in texts if not CAPTION.match(text)] == []
    assert len({text.split(". ")[0] for text in texts}) == len(texts)
