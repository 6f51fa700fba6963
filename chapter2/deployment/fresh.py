"""The child of :mod:`chapter2.deployment.measure`: loads a shipped folder, and answers.

It is started with an empty home, an empty cache and no network, reads one JSON order,
and writes what it measured beside it. Nothing heavy is imported before the clock and
the memory's gauge have started.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import Any

from chapter2.errors import Chapter2Error
from chapter2.files import read_json, write_json
from chapter2.runtime import memory

ORDER, ANSWER, PROBABILITIES = "order.json", "answer.json", "probabilities.npy"
WARM_UP = 3  # calls that are not counted: the first ones allocate
CALLS = 200  # single texts at most
LEAST = 10  # single texts at least, however slow
SECONDS = 3.0  # that single texts may take together, beyond the least
FEWEST = 3  # single texts at least where time is short
SHARE = 1 / 3  # of the time left: longer the single texts do not take
BATCH = 1 / 2  # of the time left then: what a batch is to take, if none is padded


def main(scratch: Path) -> None:
    """Carry out the order in ``scratch``; a user's error is part of the answer."""
    order = read_json(scratch / ORDER)
    if not order["remote"]:
        sys.addaudithook(refuse_network)
    answer: dict[str, Any]
    try:
        answer = {**measured(order, scratch)}
    except Chapter2Error as error:
        answer = {"error": str(error)}
    write_json(scratch / ANSWER, answer)


def refuse_network(event: str, _: Any) -> None:
    """Raise where something looks a host up or connects to it."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect"):
        raise OSError("a shipped model must not ask a network")


def measured(order: dict[str, Any], scratch: Path) -> dict[str, float]:
    """Load, answer one by one and all together; return times (s) and memory (bytes)."""
    empty = memory("VmRSS")
    began = time.perf_counter()
    from chapter2.deployment.shipped import load_model

    predictor = load_model(order["folder"], order["device"])
    loaded = time.perf_counter() - began
    import numpy as np

    texts, until = order["texts"], order["until"]
    single = times(predictor, texts, SHARE * (until - time.time()))
    seconds = BATCH * (until - time.time())
    texts = texts[: affordable(len(texts), single, order["least"], seconds)]
    began = time.perf_counter()
    probabilities = np.asarray(predictor.predict_proba(texts), dtype=np.float64)
    together = time.perf_counter() - began
    np.save(scratch / PROBABILITIES, probabilities, allow_pickle=False)
    p50, p95 = np.percentile(single, (50, 95))
    peak = memory("VmHWM")
    return {
        "latency_ms_p50": 1000 * p50,
        "latency_ms_p95": 1000 * p95,
        "batch_ms_per_text": 1000 * together / len(texts),
        "memory_mb": (peak - empty) / 1e6,
        "peak_mb": peak / 1e6,
        "load_seconds": loaded,
        "calls": len(single),
    }


def affordable(
    texts: int, single: list[float], least: int | None, seconds: float
) -> int:
    """Return how many of the texts, ``least`` at least, a batch is to hold.

    In a batch a text seldom takes longer than alone. None for ``least``: all.
    """
    if least is None:
        return texts
    mean = sum(single) / len(single)
    return min(texts, max(least, int(seconds / mean)))


def times(predictor: Any, texts: list[str], most: float = math.inf) -> list[float]:
    """Return the seconds of each single text, spread evenly over all texts.

    After ``most`` seconds no more than the fewest are asked.
    """
    ends = time.perf_counter() + most
    chosen = [texts[i * len(texts) // CALLS] for i in range(CALLS)]
    for text in chosen[:: CALLS // WARM_UP][:WARM_UP]:
        predictor.predict_proba([text])
    found: list[float] = []
    # so many apart that the texts that time allows still come from all over
    for i in sorted(range(CALLS), key=lambda i: (i % 10, i)):
        if len(found) >= LEAST and sum(found) > SECONDS:
            break
        if len(found) >= FEWEST and time.perf_counter() > ends:
            break
        began = time.perf_counter()
        predictor.predict_proba([chosen[i]])
        found.append(time.perf_counter() - began)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
