"""What ``choose.py`` found, as rows: regret, share of the time, lead over the peers."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import choose_peers
import numpy as np

from chapter2.evaluation import mean_interval


def rows_of(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each data set and seed of which both halves are there."""
    by_key = {cell["key"]: cell for cell in found}
    rows = []
    for cell in (cell for cell in found if cell["part"] == "exhaustive"):
        start = cell["key"].removesuffix("exhaustive")
        if mine := by_key.get(f"{start}chosen"):
            others = {n: by_key.get(start + n) for n in choose_peers.NAMES}
            rows.append(
                {
                    "task": f"{cell['data']} {cell['label'] or ''}".strip(),
                    "records": cell["records"],
                    "seed": cell["seed"],
                    "best": cell["pick"],
                    "recommended": mine["pick"],
                    "test": 100 * mine["test"],
                    "regret": 100 * (cell["test"] - mine["test"]),
                    "share": mine["seconds"] / cell["seconds"],
                    # points by which ours is ahead
                    **{
                        name: 100 * (mine["test"] - other["test"])
                        for name, other in others.items()
                        if other
                    },
                }
            )
    return rows


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the mean of what the rows hold, over data sets, and its interval.

    Another seed draws other records of the same data set, so it is the data sets that
    are resampled, each with the mean of its seeds.
    """
    names = ("regret", "share", *choose_peers.NAMES)
    found = {}
    for name in names:
        of_task: dict[str, list[float]] = {}
        for row in rows:
            if name in row:
                of_task.setdefault(row["task"], []).append(row[name])
        if of_task:
            means = np.array([statistics.mean(each) for each in of_task.values()])
            found[name] = {
                **mean_interval(means, 2000).to_dict(),
                "cells": sum(map(len, of_task.values())),
                "sets": len(of_task),
            }
    return found
