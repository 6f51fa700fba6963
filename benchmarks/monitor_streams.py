"""What the parts of the monitor's benchmark share: streams, and counting them."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

from chapter2.applications.financial_opinion import Monitor, Settings, store
from chapter2.applications.financial_opinion import simulation as sim

ASKED = 200  # windows between false alarms, of all topics together
STRENGTHS = {"weak": (0.4, 0.4, 0.2), "strong": (0.8, 0.15, 0.05)}


def stream(
    learnt: dict[str, Any],
    folder: Path,
    name: str,
    texts: int,
    seed: int,
    trouble: sim.Trouble | None = None,
    **how: Any,
) -> Path:
    """Write a simulated stream of the held-out texts and return its file."""
    sent = sim.simulate(
        learnt["news"].test, learnt["rated"].test, texts, seed=seed, **how
    )
    return sim.write(folder / name, sim.lines(sent, seed, trouble or sim.Trouble()))


def count(
    source: Path, scorer: Any, settings: Settings, speed: float | None = None
) -> tuple[Path, float]:
    """Count a stream with a new store; return the store and the seconds."""
    path = source.with_suffix(f".{time.monotonic_ns()}.db")
    began = time.perf_counter()
    Monitor(path, scorer, settings).run(source, speed)
    return path, time.perf_counter() - began


def tally(path: Path) -> dict[str, int]:
    """Return how many lines of each fate a store counts."""
    with closing(store.connect(path)) as connection:
        return dict(connection.execute("SELECT name, n FROM tally").fetchall())
