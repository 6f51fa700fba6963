"""The folder of a run: a model in the making, or a finished one; never overwritten.

``run.json`` states the settings, whether the run has ended, and then its results. The
model and, until the end, its checkpoints stand beside it. A folder that holds anything
else is somebody's work and is left alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from chapter2.cli.console import Console
from chapter2.errors import UsageError

RECORD = "run.json"
LOCK = ".lock"
# options without a say in the weights, beside the records that they choose
NEUTRAL = frozenset(
    {
        *("data", "corpus", "text", "label", "title", "limit", "encoding"),
        *("out", "resume", "track", "json", "quiet"),
    }
)


def settings_of(request: Any, command: str, fingerprint: str) -> dict[str, Any]:
    """Return what decides the weights: a resumed run must have the same.

    ``fingerprint`` is that of the data. The values are as JSON gives them back.
    """
    decisive = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(request).items()
        if name not in NEUTRAL
    }
    return {"command": command, "data_sha256": fingerprint, **decisive}


def begin(request: Any) -> Console:
    """Refuse a folder that does not serve; return how to speak.

    Of several processes the first one alone speaks: ``RANK`` is the launcher's.
    """
    open_run(request.out, request.resume)
    first = os.environ.get("RANK", "0") == "0"
    return Console(request.json, request.quiet) if first else Console(quiet=True)


def read_record(out: Path) -> dict[str, Any] | None:
    """Return what ``run.json`` in ``out`` states, or None where there is no run."""
    try:
        record = json.loads((out / RECORD).read_text(encoding="utf-8"))
        return record if {"settings", "finished"} <= record.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def trained_on(model: Path) -> str | None:
    """Return the fingerprint of the data that ``model`` was made from, where known."""
    record = read_record(model)
    return record["settings"].get("data_sha256") if record else None


def open_run(out: Path, resume: bool) -> dict[str, Any] | None:
    """Return the record of the run to go on with, None for a new run.

    Raises:
        UsageError: ``out`` holds something that a new run would overwrite.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; give --out a folder.")
    record = read_record(out)
    if record is None:
        if out.exists() and any(not _ours(path) for path in out.iterdir()):
            raise UsageError(
                f"{out} is not empty and holds no run of chapter2; choose another"
                " --out."
            )
        return None
    if not (record["finished"] or _has_work(out)):
        return None  # it ended before its first checkpoint: nothing can be lost
    if not resume:
        raise UsageError(
            f"{out} holds a finished model; choose another --out, or move it away."
            if record["finished"]
            else f"{out} holds an unfinished run; add --resume to go on with it, or"
            " choose another --out."
        )
    return record


def _ours(path: Path) -> bool:
    """Whether ``path`` is left from a run that was killed before its record stood."""
    return path.name == LOCK or path.name.startswith(f".{RECORD}.")


def _has_work(out: Path) -> bool:
    """Whether an unfinished run has a checkpoint, or its model, already."""
    return any(out.glob("checkpoints/step-*")) or (out / "training.json").exists()


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold ``out`` against other processes; the system frees it when we die.

    Raises:
        UsageError: another process holds it.
    """
    from filelock import FileLock, Timeout

    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(
            f"Another process writes to {out}; wait for it, or choose another --out."
        ) from None
    try:
        yield
    finally:
        # while it is held, or a lock that another process took would be removed; where
        # no open file can be removed, on Windows, releasing it does that
        with suppress(OSError):
            (out / LOCK).unlink()
        lock.release()
        if made and not any(out.iterdir()):
            out.rmdir()  # the run failed before there was anything to keep


def require_same(out: Path, record: dict[str, Any], settings: dict[str, Any]) -> None:
    """Refuse to go on with a run under other settings than it began with.

    Raises:
        UsageError: names the first setting that differs.
    """
    for name, now in settings.items():
        then = record["settings"].get(name)
        if then != now:
            what = {"data_sha256": "other records", "command": "another command"}.get(
                name, f"--{name.replace('_', '-')} {then}, not {now}"
            )
            raise UsageError(
                f"The run in {out} began with {what}; repeat its command with --resume"
                " added, or choose another --out."
            )


def precision(record: dict[str, Any] | None, wanted: str) -> str:
    """Return fp32 or bf16; ``auto`` is measured before the first step and then kept."""
    if record:
        return str(record["settings"]["precision_used"])
    from chapter2 import runtime

    dtype = runtime.autocast_dtype(runtime.device(), wanted)
    return "fp32" if dtype is None else "bf16"


def write_record(
    out: Path, settings: dict[str, Any], result: dict[str, Any] | None = None
) -> None:
    """Write ``run.json``, whole or not at all; with ``result`` the run has ended."""
    from chapter2.files import write_json

    record = {"finished": result is not None, "settings": settings, "result": result}
    write_json(out / RECORD, record)
