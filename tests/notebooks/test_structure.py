"""Every notebook keeps the rules that make it readable on GitHub, Colab and a page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from chapter2 import data

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb"))
PARTS = ("cell", "input", "output", "stderr")
ALLOWED = {"exercise", "check", "solution"} | {
    f"{act}-{part}" for act in ("hide", "remove") for part in PARTS
}
OPENING = ("**After this page you can**", "**You should know**", "**Time**")
MYST = re.compile(r"\{[\w:-]+\}`|^\s*(`{3,}|:{3,})\{|^\([\w-]+\)=\s*$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HUB = re.compile(r"`([\w.-]+/[\w.-]+)`")
REPOSITORY = re.compile(r'REPOSITORY = "([^"]*)"')
FIRST_CELL = """\
from importlib.util import find_spec

# The book's address, written by `make repository URL=...`
REPOSITORY = ""
MISSING = 'chapter2 is missing: run `pip install -e ".[embedded,serve]"` in its clone.'
if find_spec("chapter2") is None:
    assert REPOSITORY, MISSING
    %pip install -q "chapter2[embedded,serve] @ git+{REPOSITORY}"

from chapter2 import runtime

print(runtime.report())"""


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> NotebookNode:
    return nbformat.read(request.param, as_version=4)


def cells(notebook: NotebookNode, kind: str, tag: str | None = None) -> list[str]:
    """Return the sources of the cells of one kind, or of those with one tag."""
    chosen = [cell for cell in notebook.cells if cell.cell_type == kind]
    return [c.source for c in chosen if tag is None or tag in tags(c)]


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def syntax(source: str) -> ast.Module:
    """Parse a code cell, its magics turned into calls."""
    return ast.parse(TransformerManager().transform_cell(source))


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


def test_nothing_of_a_run_is_stored(notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert "execution" not in cell.metadata
    assert "widgets" not in notebook.metadata
    assert notebook.metadata.kernelspec.name == "python3"


def test_cells_are_short(notebook: NotebookNode) -> None:
    long = [code for code in cells(notebook, "code") if code.count("\n") >= 26]
    assert long == []


def test_ids_are_unique(notebook: NotebookNode) -> None:
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_tags_are_known_and_errors_are_not_allowed(notebook: NotebookNode) -> None:
    assert {tag for cell in notebook.cells for tag in tags(cell)} <= ALLOWED
    assert "execution" not in notebook.metadata  # where allow_errors would stand
    # nbmake's own switches could skip a cell or replace its values
    assert not [cell for cell in notebook.cells if "nbmake" in cell.metadata]


def test_markdown_shows_well_without_the_book(notebook: NotebookNode) -> None:
    found = [MYST.search(text) for text in cells(notebook, "markdown")]
    assert not any(found), [match[0] for match in found if match]


def test_opening(notebook: NotebookNode) -> None:
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# \d", first.source)
    places = [first.source.index(part) for part in OPENING]
    assert places == sorted(places)
    objectives = first.source[places[0] : places[1]]
    assert 4 <= len(re.findall(r"^\d\. ", objectives, re.MULTILINE)) <= 8
    times = first.source[places[2] :]
    assert re.search(r"\d+ minutes of reading", times)
    assert len(re.findall(r"\d+ (?:seconds|minutes?)", times)) >= 2
    assert "TODO" not in times


def test_first_code_cell(notebook: NotebookNode) -> None:
    first = cells(notebook, "code")[0]
    assert REPOSITORY.sub('REPOSITORY = ""', first) == FIRST_CELL
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert REPOSITORY.search(first)[1] == settings["repository"]["url"]
    rest = cells(notebook, "code")[1:]
    assert not [code for code in rest if re.search(r"^\s*[%!]+\s*pip", code, re.M)]


def test_every_exercise_has_a_solution_and_a_check(notebook: NotebookNode) -> None:
    kinds = [
        (kind, cell)
        for cell in notebook.cells
        for kind in ("exercise", "solution", "check")
        if kind in tags(cell)
    ]
    order = [kind for kind, _ in kinds]
    assert order[:1] == ["exercise"]
    for part in " ".join(order).split("exercise")[1:]:
        assert {"solution", "check"} == set(part.split())
    for kind, cell in kinds:
        assert cell.cell_type == ("markdown" if kind == "exercise" else "code")
        assert kind == "exercise" or "hide-cell" in tags(cell)
    for code in cells(notebook, "code", "check"):
        assert any(isinstance(node, ast.Assert) for node in ast.walk(syntax(code)))


def test_exercises_are_numbered(notebook: NotebookNode) -> None:
    texts = cells(notebook, "markdown", "exercise")
    numbers = [re.search(r"Exercise \w+\.(\d+)", text) for text in texts]
    assert [int(match[1]) for match in numbers if match] == [*range(1, len(texts) + 1)]


def branches(tree: ast.AST) -> list[str]:
    """Return the conditions of a cell."""
    kinds = (ast.If, ast.IfExp, ast.While)
    found = [ast.unparse(n.test) for n in ast.walk(tree) if isinstance(n, kinds)]
    matched = [n.subject for n in ast.walk(tree) if isinstance(n, ast.Match)]
    return found + [ast.unparse(subject) for subject in matched]


def test_no_cell_branches_on_the_scale(notebook: NotebookNode) -> None:
    tests = [
        test for code in cells(notebook, "code") for test in branches(syntax(code))
    ]
    assert not [t for t in tests if re.search(r"scale|profile|smoke", t, re.IGNORECASE)]


def swallows(handler: ast.ExceptHandler) -> bool:
    """Say whether an error disappears: all are caught, or nothing is done."""
    silent = (ast.Pass, ast.Continue, ast.Break)
    broad = handler.type is None or "Exception" in ast.unparse(handler.type)
    return broad or all(isinstance(statement, silent) for statement in handler.body)


def test_no_cell_swallows_an_error(notebook: NotebookNode) -> None:
    for code in cells(notebook, "code"):
        handlers = [
            node
            for node in ast.walk(syntax(code))
            if isinstance(node, ast.ExceptHandler)
        ]
        assert not [h for h in handlers if swallows(h)]
        assert "%%capture" not in code
        assert "contextlib.suppress" not in code


def slugs(page: Path) -> set[str]:
    """Return the anchors of a page of prose: its headings, or the works' keys."""
    if page.name == "bibliography.md":
        entries = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
        return set(re.findall(r"^@\w+\{(\w+),", entries, re.MULTILINE))
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", h).lower().replace(" ", "-") for h in headings}


def test_links_to_the_book_resolve(notebook: NotebookNode) -> None:
    texts = cells(notebook, "markdown")
    links = [link for text in texts for link in LINK.findall(text)]
    inner = [link for link in links if not link.startswith(("http", "#", "mailto:"))]
    assert any("glossary.md#" in link for link in inner)
    assert any("bibliography.md#" in link for link in inner)
    for link in inner:
        address, _, fragment = link.partition("#")
        page = ROOT / "notebooks" / address
        assert page.is_file(), link
        assert not fragment or fragment in slugs(page), link


def test_the_models_named_are_the_catalogues(notebook: NotebookNode) -> None:
    """Another repository may hold no safetensors, and no pickle is ever read."""
    named = {name for text in cells(notebook, "markdown") for name in HUB.findall(text)}
    others = {name for name in named if not (ROOT / name).exists()}
    assert others <= set(data.names())
