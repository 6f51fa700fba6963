"""What the browser tests share: the built site, a server, a browser, the pages."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = [TOC["root"], *(chapter["file"] for chapter in TOC["chapters"])]
LOOKS = [("light", 1300), ("dark", 1300), ("light", 390), ("dark", 390)]
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each page, or for each page in each theme and width."""
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", PAGES)
    if "opened" in metafunc.fixturenames:
        views = [(page, *look) for page in PAGES for look in LOOKS]
        names = ["-".join(map(str, view)) for view in views]
        metafunc.parametrize("opened", views, indirect=True, ids=names, scope="module")


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built book: that of the notebooks' run at `smoke`."""
    folder = Path(os.environ.get("BOOK_HTML", ROOT / "_build/smoke/_build/html"))
    if not (folder / "index.html").exists():
        pytest.fail(f"{folder} holds no book; run `make smoke-book` first.")
    return folder


class Quiet(SimpleHTTPRequestHandler):
    """A server that writes no line for each request."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """The book served on this machine alone."""
    handler = partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def find_browser() -> str:
    """Return the path of a Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome")
    names = (os.environ["CHROMIUM"],) if os.environ.get("CHROMIUM") else names
    found = [path for name in names if (path := shutil.which(name))]
    if not found:
        pytest.fail("Chromium is missing; install it or set CHROMIUM to its path.")
    return found[0]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests, with an empty profile."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium
        chosen = chromium.launch(executable_path=find_browser(), args=SWITCHES)
        yield chosen
        chosen.close()
