"""What the benchmarks share: contestants in processes, medians, stored results."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "chapter2" / "results"  # what pages draw


def run_process(script: str, order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run one contestant in a fresh process in ``folder``; return what it measured.

    Raises:
        SystemExit: it failed; its own message has been printed.
    """
    report = folder / "report.json"
    order = {**order, "report": str(report)}
    command = [sys.executable, str(HERE / script), json.dumps(order)]
    done = subprocess.run(command, cwd=folder)
    if done.returncode:
        raise SystemExit(f"{order['arm']} failed with exit code {done.returncode}.")
    return json.loads(report.read_text())


def run_all(
    function: Callable[[Any], dict[str, Any]], orders: Sequence[Any], jobs: int
) -> list[dict[str, Any]]:
    """Return what ``function`` finds for each order, computed in ``jobs`` processes.

    For runs whose quality is measured, not their time: several share a GPU. Give the
    longest first, so that none is left over at the end.
    """
    if jobs == 1:
        return [function(order) for order in orders]
    with ProcessPoolExecutor(jobs, get_context("spawn"), one_thread) as pool:
        return list(pool.map(function, orders))


def one_thread() -> None:
    """Keep the processes out of each other's way."""
    import torch

    torch.set_num_threads(1)


def speeds(runs: list[dict[str, Any]], arm: str) -> dict[str, Any]:
    """Return one contestant's medians, ranges and ratios to ours."""
    mine = [run for run in runs if run["arm"] == arm]
    ours = {run["repeat"]: run for run in runs if run["arm"] == "ours"}
    found = [run["tokens_per_second"] for run in mine]
    ratios = [
        ours[run["repeat"]]["tokens_per_second"] / run["tokens_per_second"]
        for run in mine
        if run["repeat"] in ours
    ]
    return {
        "arm": arm,
        "precision": mine[0]["precision"],
        "steps": mine[0]["steps"],
        "tokens_per_second": statistics.median(found),
        "slowest": min(found),
        "fastest": max(found),
        "ours_is_faster_by": statistics.median(ratios) if ratios else None,
        "ratio_range": [min(ratios), max(ratios)] if ratios else None,
        "peak_memory_gib": max(run["peak_memory_gib"] for run in mine),
        "share_of_peak": statistics.median(run["share_of_peak"] for run in mine),
        "peak_gflops": max(run["peak_gflops"] for run in mine),
    }


SPEED = ("contestant", "steps", "tokens/s", "range", "ours is faster by")
MEMORY = ("peak memory", "share of matmul peak")


def speed_cells(row: dict[str, Any]) -> list[str]:
    """Return the cells under ``SPEED``."""
    ratio = "-"
    if row["ratio_range"]:
        least, most = row["ratio_range"]
        ratio = f"{row['ours_is_faster_by']:.2f} x ({least:.2f}-{most:.2f})"
    return [
        f"{row['what']} ({row['precision']})",
        f"{row['steps']}",
        f"{row['tokens_per_second']:,.0f}",
        f"{row['slowest']:,.0f}-{row['fastest']:,.0f}",
        ratio,
    ]


def memory_cells(row: dict[str, Any]) -> list[str]:
    """Return the cells under ``MEMORY``."""
    return [
        f"{row['peak_memory_gib']:.2f} GiB",
        f"{row['share_of_peak']:.0%} of {row['peak_gflops']:.0f} GFLOP/s",
    ]


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table: the first column to the left, figures to the right."""
    rule = "|---|" + "--:|" * (len(heads) - 1)
    lines = ["| " + " | ".join(cells) + " |" for cells in (heads, *rows)]
    return "\n".join((lines[0], rule, *lines[1:]))


def chosen(options: Any) -> dict[str, Any]:
    """Return the options of a run, without the place of its result."""
    return {k: v for k, v in vars(options).items() if k != "json"}


def store(path: Path, found: dict[str, Any]) -> None:
    """Write a result as JSON, with its date, machine and versions."""
    from machine import describe  # loads torch, which only a stored result needs

    stored = {"date": date.today().isoformat(), "machine": describe(), **found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(stored, indent=1) + "\n")
