"""The Pareto front: what no other contender beats in quality and in cost at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chapter2.selection.contenders import Contender

SECONDS = "trained_seconds"  # of all of a contender's trials: known of each
# the first of these that is known of two contenders or more is drawn
COSTS = ("latency_ms_p95", "batch_ms_per_text", "memory_mb", "size_mb", SECONDS)


def pareto_front(points: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """Return the names that no other point dominates, the cheapest first.

    Args:
        points: for each name its quality (higher is better) and its cost (lower is).
            One dominates another where it is no worse in both and better in one; equal
            points stand side by side.
    """
    order = sorted(points, key=lambda name: (points[name][1], -points[name][0]))
    front: list[str] = []
    for name in order:
        # those before cost no more: a higher quality stays, or the same point
        best = points[front[-1]] if front else None
        if best is None or points[name][0] > best[0] or points[name] == best:
            front.append(name)
    return tuple(front)


def drawn_costs(entrants: Sequence[Contender]) -> tuple[str, dict[str, float]]:
    """Return the name of the cost to set against quality, and that of each contender.

    Contenders of which it was not measured are left out.
    """
    for cost in COSTS:
        found = {e.name: float(e.costs[cost]) for e in entrants if cost in e.costs}
        if len(found) > 1:
            return cost, found
    return SECONDS, {e.name: e.seconds for e in entrants}
