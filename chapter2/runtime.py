"""The one place that knows where we run: scale profile, device, precision, seeds."""

from __future__ import annotations

import math
import os
import platform
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from chapter2.errors import UsageError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Scale:
    """How large a run is; a notebook asks for the current one and never branches."""

    name: str
    records: int | None  # at most this many records of a data set; None: all
    encoder: str  # the name that chapter2.models.load_encoder resolves
    causal: str  # the name that chapter2.models.load_causal resolves
    sentiment: str  # catalogue name of chapter 5's data set
    epochs: int  # passes over the training part
    tokens: int  # that each of the language models compared in section 3.2.2 sees
    resamples: int  # bootstrap resamples behind each interval
    choosing: float  # seconds at most of a choice of a model on page 3a


DEVICE = "CHAPTER2_DEVICE"  # the variable that states one
DEVICES = ("cpu", "cuda", "mps")
SCALES = {
    "smoke": Scale(
        *("smoke", 96, "tiny-random", "tiny-random", "movie-snippets"),
        *(1, 2_000, 50, 40.0),
    ),
    "book": Scale(
        *("book", None, "minilm", "smollm2", "movie-snippets"), *(2, 60_000, 1000, 40.0)
    ),
    "full": Scale(
        *("full", None, "google-bert/bert-base-uncased", "smollm2", "imdb"),
        *(3, 100_000_000, 1000, 600.0),
    ),
}


def scale(name: str | None = None) -> Scale:
    """Return the profile ``name``, else that of ``CHAPTER2_SCALE``, else ``book``.

    Raises:
        UsageError: the name is not one of ``smoke``, ``book``, ``full``.
    """
    name = name or os.environ.get("CHAPTER2_SCALE") or "book"
    if name not in SCALES:
        raise UsageError(
            f"CHAPTER2_SCALE is {name!r}; set it to one of {', '.join(SCALES)}."
        )
    return SCALES[name]


def cache_dir() -> Path:
    """Return the folder of fetched data: ``CHAPTER2_CACHE``, else the user cache."""
    if stated := os.environ.get("CHAPTER2_CACHE"):
        return Path(stated)
    import platformdirs

    return Path(platformdirs.user_cache_dir("chapter2"))


def cores() -> int:
    """Return how many cores this process may use: a scheduler may give it fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def device() -> torch.device:
    """Return the device of ``CHAPTER2_DEVICE``, else the GPU where there is one.

    Asked only when called.

    Raises:
        UsageError: the stated device is not here.
    """
    import torch

    found = {  # the first that is here is taken
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    here = [name for name, is_here in found.items() if is_here]
    name = os.environ.get(DEVICE) or here[0]
    if name not in here:
        raise UsageError(
            f"The device is stated as {name!r}, and torch {torch.__version__} finds "
            f"none here; use {' or '.join(here)}, or state none."
        )
    return torch.device(name)


@contextmanager
def on_device(name: str | None) -> Iterator[None]:
    """Compute on ``name`` within, in the processes that are started there too.

    None leaves things as they are. The environment is what all of them see.

    Raises:
        UsageError: it is not here.
    """
    before = os.environ.get(DEVICE)
    if name is not None:
        os.environ[DEVICE] = name
    try:
        if name not in (None, "cpu"):  # that is always here: no torch is imported
            device()
        yield
    finally:
        if before is None:
            os.environ.pop(DEVICE, None)
        else:
            os.environ[DEVICE] = before


def _matmul_seconds(dtype: torch.dtype, device: torch.device, size: int) -> float:
    """Best of at most five times of one product of two (size, size) matrices."""
    import torch

    # a CPU is asked for the time of this thread: other programs do not count
    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    a = torch.ones(size, size, dtype=dtype, device=device)
    times: list[float] = []
    # the first product pays for starting up; 0.1 s are enough where one is very slow
    while len(times) < 6 and sum(times[1:]) < 0.1:
        start = clock()
        (a @ a)[0, 0].item()  # .item() waits for an asynchronous device
        times.append(clock() - start)
    return min(times[1:])


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute in the calling thread, the only one that ``thread_time`` sees."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@cache
def bf16_pays(device_type: str) -> bool:
    """Measure whether bfloat16 products are clearly faster here (under one second).

    A flag cannot tell: many CPUs compute bfloat16 correctly but more slowly. The
    matrices grow until one product takes long enough to be timed: 512 does on a CPU
    core, 4096 on a GPU.
    """
    import torch

    place = torch.device(device_type)
    with _one_thread():
        for size in (128, 512, 1024, 2048, 4096):
            fp32 = _matmul_seconds(torch.float32, place, size)
            bf16 = _matmul_seconds(torch.bfloat16, place, size)
            # emulated, and a larger size would only take longer; or timed well enough
            if bf16 > 4 * fp32 or fp32 > 0.002:
                break
    return bf16 < 0.8 * fp32


def autocast_dtype(device: torch.device, precision: str = "auto") -> torch.dtype | None:
    """Return the dtype for ``torch.autocast``, or None to stay in fp32.

    ``precision`` is ``"fp32"``, ``"bf16"`` or ``"auto"`` (decided by measurement).

    Raises:
        UsageError: ``precision`` is none of these.
    """
    import torch

    if precision not in ("auto", "bf16", "fp32"):
        raise UsageError(f"precision is {precision!r}; use auto, bf16 or fp32.")
    if precision == "bf16" or (precision == "auto" and bf16_pays(device.type)):
        return torch.bfloat16
    return None


def use_huge_pages() -> None:
    """Let torch ask Linux for pages of 2 MiB; to be called before its first tensor.

    The gradient of BERT's word table, 47 MB, is allocated anew in each step: in pages
    of 4 KiB that is 11,000 page faults, 26 ms, in pages of 2 MiB 5 ms (measured on two
    cores). It changes no number, and does nothing on systems without such pages.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch, for code that takes no generator of its own."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


PACKAGES = ("chapter2", "torch", "transformers", "datasets", "tokenizers", "numpy")


def versions(packages: tuple[str, ...] = PACKAGES) -> dict[str, str | None]:
    """Return the installed version of each package, None where it is missing."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def report() -> str:
    """Say in a few short lines what a run rests on: versions, device, profile."""
    import textwrap

    import torch

    found = [f"{name} {number}" for name, number in versions().items() if number]
    place = device()
    name = place.type
    if name == "cuda":
        name = torch.cuda.get_device_name(place)
    precision = "bfloat16" if bf16_pays(place.type) else "float32"
    profile = scale()
    records = "all records" if profile.records is None else f"{profile.records} records"
    return "\n".join(
        (
            textwrap.fill("versions: " + ", ".join(found), 72, subsequent_indent="  "),
            f"device: {name}, {torch.get_num_threads()} threads, {precision}",
            f"profile: {profile.name} ({records} of {profile.sentiment},"
            f" encoder {profile.encoder})",
        )
    )


def ran(started: float) -> str:
    """Say how long a page took since ``started``, and the most memory that it held.

    Processes that it started are not counted.
    """
    seconds = time.time() - started
    took = f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.1f} minutes"
    peak = memory("VmHWM") / 1e9
    held = "" if math.isnan(peak) else f"; its process held at most {peak:.1f} GB"
    return f"This page ran in {took} on {device().type}{held}."


def memory(name: str) -> float:
    """Return the memory that this process holds (VmRSS) or has held (VmHWM), bytes.

    Only Linux tells both. Elsewhere on Unix what it has held stands for both, and nan
    where neither is known.
    """
    status = Path("/proc/self/status")
    line = status.read_text().partition(f"{name}:")[2] if status.exists() else ""
    if line:  # getrusage would also tell of the process that started this one
        return 1024 * float(line.split()[0])
    try:
        import resource
    except ModuleNotFoundError:  # on Windows
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else 1024 * peak)
