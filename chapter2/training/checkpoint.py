"""Checkpoints on disk: whole or not there, and checked before they are believed.

A checkpoint is a folder ``step-00000120`` with ::

    model.safetensors      parameters and buffers, each once
    optimizer.safetensors  the optimiser's memory, by the parameters' names
    rng.safetensors        torch's random states
    state.json             step, sampler, sums, best figure, history, configuration
    manifest.json          size and SHA-256 of each of the above

It is written under a hidden name, every file is synced, the manifest last; only then is
the folder renamed. A kill at any moment leaves the old checkpoints, and at worst a
hidden folder that the next run sweeps away.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from chapter2.files import sha256, sync

HIDDEN = ".partial-"  # begins the name of what is being written, or removed
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on as if it had never stopped."""

    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    rng: dict[str, Tensor]
    state: dict[str, Any]  # plain values


def path_of(folder: Path, step: int) -> Path:
    """Return where the checkpoint of ``step`` stands; names sort as steps do."""
    return folder / f"step-{step:08d}"


def steps_in(folder: Path) -> list[int]:
    """Return the steps that have a checkpoint in ``folder``, whole or not, in order."""
    names = (path.name for path in folder.glob("step-*"))
    return sorted(int(name[5:]) for name in names if name[5:].isdigit())


def save(folder: Path, step: int, checkpoint: Checkpoint) -> Path:
    """Write ``checkpoint`` as that of ``step``, and return its path.

    Raises:
        OSError, safetensors.SafetensorError: it could not be written (a full disk,
            say); then nothing of it is left, and older checkpoints are untouched.
    """
    sweep(folder)
    final = path_of(folder, step)
    partial = folder / f"{HIDDEN}{final.name}"
    try:
        partial.mkdir(parents=True)
        _write_files(partial, checkpoint)
        _remove(final)  # a damaged one: a whole one would have been resumed from
        os.replace(partial, final)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync(folder)
    return final


def _write_files(partial: Path, checkpoint: Checkpoint) -> None:
    """Write and sync every file, the manifest last."""
    for name in ("model", "optimizer", "rng"):
        tensors = getattr(checkpoint, name)
        plain = {key: value.detach().contiguous() for key, value in tensors.items()}
        save_file(plain, partial / f"{name}.safetensors")
    state = json.dumps(checkpoint.state)
    (partial / "state.json").write_text(state, encoding="utf-8")
    manifest = {}
    for path in sorted(partial.iterdir()):
        sync(path)
        manifest[path.name] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
    written = partial / MANIFEST
    written.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    sync(written)
    sync(partial)


def is_whole(path: Path) -> bool:
    """Return whether every file of the manifest has its size and its SHA-256."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest) and all(
            (path / name).stat().st_size == stated["bytes"]
            and sha256(path / name) == stated["sha256"]
            for name, stated in manifest.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def latest(folder: Path) -> Path | None:
    """Return the newest whole checkpoint whose best one is whole too, else None."""
    for step in reversed(steps_in(folder)):
        path = path_of(folder, step)
        if is_whole(path):
            best = read_state(path).get("best_step")
            if not best or is_whole(path_of(folder, best)):
                return path
    return None


def read_state(path: Path) -> dict[str, Any]:
    """Return the plain values of the checkpoint at ``path``."""
    return json.loads((path / "state.json").read_text(encoding="utf-8"))


def read_tensors(path: Path, name: str) -> dict[str, Tensor]:
    """Return one of ``model``, ``optimizer``, ``rng`` of the checkpoint, on the CPU."""
    return load_file(path / f"{name}.safetensors")


def load(path: Path) -> Checkpoint:
    """Read the whole checkpoint at ``path``."""
    parts = {name: read_tensors(path, name) for name in ("model", "optimizer", "rng")}
    return Checkpoint(**parts, state=read_state(path))


def prune(folder: Path, wanted: Collection[int | None]) -> None:
    """Remove all checkpoints but those of the steps ``wanted`` and the best ones.

    The best are those that the wanted ones name: without its best one none of them
    could be resumed from, should the newest be damaged. Later ones go too: damaged, or
    with a damaged best, they were passed over when the run was resumed.
    """
    steps = steps_in(folder)
    spared = set(wanted)
    for step in (step for step in steps if step in wanted):
        with suppress(OSError, ValueError, AttributeError):  # damaged: it names none
            spared.add(read_state(path_of(folder, step)).get("best_step"))
    for step in steps:
        if step not in spared:
            _remove(path_of(folder, step))


def sweep(folder: Path) -> None:
    """Remove what a killed run had half written, or half removed."""
    for path in folder.glob(f"{HIDDEN}*"):
        shutil.rmtree(path, ignore_errors=True)


def _remove(path: Path) -> None:
    """Remove a checkpoint so that at no moment half of one bears its name."""
    if path.exists():
        hidden = path.with_name(f"{HIDDEN}removed-{path.name}")
        os.replace(path, hidden)
        shutil.rmtree(hidden, ignore_errors=True)
