"""Writes the report, the record and the card; the time it takes is counted too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from chapter2.files import write_json
from chapter2.selection.choice import Choice
from chapter2.selection.report.card import as_card
from chapter2.selection.report.page import as_page, draw
from chapter2.selection.report.record import as_record
from chapter2.selection.report.shortened import shortened

PAGE, RECORD, CARD = "report.html", "report.json", "README.md"


def write_report(
    choice: Choice,
    out: str | Path,
    clock: Callable[[], float] = time.monotonic,
) -> Choice:
    """Write ``report.html``, the model's card and last ``report.json``.

    Returns the choice with the phase ``report`` and its seconds: drawing is nearly all
    of the work and is timed before the numbers are written. Folders that candidates
    name are cut to their last part.
    """
    began = clock()
    choice = shortened(choice)
    drawn = draw(choice)
    _write(choice.shipped.folder / CARD, as_card(choice))
    seconds = clock() - began
    timing = choice.timing
    told = replace(
        timing,
        used=timing.used + seconds,
        phases={**timing.phases, "report": seconds},
    )
    choice = replace(choice, timing=told)
    folder = Path(out)
    _write(folder / PAGE, as_page(choice, drawn))
    write_json(folder / RECORD, as_record(choice))  # its presence says: all is there
    return choice


def _write(path: Path, text: str) -> None:
    """Write a text whole or not at all; lone halves of a pair become question marks."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(text.encode("utf-8", "replace"))
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
