"""The folder of a run is held by one process, and let go of without harm."""

from pathlib import Path

from filelock import FileLock

FAST = ("--model", "tiny-random", "--precision", "fp32")


def test_two_processes_do_not_write_to_one_folder(cli, reviews, tmp_path):
    out = tmp_path / "m"
    out.mkdir()
    with FileLock(out / ".lock"):
        done = cli("finetune", reviews, "--out", out, *FAST)
    assert (done.code, done.out) == (2, "")
    assert "Another process writes to" in done.err


def test_a_lock_that_cannot_be_removed_while_held_costs_no_result(
    cli, reviews, tmp_path, monkeypatch
):
    """As on Windows, which removes no open file."""
    real = Path.unlink

    def unlink(path, missing_ok=False):
        if path.name == ".lock":
            raise PermissionError(13, "used by another process", str(path))
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    out = tmp_path / "m"
    done = cli("finetune", reviews, "--out", out, "--json", *FAST)
    assert done.code == 0, done.err
    again = cli("finetune", reviews, "--out", out, "--json", "--resume", *FAST)
    assert again.json() == done.json()
