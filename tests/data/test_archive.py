"""Named members, and nothing else, come out of an archive."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from chapter2.data.sources.archive import extract
from chapter2.errors import FetchError


def tar_bytes(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def everything_under(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_zip_members_are_copied_under_their_stored_names(tmp_path: Path) -> None:
    source = tmp_path / "a.whl"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("p/a.txt", "alpha")
        archive.writestr("p/b.txt", "beta")
    extract(source, {"sub/x.txt": "p/b.txt"}, tmp_path / "out")
    assert (tmp_path / "out/sub/x.txt").read_text() == "beta"
    assert everything_under(tmp_path / "out") == ["sub/x.txt"]


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w"])
def test_tar_in_tar(tmp_path: Path, mode: str) -> None:
    inner = tar_bytes({"d/one.txt": b"1", "d/two.txt": b"2"}, mode)
    source = tmp_path / "p-1.tar.gz"
    source.write_bytes(tar_bytes({"p-1/data.tar": inner}))
    members = {"1.txt": "p-1/data.tar!d/one.txt", "2.txt": "p-1/data.tar!d/two.txt"}
    extract(source, members, tmp_path / "out")
    assert (tmp_path / "out/1.txt").read_text() == "1"
    assert (tmp_path / "out/2.txt").read_text() == "2"


def test_zip_in_tar(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.txt", "deep")
    source = tmp_path / "p.tar.gz"
    source.write_bytes(tar_bytes({"p/x.zip": stream.getvalue()}))
    extract(source, {"x.txt": "p/x.zip!x.txt"}, tmp_path / "out")
    assert (tmp_path / "out/x.txt").read_text() == "deep"


@pytest.mark.parametrize("path", ["p/none.txt", "p/in.tar!none.txt", "none!a"])
def test_missing_member_is_named(tmp_path: Path, path: str) -> None:
    source = tmp_path / "p.tar.gz"
    source.write_bytes(tar_bytes({"p/in.tar": tar_bytes({"a": b"1"}), "p/a": b"1"}))
    with pytest.raises(FetchError, match=r"holds no member .*none") as error:
        extract(source, {"x": path}, tmp_path / "out")
    assert "\n" not in str(error.value)


def test_missing_member_of_a_zip_is_named(tmp_path: Path) -> None:
    source = tmp_path / "a.whl"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("p/a.txt", "alpha")
    with pytest.raises(FetchError, match=r"a\.whl holds no member p/none"):
        extract(source, {"x": "p/none"}, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_not_followed(tmp_path: Path, kind: bytes) -> None:
    source = tmp_path / "p.tar"
    with tarfile.open(source, "w") as archive:
        info = tarfile.TarInfo("p/link")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(FetchError, match="no plain file"):
        extract(source, {"x": "p/link"}, tmp_path / "out")


def test_a_hostile_name_in_the_archive_writes_nothing_outside(tmp_path: Path) -> None:
    source = tmp_path / "p.tar.gz"
    source.write_bytes(tar_bytes({"../../evil.txt": b"!", "p/a.txt": b"a"}))
    out = tmp_path / "cache/entry"
    extract(source, {"a.txt": "p/a.txt", "e.txt": "../../evil.txt"}, out)
    assert everything_under(tmp_path / "cache") == ["entry/a.txt", "entry/e.txt"]
    assert not list(tmp_path.parent.glob("evil.txt"))


@pytest.mark.parametrize("stored", ["../x", "/x", "a/../../x", "..\\x", "C:x"])
def test_a_stored_name_cannot_leave_its_folder(tmp_path: Path, stored: str) -> None:
    source = tmp_path / "p.tar.gz"
    source.write_bytes(tar_bytes({"a": b"1"}))
    with pytest.raises(ValueError, match="must stay inside"):
        extract(source, {stored: "a"}, tmp_path / "out")


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty"])
def test_damaged_archive(tmp_path: Path, damage: str) -> None:
    whole = tar_bytes({"a": bytes(range(256)) * 400})
    source = tmp_path / "p.tar.gz"
    source.write_bytes(
        {"cut": whole[: len(whole) // 2], "garbage": b"<html>", "empty": b""}[damage]
    )
    with pytest.raises(FetchError, match=r"p\.tar\.gz is damaged") as error:
        extract(source, {"a": "a"}, tmp_path / "out")
    assert "\n" not in str(error.value)
