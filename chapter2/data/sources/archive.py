"""Read named members out of a package archive, and nothing else.

A member is named by its path in the archive. ``outer.tar.gz!inner/file.txt`` names a
file of an archive inside the archive. The name under which a member is stored comes
from our catalogue, never from the archive, so no archive can write outside the target.
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from chapter2.errors import FetchError

DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError)


def extract(archive: Path, members: Mapping[str, str], target: Path) -> None:
    """Copy each member (stored name -> path in ``archive``) into the folder ``target``.

    Raises:
        FetchError: a member is missing or no plain file, or the archive is damaged.
        ValueError: a stored name leads out of ``target``.
    """
    for stored, path in members.items():
        destination = target / _inside(stored)
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (
                open(archive, "rb") as file,
                _member(file, path, archive.name) as source,
                open(destination, "wb") as copy,
            ):
                shutil.copyfileobj(source, copy, 1 << 20)
        except DAMAGED as error:
            raise FetchError(
                f"{archive.name} is damaged, so nothing of it was kept: fetch it again."
            ) from error


def _inside(stored: str) -> Path:
    """Return ``stored`` as a relative path that cannot leave its folder."""
    path = PurePosixPath(stored)
    if path.is_absolute() or ".." in path.parts or "\\" in stored or ":" in stored:
        raise ValueError(f"A stored name must stay inside its folder: {stored!r}.")
    return Path(*path.parts)


@contextmanager
def _member(file: IO[bytes], path: str, archive: str) -> Iterator[IO[bytes]]:
    """Open the member ``path`` of an open archive, through nested archives."""
    outer, _, inner = path.partition("!")
    opener = _zip_member if zipfile.is_zipfile(file) else _tar_member
    file.seek(0)  # is_zipfile has read the end of the file
    with opener(file, outer, archive) as stream:
        if not inner:
            yield stream
            return
        with _member(stream, inner, outer) as nested:
            yield nested


@contextmanager
def _zip_member(file: IO[bytes], path: str, archive: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(file) as opened:
        if path not in opened.namelist():
            raise _missing(path, archive)
        with opened.open(path) as stream:
            yield stream


@contextmanager
def _tar_member(file: IO[bytes], path: str, archive: str) -> Iterator[IO[bytes]]:
    with tarfile.open(fileobj=file, mode="r:*") as opened:
        if path not in opened.getnames():
            raise _missing(path, archive)
        info = opened.getmember(path)
        stream = opened.extractfile(info) if info.isreg() else None
        if stream is None:  # a link or a device is never followed
            raise FetchError(f"{path} in {archive} is no plain file: it was not read.")
        with stream:
            yield stream


def _missing(path: str, archive: str) -> FetchError:
    return FetchError(
        f"{archive} holds no member {path}: the catalogue and the package disagree, "
        "update chapter2."
    )
