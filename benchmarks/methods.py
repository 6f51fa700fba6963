"""What a step of each way to fine-tune costs on a CPU, and what it writes to disk.

Run ``python benchmarks/methods.py`` on an idle machine. Nine methods of this library
and three of ``peft`` train the same pretrained encoder on the same batches of film
snippets, as long as they are. Each has a process of its own, which is asked for a short
run in turn with the others, so that a slow minute of the machine meets all of them.

- seconds per step: the mean over the steps of a run, since the batches differ in
  length and gradual unfreezing trains more in its later steps; then the median over
  the repeats, and their range. Ratios are taken within a repeat.
- peak memory above the start of the process: one copy of the weights, gradients, what
  the optimiser remembers, activations.
- numbers trained, and bytes of the files that ``save`` writes.

For peft's methods BERT's forward pass is transformers' own; ours takes the short way
of ``chapter2.models.fast_bert``. The ratio of the two LoRAs holds both differences.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import mean, median
from typing import Any

import contest

from chapter2.tuning.door import BACKENDS

STORED = contest.RESULTS / "methods.json"
HEADS = (
    *("method", "trained", "ms per step", "range", "of full", "peak, MiB"),
    "MB on disk",
)


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--ours", nargs="*", default=list(BACKENDS["chapter2"]))
    add("--peft", nargs="*", default=list(BACKENDS["peft"]))
    add("--encoder", default="minilm")
    add("--batch", type=int, default=32, help="texts in a batch")
    # 8: the embeddings and the layers of MiniLM and the head, one of which gradual
    # unfreezing thaws after another, each for an equal share of the steps
    add("--steps", type=int, default=8, help="batches of a run; for gradual, 8 or 16")
    add("--repeats", type=int, default=5, help="timed runs of each")
    add("--json", type=Path, default=STORED, help="where to store")
    return parser.parse_args()


class Arm:
    """A process that has prepared one way to fine-tune, and runs it when asked."""

    def __init__(self, method: str, backend: str, options: Any) -> None:
        self.name = method if backend == "chapter2" else f"{method} ({backend})"
        shared = {k: getattr(options, k) for k in ("encoder", "batch", "steps")}
        order = json.dumps({"method": method, "backend": backend, **shared})
        command = [sys.executable, str(contest.HERE / "methods_arm.py"), order]
        pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process: Any = subprocess.Popen(command, **pipe)
        self.found = {"arm": self.name, "method": method, "backend": backend}
        self.seconds: list[list[float]] = []  # of each step, by repeat

    def __enter__(self) -> Arm:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()

    def ask(self) -> dict[str, Any]:
        """Let the process take its turn; return what it answers.

        Raises:
            SystemExit: it ended instead; its own message has been printed.
        """
        with suppress(BrokenPipeError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} failed.")
        return json.loads(line)


def measure(options: argparse.Namespace) -> Iterator[list[dict[str, Any]]]:
    """Run all arms in turn, every second time in the opposite order.

    Yields after each repeat all that has been measured, so that a cut run keeps it.
    """
    asked = [(method, "chapter2") for method in options.ours]
    asked += [(method, "peft") for method in options.peft]
    with ExitStack() as stack:
        arms = [stack.enter_context(Arm(*each, options)) for each in asked]
        for arm in arms:
            arm.found |= arm.ask()
        for k in range(options.repeats):
            for arm in arms[:: (-1) ** k]:
                arm.seconds.append(arm.ask()["seconds"])
            yield [{**arm.found, "seconds": list(arm.seconds)} for arm in arms]


def per_step(run: dict[str, Any]) -> list[float]:
    """Return the seconds per step of each repeat."""
    return [mean(each) for each in run["seconds"]]


def ratio(run: dict[str, Any], to: dict[str, Any]) -> dict[str, float]:
    """Return the median and the range of the ratios within the repeats."""
    pairs = zip(per_step(run), per_step(to), strict=True)
    found = [one / other for one, other in pairs]
    return {"median": median(found), "low": min(found), "high": max(found)}


def summary(run: dict[str, Any], full: dict[str, Any] | None) -> dict[str, Any]:
    """Return the run with its figures per step, and its ratio to full fine-tuning."""
    times = per_step(run)
    spread = {"slowest": max(times), "fastest": min(times)}
    of_full = ratio(run, full) if full else None
    return {**run, "seconds_per_step": median(times), **spread, "of_full": of_full}


def cells(run: dict[str, Any]) -> list[str]:
    """Return the cells under ``HEADS``."""
    of_full = run["of_full"]
    return [
        run["arm"],
        f"{run['trainable']:,}",
        f"{1000 * run['seconds_per_step']:.0f}",
        f"{1000 * run['fastest']:.0f}-{1000 * run['slowest']:.0f}",
        f"{of_full['median']:.2f} x" if of_full else "-",
        f"{run['peak'] / 2**20:,.0f}",
        f"{run['bytes_on_disk'] / 1e6:.2f}",
    ]


def result(options: argparse.Namespace, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is stored: the options, each arm, and the ratio of the two LoRAs."""
    by_name = {run["arm"]: run for run in runs}
    told = [summary(run, by_name.get("full")) for run in runs]
    found = {"options": contest.chosen(options), "runs": told}
    if {"lora", "lora (peft)"} <= by_name.keys():
        found["our_lora_to_peft"] = ratio(by_name["lora"], by_name["lora (peft)"])
    return found


def main() -> None:
    """Measure and store, repeat by repeat; print the table and the ratio of LoRAs."""
    options = arguments()
    for runs in measure(options):
        found = result(options, runs)
        contest.store(options.json, found)
        print(f"repeat {len(runs[0]['seconds'])} is stored", file=sys.stderr)
    print(contest.markdown(HEADS, map(cells, found["runs"])))
    if ours := found.get("our_lora_to_peft"):
        print(
            f"\nOur LoRA's step takes {ours['median']:.2f} of peft's "
            f"({ours['low']:.2f} to {ours['high']:.2f} over the repeats)."
        )


if __name__ == "__main__":
    main()
