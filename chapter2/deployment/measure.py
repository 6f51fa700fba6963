"""What a shipped model costs, and that it is the one that was measured.

Taken in a fresh process that has the folder and nothing else of ours: an empty home,
an empty cache, another working folder, no network. What only runs where it was made
fails here, not at the user's.
"""

from __future__ import annotations

import os
import site
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import chapter2
from chapter2.deployment.fresh import ANSWER, ORDER, PROBABILITIES
from chapter2.deployment.shipped import is_remote
from chapter2.errors import ModelError, UsageError
from chapter2.files import read_json, write_json

TOLERANCE = 1e-4  # of a probability: other batches are summed in another order


class OutOfTimeError(ModelError):
    """A model took longer than it was given; it may be a good one."""


@dataclass(frozen=True)
class Footprint:
    """Time, memory and size of a shipped model on this machine. MB are 10^6 bytes."""

    latency_ms_p50: float  # of one text alone
    latency_ms_p95: float
    batch_ms_per_text: float  # of all texts in one call
    memory_mb: float  # peak of the process, above that of an empty Python
    peak_mb: float  # peak of the process
    size_mb: float  # of the folder
    load_seconds: float  # imports included
    calls: int  # single texts behind the two latencies
    # (N, C) of the texts; of the first ones where there was no time for all
    probabilities: np.ndarray = field(repr=False)

    def to_dict(self) -> dict[str, float]:
        """Return the figures by name, without the probabilities (ready for JSON)."""
        figures = asdict(self)
        del figures["probabilities"]
        return figures


def measure(
    folder: str | os.PathLike[str],
    texts: Sequence[str],
    device: str | None = None,
    *,
    expected: np.ndarray | None = None,
    tolerance: float = TOLERANCE,
    threads: int | None = None,
    timeout: float = 120.0,
    least: int | None = None,
) -> Footprint:
    """Load ``folder`` in a fresh, offline process; return what predicting costs there.

    Args:
        texts: (N,) real ones; latency is taken on at most 200 of them, one by one.
        device: where a network of torch computes, None: where ``runtime.device()``
            says, as ``chapter2 predict`` does.
        expected: (N, C) probabilities that the model gave before it was saved; with
            ``least`` those of the first texts will do.
        tolerance: by how much one of them may differ.
        threads: that the process computes in; None: as this process was told.
        timeout: seconds after which the process is killed.
        least: so many texts must be answered together; where they are slow the last
            ones are left out, to keep the time. None: all must be.

    Raises:
        UsageError: no texts, or no time.
        OutOfTimeError: the time was too short.
        ModelError: the folder cannot be loaded so, or a probability differs from the
            expected one.
    """
    if not texts or timeout <= 0:
        raise UsageError(
            f"Measuring needs a text and a second; it got {len(texts)} texts and "
            f"{timeout:.1f} s."
        )
    source = Path(folder).resolve()
    order = {
        "folder": str(source),
        "device": device,
        "texts": list(texts),
        "remote": is_remote(source),  # only then may the child ask a network
        "until": time.time() + timeout,  # another process: its clock is the system's
        "least": least,
    }
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        write_json(place / ORDER, order)
        _run(source, place, threads, timeout)
        figures = read_json(place / ANSWER)
        if "error" in figures:
            raise ModelError(figures["error"])
        probabilities = np.load(place / PROBABILITIES, allow_pickle=False)
    if expected is not None:
        both = None if least is None else min(len(probabilities), len(expected))
        check_same(source, probabilities[:both], expected[:both], tolerance)
    size = sum(p.stat().st_size for p in source.rglob("*") if p.is_file()) / 1e6
    return Footprint(**figures, size_mb=size, probabilities=probabilities)


def check_same(
    folder: Path, found: np.ndarray, expected: np.ndarray, tolerance: float
) -> None:
    """Compare probabilities, (N, C) both.

    Raises:
        ModelError: they are not the same.
    """
    if found.shape != np.shape(expected):
        raise ModelError(
            f"The model in {folder} gives probabilities of shape {found.shape}, and "
            f"{np.shape(expected)} were measured; it is not the same model."
        )
    apart = np.abs(found - expected).max(axis=1)
    if not apart.max() <= tolerance:  # NaN too
        worst = int(np.nan_to_num(apart, nan=np.inf).argmax())
        raise ModelError(
            f"The model in {folder} is not the one that was measured: a probability "
            f"of text {worst + 1} of {len(found):,} differs by {apart[worst]:.2g}."
        )


def _run(source: Path, scratch: Path, threads: int | None, timeout: float) -> None:
    """Start the child, wait for it, and end it with all it started when time is up."""
    child = subprocess.Popen(
        [sys.executable, "-m", "chapter2.deployment.fresh", str(scratch)],
        cwd=scratch,
        env=_empty_world(scratch, threads),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # a group of its own, which _end ends as a whole
    )
    try:
        _, told = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise OutOfTimeError(
            f"The model in {source} could not be measured within {timeout:.0f} s; give "
            "more time or fewer texts."
        ) from None
    finally:
        _end(child)
    if child.returncode:
        last = (told.strip().splitlines() or [f"exit code {child.returncode}"])[-1]
        raise ModelError(
            f"The model in {source} does not run by itself, offline, in a fresh "
            f"process ({last[:300]})."
        )


def _end(child: subprocess.Popen[str]) -> None:
    """Kill the child's group where it still runs."""
    if child.poll() is None:
        import signal

        try:
            os.killpg(child.pid, signal.SIGKILL)
        except (AttributeError, OSError):  # no groups on this system
            child.kill()
        child.communicate()


def _empty_world(scratch: Path, threads: int | None) -> dict[str, str]:
    """Return an environment in which there is Python, this library, and no more."""
    home = scratch / "home"
    home.mkdir()
    library = Path(chapter2.__file__).resolve().parents[1]
    paths = [str(library), *filter(None, [os.environ.get("PYTHONPATH")])]
    changed: dict[str, Any] = {
        # packages that were installed for one user lie under that user's home
        "PYTHONUSERBASE": site.getuserbase(),
        "PYTHONPATH": os.pathsep.join(paths),
        "HOME": home,
        "USERPROFILE": home,
        "XDG_CACHE_HOME": home,
        "HF_HOME": home,
        "CHAPTER2_CACHE": home,
        "HF_HUB_OFFLINE": 1,
        "TRANSFORMERS_OFFLINE": 1,
        "HF_DATASETS_OFFLINE": 1,
    }
    if threads:
        changed |= {"OMP_NUM_THREADS": threads}
    dropped = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE")
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    return kept | {name: str(value) for name, value in changed.items()}
