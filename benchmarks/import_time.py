"""How long ``import chapter2`` takes in a fresh process, beside its peers.

The target is under 0.3 s: torch and transformers are loaded when first used.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

import contest

TARGET = 0.3  # seconds
PEERS = ("numpy", "torch")
TIMED = """
import time
began = time.perf_counter()
import {module}
print(time.perf_counter() - began)
"""


def seconds(module: str) -> float:
    """Return what one import takes in a fresh interpreter, which is not counted."""
    command = [sys.executable, "-c", TIMED.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Print a table; exit with 1 if ``import chapter2`` misses its target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9, help="fresh processes each")
    parser.add_argument("--json", type=Path, help="also store the figures here")
    parser.add_argument("--peers", nargs="*", default=PEERS, help="other modules")
    options = parser.parse_args()
    modules = ("chapter2", *options.peers)
    # in turn, so that a slow moment hits all alike; the first round warms the disk
    rounds = [{m: seconds(m) for m in modules} for _ in range(options.repeats + 1)][1:]
    print("| import | median | range |\n|---|--:|--:|")
    for module in modules:
        times = [times[module] for times in rounds]
        low, middle, high = min(times), statistics.median(times), max(times)
        print(f"| {module} | {middle:.3f} s | {low:.3f}-{high:.3f} s |")
    if options.json:
        contest.store(options.json, {"seconds": rounds})
    ours = statistics.median(times["chapter2"] for times in rounds)
    if ours >= TARGET:
        raise SystemExit(f"import chapter2 takes {ours:.3f} s, over {TARGET} s.")


if __name__ == "__main__":
    main()
