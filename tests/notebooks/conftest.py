"""What the tests of several pages share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
Check = Callable[..., None]


@pytest.fixture
def each_equation_is_tested() -> Check:
    """A check that the tags of a page and the names of its tests are the same."""

    def check(page: str, chapter: str, tests: Iterable[str], mention: str = "") -> None:
        cells = nbformat.read(NOTEBOOKS / page, as_version=4).cells
        text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
        tags = re.findall(rf"\\tag\{{{chapter}\.(\d+)\}}", text)
        prefix = f"test_equation_{chapter}_"
        tested = {name.rsplit("_", 1)[1] for name in tests if prefix in name}
        assert len(tags) == len(set(tags))
        assert set(tags) == tested
        mentioned = re.findall(rf"{mention}\({chapter}\.(\d+)\)", text)
        assert set(mentioned) <= set(tags)

    return check
