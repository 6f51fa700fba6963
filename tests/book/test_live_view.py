"""The monitor's live view in a real browser; it needs no built book."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from chapter2.applications.financial_opinion import Monitor, Reference, Settings
from chapter2.applications.financial_opinion.live import serving

TOPICS = ("oil", "gold")
HOUR = 3600
MARKUP = "<img src=x onerror=\"document.title='taken'\">"


class Told:
    """Reads topic and opinion out of a text like "oil 0.5"."""

    topics = TOPICS

    def score(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        words = [text.split()[:2] for text in texts]
        scores = np.array([float(score) for _, score in words])
        negative, positive = np.maximum(0, -scores), np.maximum(0, scores)
        chances = np.stack([negative, 1 - negative - positive, positive], axis=1)
        return np.array([TOPICS.index(topic) for topic, _ in words]), chances


def line(identity: str, hour: float, text: str) -> str:
    return json.dumps({"id": identity, "time": hour * HOUR, "text": text}) + "\n"


@pytest.fixture
def monitor(tmp_path: Path) -> Monitor:
    reference = Reference(0.0, 0.3, 5.0)
    settings = Settings(TOPICS, references=dict.fromkeys(TOPICS, reference))
    return Monitor(tmp_path / "m.db", Told(), settings)


@pytest.fixture
def source(tmp_path: Path, monitor: Monitor) -> Path:
    """A stream whose opinion on oil falls in hour 20, with a line that is markup."""
    written = [line(f"o{h}", h, f"oil {-0.9 if h >= 20 else 0.1}") for h in range(40)]
    written += [line(f"g{h}", 40 + h, "gold 0.2") for h in range(5)]
    written += [f"{MARKUP}\n", line("behind", 3, "gold 0.5")]
    path = tmp_path / "stream.jsonl"
    path.write_text("".join(written))
    monitor.run(path, follow=True, stopped=iter([False] * 47 + [True] * 9).__next__)
    return path


@pytest.fixture
def view(browser: Browser, monitor: Monitor, source: Path) -> Iterator[Page]:
    page = browser.new_page()
    with serving(monitor.path) as address:
        page.goto(address)
        page.wait_for_selector("body[data-state=live]")
        yield page
        page.close()


def test_the_view_shows_trend_alarm_refused_and_late(view: Page) -> None:
    expect(view.locator("#tally")).to_contain_text("47 lines read: 45 counted, 1 late")
    expect(view.locator("#tally")).to_contain_text("newest text of 1970-01-02 20:00")
    assert view.locator("#topics h3").all_inner_texts() == ["oil", "gold"]
    assert view.locator("#topics svg[role=img]").count() == 2
    assert view.locator("#topics .bar").count() == 45
    first = view.locator("#alarms tr").last.inner_text()
    assert "oil" in first
    assert "has fallen" in first
    assert "1970-01-01 20:00" in first  # since when
    assert view.locator("#topics .alarm").count() > 0
    assert "behind" in view.locator("#late").inner_text()


def test_before_the_first_text_no_time_is_shown(
    browser: Browser, monitor: Monitor
) -> None:
    page = browser.new_page()
    with serving(monitor.path) as address:
        page.goto(address)
        page.wait_for_selector("body[data-state=live]")
        told = page.locator("#tally").inner_text()
        page.close()
    assert told == "0 lines read: 0 counted, 0 late, 0 repeated, 0 refused."


def test_what_the_stream_holds_is_never_markup(view: Page) -> None:
    assert MARKUP in view.locator("#rejects").inner_text()
    assert view.locator("img").count() == 0
    assert view.title() == "Financial opinion, live"


def test_a_new_message_appears_by_itself(
    view: Page, monitor: Monitor, source: Path
) -> None:
    with source.open("a") as file:
        file.write(line("new", 60, "gold 0.9"))
    monitor.run(source)
    expect(view.locator("#tally")).to_contain_text("48 lines read", timeout=5000)
    expect(view.locator("#topics section").last).to_contain_text("+0.90")
    assert view.locator("#topics .bar").count() == 46


def test_nothing_is_asked_of_elsewhere(
    browser: Browser, monitor: Monitor, source: Path
) -> None:
    page, asked, complaints = browser.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with serving(monitor.path) as address:
        page.goto(address)
        page.wait_for_selector("body[data-state=live]")
        page.close()
        assert {url for url in asked if not url.startswith("data:")} <= {
            address,
            f"{address}state.json",
        }
    assert complaints == []


def test_a_server_that_ends_is_noticed(
    browser: Browser, monitor: Monitor, source: Path
) -> None:
    page = browser.new_page()
    with serving(monitor.path) as address:
        page.goto(address)
        page.wait_for_selector("body[data-state=live]")
    page.wait_for_selector("body[data-state=lost]", timeout=5000)
    assert "does not answer" in page.locator("#tally").inner_text()
    page.close()


def test_a_store_that_is_gone_is_said(view: Page, monitor: Monitor) -> None:
    monitor.path.unlink()
    view.wait_for_selector("body[data-state=lost]", timeout=5000)
    assert view.locator("#tally").inner_text() == "The store cannot be read."


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_the_view_is_accessible(view: Page, look: str, width: int) -> None:
    view.emulate_media(color_scheme=look)
    view.set_viewport_size({"width": width, "height": 900})
    found = Axe().run(view)
    assert found.violations_count == 0, found.generate_report()
    wide = view.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
