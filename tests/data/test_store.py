"""The cache: an entry is whole or absent, whatever happens to files or processes."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chapter2.data.sources import store
from chapter2.errors import FetchError

NAMES = ("a.txt", "sub/b.txt")


def build(new: Path, scratch: Path) -> None:
    (scratch / "archive").write_text("not kept")
    (new / "sub").mkdir()
    (new / "a.txt").write_text("alpha")
    (new / "sub/b.txt").write_text("beta")


def refuse(new: Path, scratch: Path) -> None:
    raise FetchError("It cannot be had.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "entry"


def leftovers(folder: Path) -> list[Path]:
    return list(folder.parent.glob(".building-*"))


def test_an_entry_holds_its_files_and_a_manifest(folder: Path) -> None:
    assert store.problems(folder, NAMES) == ["entry is not there"]
    assert store.size(folder) == 0
    assert store.obtain(folder, NAMES, build) == folder
    assert store.problems(folder, NAMES) == []
    found = sorted(p.name for p in folder.rglob("*") if p.is_file())
    assert found == ["a.txt", "b.txt", "manifest.json"]
    assert store.size(folder) == sum(p.stat().st_size for p in folder.rglob("*.*"))
    assert leftovers(folder) == []


def test_a_whole_entry_is_neither_built_nor_locked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.obtain(folder, NAMES, build)
    monkeypatch.setattr(store, "_locked", None)  # a read-only cache will do
    assert store.obtain(folder, NAMES, refuse) == folder


def test_an_entry_of_fewer_files_is_built_anew(folder: Path) -> None:
    store.obtain(folder, NAMES[:1], build)
    assert store.problems(folder, NAMES) == ["sub/b.txt was never fetched"]
    store.obtain(folder, NAMES, build)
    assert store.problems(folder, NAMES) == []


def cut(folder: Path) -> None:
    (folder / "a.txt").write_text("alp")


def flip(folder: Path) -> None:
    (folder / "a.txt").write_text("Alpha")


def lose(folder: Path) -> None:
    (folder / "a.txt").unlink()


def lose_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def cut_manifest(folder: Path) -> None:
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text[:20])


def foreign_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text(json.dumps([1, 2]))


def half_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text(json.dumps({"files": {"a.txt": {}}}))


DAMAGES = [
    (cut, "a.txt has 3 of 5 bytes"),
    (flip, "a.txt has changed since it was fetched"),
    (lose, "a.txt is missing"),
    (lose_manifest, "entry is not there"),
    (cut_manifest, "entry/manifest.json cannot be read"),
    (foreign_manifest, "entry/manifest.json cannot be read"),
    (half_manifest, "entry/manifest.json cannot be read"),
]


@pytest.mark.parametrize(("damage", "named"), DAMAGES)
def test_damage_is_noticed_and_mended(
    folder: Path, damage: Callable[[Path], None], named: str
) -> None:
    store.obtain(folder, NAMES, build)
    damage(folder)
    assert store.problems(folder, NAMES) == [named]
    store.obtain(folder, NAMES, build)
    assert store.problems(folder, NAMES) == []
    assert (folder / "a.txt").read_text() == "alpha"


def test_what_cannot_be_mended_is_refused_and_nothing_is_lost(folder: Path) -> None:
    store.obtain(folder, NAMES, build)
    flip(folder)
    with pytest.raises(FetchError, match="cannot be had"):
        store.obtain(folder, NAMES, refuse)
    assert (folder / "sub/b.txt").read_text() == "beta"
    assert store.problems(folder, NAMES) == ["a.txt has changed since it was fetched"]
    assert leftovers(folder) == []


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_a_killed_build_leaves_nothing_that_counts(folder: Path) -> None:
    program = f"""
        import os, signal
        from pathlib import Path
        from chapter2.data.sources import store
        def half(new, scratch):
            (new / "a.txt").write_text("al")
            os.kill(os.getpid(), signal.SIGKILL)
        store.obtain(Path({str(folder)!r}), {NAMES!r}, half)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(leftovers(folder)) == 1
    assert store.problems(folder, NAMES) == ["entry is not there"]
    store.obtain(folder, NAMES, build)  # the dead process holds no lock
    assert store.problems(folder, NAMES) == []
    assert leftovers(folder) == []


def test_of_several_at_once_one_builds_and_all_get_it(folder: Path) -> None:
    calls: list[int] = []
    found: list[Path] = []

    def slow(new: Path, scratch: Path) -> None:
        calls.append(1)
        time.sleep(0.2)  # so that the others arrive meanwhile
        build(new, scratch)

    threads = [
        threading.Thread(target=lambda: found.append(store.obtain(folder, NAMES, slow)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [1]
    assert found == [folder] * 4
    assert store.problems(folder, NAMES) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_keeps_the_cache_usable(folder: Path, code: int) -> None:
    def full(new: Path, scratch: Path) -> None:
        (new / "a.txt").write_text("al")
        raise OSError(code, os.strerror(code))

    with pytest.raises(FetchError, match="no space left") as error:
        store.obtain(folder, NAMES, full)
    assert "\n" not in str(error.value)
    assert leftovers(folder) == []
    store.obtain(folder, NAMES, build)
    assert store.problems(folder, NAMES) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FetchError, match=r"cannot be written.*CHAPTER2_CACHE"):
        store.obtain(tmp_path / "file" / "entry", NAMES, build)


def test_a_cache_without_permission(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(store.tempfile, "TemporaryDirectory", denied)
    with pytest.raises(FetchError, match=r"cannot be written \(Permission denied\)"):
        store.obtain(folder, NAMES, build)
