"""The first code cell installs the right package, or says what is missing."""

from __future__ import annotations

import importlib.util
import re
from importlib.machinery import ModuleSpec
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "05_bert_fine_tuning.ipynb"
find_spec = importlib.util.find_spec


def run_first_cell(monkeypatch: pytest.MonkeyPatch, address: str, found: bool) -> tuple:
    """Run the cell where ``chapter2`` is found or not; return its pip calls."""
    calls: list[str] = []
    source = next(
        cell.source
        for cell in nbformat.read(NOTEBOOK, as_version=4).cells
        if cell.cell_type == "code"
    )
    source = re.sub(r'REPOSITORY = "[^"]*"', f'REPOSITORY = "{address}"', source)

    def look(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "chapter2" and not found else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", look)
    shell = InteractiveShell()
    shell.register_magic_function(calls.append, "line", "pip")
    return shell.run_cell(source), calls


def test_nothing_is_installed_where_it_imports(monkeypatch, capsys) -> None:
    result, calls = run_first_cell(monkeypatch, "https://github.com/a/b", found=True)
    assert result.success
    assert calls == []
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("torch", "device:", "profile:"))


def test_the_book_is_installed_from_its_address(monkeypatch) -> None:
    result, calls = run_first_cell(monkeypatch, "https://github.com/a/b", found=False)
    assert result.success
    assert calls == [
        'install -q "chapter2[embedded,serve] @ git+https://github.com/a/b"',
    ]


def test_without_an_address_one_sentence_says_what_to_do(monkeypatch, capsys) -> None:
    result, calls = run_first_cell(monkeypatch, "", found=False)
    assert calls == []
    assert isinstance(result.error_in_exec, AssertionError)
    # the extras are those that the cell installs from the book's address
    assert 'pip install -e ".[embedded,serve]"' in str(result.error_in_exec)


def test_a_stranger_s_package_is_never_named() -> None:
    """The name on the public index belongs to another package."""
    folders = ("book", "notebooks", "chapter2", "benchmarks")
    files = [p for f in folders for p in (ROOT / f).rglob("*") if p.is_file()]
    files += [ROOT / "README.md", ROOT / "Makefile", ROOT / "environment.yml"]
    kinds = {".md", ".ipynb", ".py", ".yml", ""}
    wrong = re.compile(
        r"pip\s+install\s+(-\S+\s+)*[\"']?chapter2(?!(\[[\w,]+\])? @ git)"
    )
    for path in files:
        if path.suffix in kinds and path.exists():
            text = path.read_text(encoding="utf-8").replace('\\"', '"')
            assert not wrong.search(text), path
