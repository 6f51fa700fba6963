"""Kills of a counting monitor: real processes, SIGKILL, all over a troubled stream.

The stream has a shift in its middle, repeated and malformed lines, and texts later than
the allowance, so that no table that is compared is empty.
"""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from monitor_streams import STRENGTHS, count, stream, tally

from chapter2.applications.financial_opinion import Settings, store
from chapter2.applications.financial_opinion import simulation as sim

TABLES = ("tally", "messages", "windows", "cusum", "alarms", "late", "rejects")
TROUBLE = sim.Trouble(late=0.03, delay=1800)  # beyond the allowance of 900 s
LOOK = 0.005  # seconds between two looks at how far the process is
PAUSE = 0.02  # seconds, at most, until the kill: any moment of a batch


def kills(
    options: argparse.Namespace,
    learnt: dict[str, Any],
    settings: Settings,
    folder: Path,
) -> dict[str, Any]:
    """Kill processes while they count; compare with a run that was left alone.

    Raises:
        SystemExit: a kill met no monitor that was counting, or a table is empty.
    """
    scorer = learnt["scorers"]["linear"]
    model = scorer.save(folder / "model")
    half = options.texts / 2 / 60 * 3600  # seconds, at 60 texts an hour
    shift = sim.Shift("earn", half, STRENGTHS["strong"])
    source = stream(
        learnt, folder, "killed.jsonl", options.texts, 3, TROUBLE, shifts=[shift]
    )
    whole = contents(count(source, scorer, settings)[0])
    if empty := [table for table, rows in whole.items() if not rows]:
        raise SystemExit(f"Nothing to compare in {', '.join(empty)}: give more texts.")
    path = folder / "killed.db"
    store.make(path, settings)
    command = [sys.executable, "-m", "chapter2.applications.financial_opinion", "run"]
    command += [str(source), "--model", str(model), "--store", str(path)]
    size = source.stat().st_size
    places = killed(command, path, size, options.kills)
    subprocess.run(command, check=True)
    return {
        "killed_while_counting": len(places),
        "bytes_at_kills": places,
        "bytes": size,
        "rows": {table: len(rows) for table, rows in whole.items()},
        "equal": contents(path) == whole,
        "tally": tally(path),
    }


def killed(command: list[str], path: Path, size: int, number: int) -> list[int]:
    """Kill ``number`` processes; return the bytes that were counted at each kill.

    Each kill comes at a random place of its own part of the source, after the process
    has itself counted something.

    Raises:
        SystemExit: a process ended by itself, or all was counted when it was killed.
    """
    draw, places = random.Random(0), [0]
    for i in range(number):
        aim = max(places[-1], int(size * (i + draw.uniform(0, 0.9)) / number))
        process = subprocess.Popen([*command, "--batch", "16"])
        try:
            await_place(process, path, aim)
            time.sleep(draw.uniform(0, PAUSE))
        finally:
            process.kill()
        if process.wait() != -signal.SIGKILL:
            raise SystemExit(f"Process {i + 1} ended before its kill: give more texts.")
        places.append(place_in(path))
        if not places[-2] < places[-1] < size:
            raise SystemExit(f"Kill {i + 1} met no counting: {places} of {size} bytes.")
    return places[1:]


def await_place(process: subprocess.Popen[bytes], path: Path, aim: int) -> None:
    """Wait until more than ``aim`` bytes are counted, or the process has ended."""
    while process.poll() is None and place_in(path) <= aim:
        time.sleep(LOOK)


def place_in(path: Path) -> int:
    """Return how many bytes of the source a store has counted."""
    with closing(store.connect(path)) as connection:
        row = connection.execute("SELECT position FROM source").fetchone()
    return int(row[0]) if row else 0


def contents(path: Path) -> dict[str, list[Any]]:
    """Return all that was counted into a store, by table."""
    with closing(sqlite3.connect(path)) as db:
        return {t: sorted(db.execute(f"SELECT * FROM {t}").fetchall()) for t in TABLES}
