"""Stored results of ``benchmarks/``: what takes longer to measure than a page may.

Each file holds what was measured and on what: date, machine, versions, seeds. They lie
inside the package so that a notebook finds them wherever it runs.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from chapter2.errors import UsageError


def stored(name: str) -> dict[str, Any]:
    """Return the stored result ``name``, as its benchmark wrote it.

    Raises:
        UsageError: there is no such result.
    """
    found = files(__name__) / f"{name}.json"
    if not found.is_file():
        raise UsageError(
            f"There is no stored result {name!r}; run the benchmark that writes it."
        )
    return dict(json.loads(found.read_text(encoding="utf-8")))
