"""``chapter2 doctor``: what is here, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import typer

from chapter2 import runtime
from chapter2.cli.console import Console, size, table
from chapter2.cli.options import Json
from chapter2.errors import Chapter2Error

EXTRAS = {  # extra -> what it is for; that of developers is not looked for
    "embedded": "the embedded data and weights",
    "book": "building the book",
    "serve": "`chapter2 serve`",
    "track": "--track tensorboard",
    "search": "searching very many stored answers",
}
ROOM = 2e9  # bytes: the embedded weights, a run's checkpoints, and a margin


@dataclass(frozen=True)
class Problem:
    """Something that is missing; ``needed`` where the library does not run without."""

    what: str
    mend: str
    needed: bool


def doctor(json: Json = False) -> None:
    """Say what this machine has: versions, device, threads, precision, cache.

    Exit code 1 where something is missing that the library cannot run without.
    """
    facts, problems = examine()
    text = table(("", ""), [*_flat(facts)]).strip("\n")
    lines = [
        f"{'MISSING' if problem.needed else 'optional'}: {problem.what}: {problem.mend}"
        for problem in problems
    ]
    value = {**facts, "problems": [vars(problem) for problem in problems]}
    Console(json).result("\n".join([text.lstrip(), *lines]), value)
    if any(problem.needed for problem in problems):
        raise typer.Exit(1)


def examine() -> tuple[dict[str, Any], list[Problem]]:
    """Return the facts by name, and what is missing; nothing is fetched."""
    facts: dict[str, Any] = {
        "versions": runtime.versions(),
        "platform": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
    }
    problems = [*_missing_packages()]
    for examine_one in (_compute, _profile, _cache, _entries):
        try:
            facts |= examine_one()
        except Chapter2Error as error:
            problems.append(Problem(examine_one.__name__[1:], str(error), True))
        except (ImportError, OSError) as error:
            mend = f"{error}; install the library again, from its clone"
            problems.append(Problem(examine_one.__name__[1:], mend, True))
    problems += [*_cache_problems(), *_optional_packages(), *_unfetched(facts)]
    return facts, problems


def _flat(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if isinstance(value, dict):
            pairs = (f"{key} {item}" for key, item in value.items() if item is not None)
            value = ", ".join(pairs)
        if isinstance(value, list):
            value = ", ".join(value) or "nothing"
        yield name, str(value)


def _missing_packages() -> Iterator[Problem]:
    """Yield the packages that chapter2 requires and this Python lacks."""
    for name, bounded in _required(None):
        if not _installed(name):
            yield Problem(name, f'run `pip install "{bounded}"`.', True)


def _optional_packages() -> Iterator[Problem]:
    """Yield what each extra lacks, with its range; and what belongs to none."""
    for extra, use in EXTRAS.items():
        lacking = {n: bounded for n, bounded in _required(extra) if not _installed(n)}
        if lacking:
            quoted = " ".join(f'"{bounded}"' for bounded in lacking.values())
            mend = f"for {use}, run `pip install {quoted}`."
            yield Problem(", ".join(lacking), mend, False)
    if not _installed("wandb"):
        yield Problem("wandb", "for --track wandb, run `pip install wandb`.", False)


def _required(extra: str | None) -> Iterator[tuple[str, str]]:
    """Yield name, and name with range, of what ``extra`` (None: chapter2) requires."""
    for line in metadata.requires("chapter2") or ():
        bounded, _, marker = (part.strip() for part in line.partition(";"))
        if marker == (f'extra == "{extra}"' if extra else ""):
            yield re.split(r"[^\w.-]", bounded, maxsplit=1)[0], bounded


def _installed(package: str) -> bool:
    return runtime.versions((package,))[package] is not None


def _compute() -> dict[str, Any]:
    import torch

    place = runtime.device()
    name = torch.cuda.get_device_name(place) if place.type == "cuda" else place.type
    pays = runtime.bf16_pays(place.type)
    return {
        "device": name,
        "threads": torch.get_num_threads(),
        "precision": "bf16 (measured: faster here)"
        if pays
        else "fp32 (measured: bf16 is not faster here)",
    }


def _profile() -> dict[str, Any]:
    return {"profile": runtime.scale().name}


def _cache() -> dict[str, Any]:
    folder = runtime.cache_dir()
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    free = shutil.disk_usage(_existing(folder)).free
    return {
        "cache": str(folder),
        "cache size": size(used),
        "disk free": size(free),
    }


def _entries() -> dict[str, Any]:
    from chapter2 import data

    fetched = {name: data.status(name).fetched for name in data.names()}
    return {
        "fetched": [name for name, there in fetched.items() if there],
        "not fetched": [name for name, there in fetched.items() if not there],
    }


def _unfetched(facts: dict[str, Any]) -> Iterator[Problem]:
    """Yield what packages hold and the cache does not; the Hub is for large runs."""
    from chapter2 import data

    missing = [n for n in facts.get("not fetched", ()) if data.card(n).source.embedded]
    if missing:
        mend = "fetched when first used, or all by `chapter2 data fetch --all`."
        yield Problem(", ".join(missing), mend, False)


def _existing(folder: Path) -> Path:
    """Return ``folder`` or its nearest parent that is there."""
    return next(
        p for p in (folder.absolute(), *folder.absolute().parents) if p.exists()
    )


def _cache_problems() -> Iterator[Problem]:
    folder = _existing(runtime.cache_dir())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        mend = f"{error.strerror}; set CHAPTER2_CACHE to a folder that can be written."
        yield Problem(f"a cache that can be written ({folder})", mend, True)
        return
    if shutil.disk_usage(folder).free < ROOM:
        mend = f"free {size(int(ROOM))}, or set CHAPTER2_CACHE to another disk."
        yield Problem(f"disk space in {folder}", mend, False)
