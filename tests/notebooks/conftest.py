"""What the tests of several pages share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
Numbers = tuple[list[str], set[str], set[str]]


@pytest.fixture
def equations() -> Callable[..., Numbers]:
    """Numbers of a page's equations: tagged, with a test of that name, mentioned."""

    def read(
        page: str, chapter: str, tests: Iterable[str], mention: str = ""
    ) -> Numbers:
        cells = nbformat.read(NOTEBOOKS / page, as_version=4).cells
        text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
        tags = re.findall(rf"\\tag\{{{chapter}\.(\d+)\}}", text)
        prefix = f"test_equation_{chapter}_"
        tested = {name.rsplit("_", 1)[1] for name in tests if prefix in name}
        return tags, tested, set(re.findall(rf"{mention}\({chapter}\.(\d+)\)", text))

    return read
