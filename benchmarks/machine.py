"""What a benchmark ran on, in words and versions, and how fast it multiplies."""

from __future__ import annotations

import os
import platform
import re
import time
from pathlib import Path
from typing import Any

import torch

from chapter2 import runtime


def describe() -> dict[str, Any]:
    """Return cores, processor, instruction set and versions; no names or paths."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "processor": processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "memory_gib": round(memory() / 2**30),
        "system": platform.system(),
        "accelerator": accelerator(),
        "bf16_pays": runtime.bf16_pays(runtime.device().type),
        "versions": runtime.versions(),
    }


def accelerator() -> str | None:
    """Return the GPU's name; None where there is none."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def processor() -> str:
    """Return the processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    found = (
        re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    )
    return found[1] if found else platform.processor() or platform.machine()


def memory() -> int:
    """Return the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def matmul_peak(dtype: torch.dtype, size: int = 2048, seconds: float = 2.0) -> float:
    """Return the best rate of (size, size) products within ``seconds``, in GFLOP/s."""
    a = torch.ones(size, size, dtype=dtype)
    best, began = float("inf"), time.perf_counter()
    while time.perf_counter() - began < seconds:
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9
