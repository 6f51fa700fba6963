"""Every link inside the book leads somewhere, and no page shows a hidden failure."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag

from bs4 import BeautifulSoup


@cache
def parse(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def anchors(path: Path) -> set[str]:
    return {tag["id"] for tag in parse(path).find_all(id=True)}


def broken(path: Path, link: str) -> bool:
    """Say whether a relative link of the page ``path`` misses its file or anchor."""
    address, fragment = urldefrag(unquote(link))
    target = (path.parent / address.split("?")[0]).resolve() if address else path
    if not target.is_file():
        return True
    return bool(fragment) and fragment not in anchors(target)


def test_internal_links_resolve(site: Path, page_name: str) -> None:
    path = site / f"{page_name}.html"
    links = [a["href"] for a in parse(path).find_all("a", href=True)]
    inner = [link for link in links if "://" not in link and link != "#"]
    inner = [link for link in inner if not link.startswith(("mailto:", "javascript:"))]
    assert len(inner) > 5
    assert [link for link in inner if broken(path, link)] == []


def test_a_broken_link_is_seen(site: Path) -> None:
    page = site / "book" / "intro.html"
    assert not broken(page, "glossary.html#accuracy")
    assert broken(page, "glossary.html#no-such-term")
    assert broken(page, "no-such-page.html")


def test_every_work_has_an_anchor(site: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    lines = (root / "book" / "references.bib").read_text(encoding="utf-8").split("\n")
    keys = {line.split("{")[1].rstrip(",") for line in lines if line.startswith("@")}
    assert keys <= anchors(site / "book" / "bibliography.html")


def test_no_traceback_and_no_standard_error(site: Path, page_name: str) -> None:
    soup = parse(site / f"{page_name}.html")
    assert soup.select(".output.stderr, .output.traceback") == []
    outputs = " ".join(out.get_text() for out in soup.select(".cell_output"))
    assert "Traceback (most recent call last)" not in outputs
    assert "Warning:" not in outputs


def test_tables_that_cells_print_are_tables(site: Path, page_name: str) -> None:
    paragraphs = parse(site / f"{page_name}.html").select("article p")
    assert not [p for p in paragraphs if p.get_text().startswith("| ")]


def test_head_of_each_page(site: Path, page_name: str) -> None:
    soup = parse(site / f"{page_name}.html")
    assert soup.html["lang"] == "en"
    assert len(soup.select("article h1")) == 1
    assert soup.title.get_text().strip()


def test_no_foreign_script_is_named(site: Path, page_name: str) -> None:
    text = (site / f"{page_name}.html").read_text(encoding="utf-8")
    for host in ("unpkg.com", "jsdelivr", "cdnjs", "googleapis", "cloudflare"):
        assert host not in text, host
