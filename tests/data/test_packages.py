"""Fetching a package: real pip on an index of one folder, and every way it can fail."""

import errno
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chapter2.data.sources import archive, store
from chapter2.data.sources.packages import PackageSource, explain
from chapter2.errors import FetchError

TEXT = b"one line\n" * 200  # as tests/data/conftest.py makes it


def refuse_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("pip was called")

    monkeypatch.setattr(subprocess, "run", refused)


def one_sentence(act: Callable[[], object], *parts: str) -> str:
    """Assert that ``act`` raises one sentence that holds all ``parts``."""
    with pytest.raises(FetchError) as error:
        act()
    said = str(error.value)
    assert "\n" not in said
    assert said.endswith(".")
    for part in parts:
        assert part in said, said
    return said


def leftovers(source: PackageSource) -> list[Path]:
    return list(source.folder.parent.glob(".building-*"))


# --- what works ---------------------------------------------------------------------


def test_only_the_named_members_are_kept(sample: PackageSource) -> None:
    folder = sample.fetch()
    assert (folder / "text.txt").read_bytes() == TEXT
    kept = sorted(path.name for path in folder.iterdir())
    assert kept == ["manifest.json", "more.txt", "text.txt"]
    assert sample.problems() == []
    assert leftovers(sample) == []


def test_the_package_is_neither_installed_nor_imported(sample: PackageSource) -> None:
    sample.fetch()
    assert importlib.util.find_spec("c2sample") is None
    assert "c2sample" not in sys.modules


def test_after_the_first_fetch_no_pip_no_lock_no_network(
    sample: PackageSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sample.fetch()
    refuse_pip(monkeypatch)
    monkeypatch.setattr(store, "_locked", None)  # a read-only cache needs no lock
    assert sample.fetch() == first


def test_a_source_archive_runs_setup_only_after_the_hash_matched(
    make_sdist: Callable[[Path], PackageSource], tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    source = make_sdist(marker)
    wrong = replace(source, sha256="0" * 64)
    one_sentence(wrong.fetch, "c2sample 1.0 came with SHA-256", source.sha256)
    assert not marker.exists()
    assert (source.fetch() / "text.txt").read_bytes() == TEXT
    assert marker.exists()  # as the docs say: pip does run metadata code


def test_require_virtualenv_of_the_user_does_not_stop_it(
    sample: PackageSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    assert sample.fetch().is_dir()


def test_a_damaged_member_is_fetched_again(sample: PackageSource) -> None:
    folder = sample.fetch()
    (folder / "text.txt").write_bytes(TEXT[:100])
    assert sample.problems() == ["text.txt has 100 of 1800 bytes"]
    sample.fetch()
    assert sample.problems() == []


def test_two_processes_do_not_clash(sample: PackageSource) -> None:
    program = f"from chapter2.data.sources import packages; packages.{sample!r}.fetch()"
    command = [sys.executable, "-c", program]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert sample.problems() == []
    assert leftovers(sample) == []


# --- what fails ---------------------------------------------------------------------


def test_wrong_hash(sample: PackageSource) -> None:
    wrong = replace(sample, sha256="f" * 64)
    one_sentence(wrong.fetch, sample.sha256, "f" * 64, "nothing of it was kept")
    assert not wrong.folder.exists()
    assert leftovers(wrong) == []
    sample.fetch()


def test_no_network(sample: PackageSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # discard port
    one_sentence(sample.fetch, "c2sample 1.0", "cannot be reached", "go online once")
    assert leftovers(sample) == []


def test_no_such_version(sample: PackageSource) -> None:
    other = replace(sample, version="9.9")
    one_sentence(other.fetch, "offers no c2sample 9.9", "pip config list")


def test_no_pip(
    sample: PackageSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True
    )
    python = bare / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    monkeypatch.setattr(sys, "executable", str(python))
    one_sentence(sample.fetch, "this Python has no pip", "-m ensurepip")


def test_missing_member(sample: PackageSource) -> None:
    other = replace(sample, members={"x.txt": "c2sample/data/none.txt"})
    one_sentence(other.fetch, "holds no member c2sample/data/none.txt")
    assert not other.folder.exists()
    assert leftovers(other) == []


def test_full_disk_while_a_member_is_copied(
    sample: PackageSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archive.shutil, "copyfileobj", full)
    one_sentence(sample.fetch, "no space left", "CHAPTER2_CACHE")
    assert leftovers(sample) == []
    assert sample.problems() == [f"{sample.folder.name} is not there"]


def test_setup_that_fails_is_named(
    make_sdist: Callable[[Path], PackageSource], tmp_path: Path
) -> None:
    source = make_sdist(tmp_path / "no-such-folder" / "marker")
    one_sentence(source.fetch, "metadata of c2sample 1.0", "setuptools")


# --- what pip says ------------------------------------------------------------------

SAID = [
    ("/usr/bin/python3: No module named pip", "has no pip"),
    (
        "/usr/bin/python3: No module named pip.__main__; 'pip' is a package",
        "has no pip",
    ),
    (
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n"
        f"    Expected sha256 {'a' * 64}\n         Got        {'b' * 64}\n",
        f"came with SHA-256 {'b' * 64}, not {'0' * 64}",
    ),
    ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "came with SHA-256 unknown"),
    (
        "ERROR: Could not install packages due to an OSError: [Errno 28] "
        "No space left on device",
        "no space left",
    ),
    ("OSError: [Errno 122] Disk quota exceeded", "no space left"),
    (
        "WARNING: Retrying (Retry(total=0)) after connection broken by "
        "'NewConnectionError('<pip._vendor...>: Failed to establish a new connection: "
        "[Errno -2] Name or service not known')': /simple/p/\n"
        "ERROR: Could not find a version that satisfies the requirement p==1.0 "
        "(from versions: none)\nERROR: No matching distribution found for p==1.0",
        "cannot be reached",
    ),
    ("Temporary failure in name resolution", "cannot be reached"),
    ("[Errno 101] Network is unreachable", "cannot be reached"),
    ("ReadTimeoutError: HTTPSConnectionPool: Read timed out.", "cannot be reached"),
    ("ProxyError('Cannot connect to proxy.')", "cannot be reached"),
    ("SSLError: certificate verify failed", "cannot be reached (certificate verify"),
    ("ERROR: No matching distribution found for p==1.0", "offers no p 1.0"),
    (
        "error: subprocess-exited-with-error\nerror: metadata-generation-failed",
        "metadata",
    ),
    ("ERROR: HTTP error 503 while getting p", "(HTTP error 503 while getting p)"),
    ("something else\n", "(no reason given)"),
    ("", "(no reason given)"),
]


@pytest.mark.parametrize(("said", "told"), SAID)
def test_what_pip_says_becomes_one_sentence(said: str, told: str) -> None:
    source = PackageSource("p", "1.0", "0" * 64, {}, 0.1)
    sentence = str(explain(source, said))
    assert told in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert sentence.count("p 1.0") == ("space" not in told)
