"""How the book is made: what fails must fail, and nothing is executed twice."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty
from typing import Any

import ask_again
import nbformat
import pytest
import repository
import run_notebooks
import zmq.asyncio
from bs4 import BeautifulSoup
from jupyter_client.channels import AsyncZMQSocketChannel
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
NAME = "05_bert_fine_tuning.ipynb"
ADDRESS = "https://github.com/example/tiny"


def write_notebook(root: Path, code: str) -> Path:
    """Write a notebook of a title, an address and one cell."""
    cells = [
        new_markdown_cell("# 5 A small page", id="title"),
        new_code_cell('REPOSITORY = ""', id="address"),
        new_code_cell(code, id="code"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = root / "notebooks" / NAME
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what makes the book, with one small notebook."""
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("book", "chapter2"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for name in ("_config.yml", "_toc.yml", "Makefile", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    listed = (tmp_path / "_toc.yml").read_text(encoding="utf-8").splitlines(True)
    kept = [line for line in listed if "notebooks/" not in line or NAME[:-6] in line]
    (tmp_path / "_toc.yml").write_text("".join(kept), encoding="utf-8")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    write_notebook(tmp_path, "print(6 * 7)")
    return tmp_path


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # make hands its own flags down, and pytest-xdist its worker's name
    hidden = ("MAKE", "MFLAGS", "PYTEST_", "CHAPTER2_SCALE")
    env = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True)


def make(tree: Path, target: str) -> subprocess.CompletedProcess[str]:
    """Run make for one target, as if all was installed and fetched."""
    return run(tree, "make", "-o", ".venv/.installed", "-o", "fetch", target)


def keep_outputs(tree: Path) -> None:
    """Put the notebook into the cache as if it had run without printing."""
    folder = run_notebooks.cache_folder(tree, "book")
    run_notebooks.keep(folder, tree / "notebooks" / NAME)


def build(tree: Path) -> subprocess.CompletedProcess[str]:
    command = str(Path(sys.executable).with_name("jupyter-book"))
    return run(tree, command, "build", ".", "-W", "-n", "--keep-going")


class Session:
    """What a channel needs of a session to receive."""

    def feed_identities(self, parts: list[bytes]) -> tuple[None, list[bytes]]:
        return None, parts

    def deserialize(self, parts: list[bytes]) -> dict[str, bytes]:
        return {"said": parts[0]}


async def reply_met_by_a_message(get_msg: Any) -> dict[str, bytes]:
    """Wait for a reply that arrives while the same socket is being written to."""
    context = zmq.asyncio.Context()
    plain = zmq.Context()
    kernel, client = plain.socket(zmq.PAIR), context.socket(zmq.PAIR)
    client.connect(f"tcp://127.0.0.1:{kernel.bind_to_random_port('tcp://127.0.0.1')}")
    channel = AsyncZMQSocketChannel(client, Session())
    try:
        waiting = asyncio.create_task(get_msg(channel, 5.0))
        await asyncio.sleep(0.2)
        kernel.send(b"done")
        time.sleep(0.2)  # it has arrived, and the loop has not looked yet
        zmq.Socket.shadow(client.underlying).send(b"a widget's message")
        return await asyncio.wait_for(waiting, 3.0)
    finally:
        client.close(linger=0)
        kernel.close(linger=0)
        context.term()
        plain.term()


def run_apart(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: the browser tests leave a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def test_a_reply_that_meets_a_widgets_message_is_not_missed() -> None:
    with pytest.raises(TimeoutError):  # else the library is mended: delete ask_again
        run_apart(reply_met_by_a_message(ask_again.wait_once))
    assert run_apart(reply_met_by_a_message(ask_again.get_msg)) == {"said": b"done"}


def test_waiting_ends_at_its_time() -> None:
    async def wait() -> None:
        context = zmq.asyncio.Context()
        socket = context.socket(zmq.PAIR)
        try:
            await ask_again.get_msg(AsyncZMQSocketChannel(socket, Session()), 1.5)
        finally:
            socket.close(linger=0)
            context.term()

    began = time.monotonic()
    with pytest.raises(Empty):
        run_apart(wait())
    assert 1.4 < time.monotonic() - began < 10


def test_a_failing_cell_makes_make_fail(tree: Path) -> None:
    write_notebook(tree, "raise ValueError('broken cell')")
    outcome = make(tree, "notebooks")
    assert outcome.returncode != 0
    assert "broken cell" in outcome.stdout
    assert "A notebook failed at profile smoke" in outcome.stderr


def test_a_notebook_is_executed_once(tree: Path) -> None:
    source = (tree / "notebooks" / NAME).read_text(encoding="utf-8")
    first, second = make(tree, "notebooks"), make(tree, "notebooks")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "1 passed" in first.stdout
    mended = tree / ".executed-smoke" / "conftest.py"
    assert mended.read_bytes() == (tree / "book/_ext/ask_again.py").read_bytes()
    assert "passed" not in second.stdout
    assert "are kept already" in second.stdout
    assert (tree / "notebooks" / NAME).read_text(encoding="utf-8") == source


def test_changed_code_or_library_is_not_kept(tree: Path) -> None:
    keep_outputs(tree)

    def left() -> list[Path]:
        folder = run_notebooks.cache_folder(tree, "book")
        return run_notebooks.missing(tree, folder)

    assert left() == []
    library = tree / "chapter2" / "errors.py"
    text = library.read_text(encoding="utf-8")
    library.write_text(text + "\n", encoding="utf-8")
    assert left() != []
    library.write_text(text, encoding="utf-8")
    assert left() == []
    for name in ("stored.json", "labels.csv", "guidelines.md"):
        stored = tree / "chapter2" / name
        stored.write_text("{}", encoding="utf-8")
        assert left() != []
        stored.unlink()
    (tree / "chapter2" / "journal.jsonl").write_text("{}", encoding="utf-8")
    assert left() == []
    write_notebook(tree, "print(6 * 8)")
    assert left() != []


def test_profiles_are_kept_apart(tree: Path) -> None:
    folders = {run_notebooks.cache_folder(tree, name) for name in run_notebooks.LIMITS}
    assert len(folders) == 3


def test_the_build_executes_nothing(tree: Path) -> None:
    outcome = build(tree)
    assert outcome.returncode != 0
    assert f"Not executed yet: {NAME}; run `make book`." in outcome.stderr


def buttons(tree: Path) -> list[str]:
    """Build the book; return the links of its notebook page to other hosts."""
    keep_outputs(tree)
    outcome = build(tree)
    assert outcome.returncode == 0, outcome.stderr
    page = (tree / "_build/html/notebooks" / NAME).with_suffix(".html")
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    links = [a["href"] for a in soup.find_all("a", href=True)]
    return [link for link in links if link.startswith("http")]


def test_one_setting_makes_every_button(tree: Path) -> None:
    before = {name: (tree / name).read_bytes() for name in ("_config.yml", "_toc.yml")}
    assert not [link for link in buttons(tree) if "colab" in link or "github" in link]
    repository.set_address(tree, ADDRESS + ".git")
    found = buttons(tree)
    colab = "https://colab.research.google.com/github/example/tiny/blob/main/notebooks/"
    assert colab + NAME in found
    assert ADDRESS in found
    text = (tree / "notebooks" / NAME).read_text(encoding="utf-8")
    assert f'REPOSITORY = \\"{ADDRESS}\\"' in text
    repository.set_address(tree, "")
    assert all((tree / name).read_bytes() == text for name, text in before.items())


@pytest.mark.parametrize("url", ["http://github.com/a/b", "https://x.org/a/b", "a/b"])
def test_an_address_that_colab_cannot_open_is_refused(tree: Path, url: str) -> None:
    before = (tree / "_config.yml").read_bytes()
    with pytest.raises(SystemExit, match="OWNER/REPO"):
        repository.set_address(tree, url)
    assert (tree / "_config.yml").read_bytes() == before


def test_a_warning_fails_the_build_and_goes_on_failing(tree: Path) -> None:
    keep_outputs(tree)
    page = tree / "book" / "intro.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text + "\n[gone](glossary.md#no-such-term)\n", encoding="utf-8")
    for _ in range(2):
        outcome = make(tree, "render")
        assert outcome.returncode != 0
        assert "no-such-term" in outcome.stdout + outcome.stderr


def test_python_that_is_too_old_gets_one_sentence(tree: Path) -> None:
    (tree / ".venv").unlink()
    outcome = run(tree, "make", "PYTHON=", "install")
    assert outcome.returncode != 0
    assert outcome.stderr.startswith("Python 3.11, 3.12 or 3.13 is needed")
