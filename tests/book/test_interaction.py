"""What a reader does on a page: open a solution, search, change the theme."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

NOTEBOOK = "notebooks/05_bert_fine_tuning.html"


@pytest.fixture
def notebook(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.goto(f"{address}/{NOTEBOOK}", wait_until="networkidle")
    yield page
    page.close()


def is_open(page: Page, index: int) -> bool:
    """Say whether the collapsed solution number ``index`` shows its code."""
    cell = page.locator(".cell.tag_solution").nth(index)
    return cell.locator("pre").first.is_visible()


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_solution_is_closed_and_opens(notebook: Page, way: str) -> None:
    solutions = notebook.locator(".cell.tag_solution")
    assert solutions.count() > 0
    assert not any(is_open(notebook, i) for i in range(solutions.count()))
    summary = solutions.first.locator("summary")
    assert summary.inner_text().strip() == "Show the solution"
    for expected in (True, False):
        if way == "mouse":
            summary.click()
        else:
            summary.focus()
            notebook.keyboard.press("Enter")
        assert is_open(notebook, 0) is expected


@pytest.mark.parametrize("word", ["tokenizer", "词元", "情感分析"])
def test_search_finds_english_and_chinese(
    browser: Browser, address: str, word: str
) -> None:
    page = browser.new_page()
    page.goto(f"{address}/search.html?q={word}")
    page.wait_for_selector("#search-results li a", timeout=15_000)
    found = page.locator("#search-results li a").all_inner_texts()
    page.close()
    assert any("Glossary" in title for title in found)


def test_search_finds_nothing_for_a_word_that_is_not_there(
    browser: Browser, address: str
) -> None:
    page = browser.new_page()
    page.goto(f"{address}/search.html?q=zyzzyva")
    page.wait_for_selector("#search-results p.search-summary:not(:empty)")
    page.wait_for_timeout(500)
    found = page.locator("#search-results li a").count()
    page.close()
    assert found == 0


def test_search_opens_from_the_keyboard(notebook: Page) -> None:
    field = notebook.locator("dialog[open] input[type=search]")
    for _ in range(20):  # the script that listens is loaded late
        notebook.keyboard.press("Control+k")
        notebook.wait_for_timeout(250)
        if field.count():
            break
    field.fill("padding")
    field.press("Enter")
    notebook.wait_for_selector("#search-results li a", timeout=15_000)
    assert notebook.locator("#search-results li a").count() > 0


def test_the_theme_button_changes_the_theme(notebook: Page) -> None:
    theme = "document.documentElement.dataset.theme"
    seen = {notebook.evaluate(theme)}
    for _ in range(2):
        notebook.locator(".theme-switch-button").first.click()
        seen.add(notebook.evaluate(theme))
    assert seen == {"light", "dark"}
