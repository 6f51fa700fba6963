"""The cache on disk: an entry is a folder that is either whole or counts as absent.

An entry is built in a temporary folder beside its place and moved there in one step,
its manifest written last. The manifest states size and SHA-256 of each file, and both
are checked before an entry is used. A lock keeps two processes from building one entry
at the same time.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chapter2.errors import FetchError

MANIFEST = "manifest.json"
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def problems(folder: Path, names: Iterable[str]) -> list[str]:
    """Return what keeps the entry from being whole, one clause each; empty: whole."""
    try:
        stated = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return [fault for name in names for fault in _faults(folder, name, stated)]
    except OSError:
        return [f"{folder.name} is not there"]
    except (ValueError, KeyError, TypeError):
        return [f"{folder.name}/{MANIFEST} cannot be read"]


def _faults(folder: Path, name: str, stated: dict) -> list[str]:
    if name not in stated:
        return [f"{name} was never fetched"]
    path = folder / name
    if not path.is_file():
        return [f"{name} is missing"]
    if path.stat().st_size != stated[name]["bytes"]:
        return [f"{name} has {path.stat().st_size} of {stated[name]['bytes']} bytes"]
    if sha256(path) != stated[name]["sha256"]:
        return [f"{name} has changed since it was fetched"]
    return []


def size(folder: Path) -> int:
    """Return the bytes that the entry takes on disk, 0 where there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def obtain(
    folder: Path, names: tuple[str, ...], build: Callable[[Path, Path], None]
) -> Path:
    """Return the whole entry ``folder``, building it first where it is not whole.

    ``build(new, scratch)`` writes the files ``names`` into the folder ``new``, and may
    use the folder ``scratch``, which is removed afterwards.

    Raises:
        FetchError: no space, no permission, or whatever ``build`` raises; what the
            cache held before is then still there.
    """
    if not problems(folder, names):
        return folder  # needs no lock: a read-only cache will do
    with writing(folder.parent), _locked(folder):
        if problems(folder, names):  # another process may have built it meanwhile
            _build(folder, names, build)
    return folder


def _build(
    folder: Path, names: tuple[str, ...], build: Callable[[Path, Path], None]
) -> None:
    prefix = f".building-{folder.name}-"
    for left in folder.parent.glob(f"{prefix}*"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as place:
        new, scratch = Path(place, "new"), Path(place, "scratch")
        new.mkdir()
        scratch.mkdir()
        build(new, scratch)
        _write_manifest(new, names)
        if folder.exists():  # damaged, or of fewer members: replaced as a whole
            os.replace(folder, Path(place, "old"))
        os.replace(new, folder)


def _write_manifest(folder: Path, names: tuple[str, ...]) -> None:
    files = {
        name: {
            "bytes": (folder / name).stat().st_size,
            "sha256": sha256(folder / name),
        }
        for name in names
    }
    text = json.dumps({"files": files}, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the entry's lock; the system frees it when its holder dies."""
    from filelock import FileLock

    with FileLock(folder.parent / f".{folder.name}.lock"):
        yield


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Make the folder ``root``; turn failures to write there into one sentence.

    Raises:
        FetchError: there is no space, or the folder cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise no_space(root) from error
        raise FetchError(
            f"The cache folder {root} cannot be written "
            f"({error.strerror or error}): set CHAPTER2_CACHE to a folder that can."
        ) from error


def no_space(root: Path) -> FetchError:
    """Return the error of a full disk."""
    return FetchError(
        f"There is no space left on the disk of the cache folder {root}: "
        "free some, or set CHAPTER2_CACHE to a folder on another disk."
    )
