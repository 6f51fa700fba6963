"""The bibliography lists what is cited, and each entry says where it appeared."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIB = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
ENTRIES = re.findall(r"^@(\w+)\{(\w+),\n(.*?)^\}", BIB, re.MULTILINE | re.DOTALL)
PAGES = [*ROOT.glob("book/*.md"), *ROOT.glob("notebooks/*.ipynb")]


def test_every_entry_is_cited_and_every_citation_has_an_entry() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    cited = set(re.findall(r"bibliography\.md#(\w+)", text))
    assert cited == {key for _, key, _ in ENTRIES}


def test_entries_are_whole() -> None:
    venue = {"inproceedings": "booktitle", "incollection": "booktitle"}
    venue |= {"article": "journal", "book": "publisher", "misc": "note"}
    for kind, key, body in ENTRIES:
        fields = set(re.findall(r"^  (\w+) *= \{", body, re.MULTILINE))
        assert {"title", "author", "year", venue[kind]} <= fields, key
        assert re.search(r"year *= \{" + key[-4:] + r"\}", body), key


def test_glossary_is_in_order_and_each_term_stands_once() -> None:
    text = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
    terms = [t.lower().replace("-", " ") for t in re.findall(r"^## (.*)$", text, re.M)]
    assert len(terms) > 40
    assert terms == sorted(set(terms))
