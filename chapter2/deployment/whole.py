"""A folder that is whole or not there: filled aside, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chapter2.errors import ModelError, UsageError
from chapter2.files import sync


def refuse_occupied(target: Path) -> None:
    """Refuse a place where somebody's work stands.

    Raises:
        UsageError: ``target`` is a file, or a folder that is not empty.
    """
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file; name a folder.")
    if target.exists() and any(target.iterdir()):
        raise UsageError(f"{target} is not empty; choose another folder.")


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes ``target`` at the end; an error leaves none.

    A folder that stands at ``target`` is replaced: ask :func:`refuse_occupied` first.

    Raises:
        ModelError: it cannot be written.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    before = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        aside.mkdir(parents=True)
        yield aside
        for path in (*aside.rglob("*"), aside):
            sync(path)
        if target.exists():
            target.rename(before)
        aside.rename(target)
    except OSError as error:
        raise ModelError(
            f"{target} cannot be written ({error.strerror or error}); give another "
            "folder or make room."
        ) from error
    finally:
        for left in (aside, before):
            shutil.rmtree(left, ignore_errors=True)
