"""A page asks nothing of any other host, misses nothing, and reports no error."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page


@dataclass
class Visit:
    """What happened while a page loaded."""

    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def watch(page: Page, origin: str) -> Visit:
    """Record every request that leaves ``origin``, fails, or complains."""
    seen = Visit()

    def asked(url: str) -> None:
        if not url.startswith((origin, "data:", "blob:")):
            seen.foreign.append(url)

    page.on("request", lambda request: asked(request.url))
    page.on("requestfailed", lambda request: seen.failed.append(request.url))
    page.on("response", lambda r: r.status >= 400 and seen.failed.append(r.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("console", lambda m: m.type == "error" and seen.errors.append(m.text))
    return seen


def typeset(page: Page) -> tuple[int, int]:
    """Wait for MathJax; return the formulas in the page and those that it drew."""
    count = "document.querySelectorAll({!r}).length"
    # a formula inside a line and one on its own are one element each
    formulas = page.evaluate(count.format("span.math, div.math"))
    if formulas:
        page.wait_for_function("window.MathJax?.startup?.promise")
        page.evaluate("MathJax.startup.promise")
    return formulas, page.evaluate(count.format("mjx-container"))


@pytest.mark.parametrize("way", ["http", "file"])
def test_page_is_whole_without_network(
    browser: Browser, site: Path, address: str, page_name: str, way: str
) -> None:
    origin = address if way == "http" else site.as_uri()
    page = browser.new_page()
    seen = watch(page, origin)
    page.goto(f"{origin}/{page_name}.html", wait_until="networkidle")
    formulas, drawn = typeset(page)
    raw = page.locator("article").inner_text()
    page.close()
    assert seen == Visit()
    assert drawn >= formulas
    assert r"\frac" not in raw


def test_mathematics_is_drawn_somewhere(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/book/glossary.html")
    formulas, drawn = typeset(page)
    page.close()
    assert drawn == formulas >= 5


def test_first_page_leads_to_the_home_page(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    page.goto(f"{site.as_uri()}/index.html")
    page.wait_for_url("**/book/intro.html")
    title = page.locator("h1").first.inner_text()
    page.close()
    assert title.startswith("Choosing a Suitable Language Model")
