import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chapter2.selection.nursery import Spawner, child, nursery

HERE = Path(__file__).parent


@pytest.fixture(params=["nursery", "spawner"])
def place(request, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    with nursery() if request.param == "nursery" else Spawner() as place:
        yield place


def start(place, tmp_path, name, **order):
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(order))
    return place.start(name, "child_work:run", path, tmp_path / f"{name}.log")


def test_a_child_does_its_work_and_its_end_is_told(place, tmp_path):
    start(place, tmp_path, "one", write=str(tmp_path / "result"), text="done")
    ended = place.wait(20)
    assert (ended.name, ended.code) == ("one", 0)
    assert (tmp_path / "result").read_text() == "done"


def test_children_run_side_by_side(place, tmp_path):
    began = time.monotonic()
    for name in ("one", "two", "three"):
        start(place, tmp_path, name, sleep=1.5)
    ended = {place.wait(30).name for _ in range(3)}
    assert ended == {"one", "two", "three"}
    assert time.monotonic() - began < 4.5


def test_what_a_child_says_and_why_it_fails_stand_in_its_log(place, tmp_path):
    ending = start(place, tmp_path, "bad", say="before the fall", fail="it broke")
    assert place.wait(20).code == 1
    log = ending.log.read_text()
    assert "before the fall" in log
    assert "RuntimeError: it broke" in log


def test_a_killed_child_ends_at_once(place, tmp_path):
    start(place, tmp_path, "long", sleep=60)
    time.sleep(0.3)
    began = time.monotonic()
    place.kill("long")
    ended = place.wait(20)
    assert ended.name == "long"
    assert ended.code != 0
    assert time.monotonic() - began < 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_closing_does_not_wait_for_children_that_have_ended(tmp_path, monkeypatch):
    """With torch imported, the process took seconds to come to its own end."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    with nursery() as place:
        start(place, tmp_path, "one", write=str(tmp_path / "result"), text="done")
        assert wait_for((tmp_path / "result").exists, 30)
        assert wait_for(lambda: not place._ended.empty(), 30)
        assert list(place.children) == ["one"]
    assert not place.children


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_closing_does_not_wait_for_imports(tmp_path, monkeypatch):
    """With a trial ordered that had not begun, five seconds went after the budget."""
    (tmp_path / "long_import.py").write_text("import time\ntime.sleep(30)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(HERE)]))
    with nursery(["long_import"]) as place:
        start(place, tmp_path, "one", write=str(tmp_path / "result"), text="done")
        place.kill("one")
        time.sleep(0.2)
        assert place.children["one"].seconds == 0  # imports are not its own time
        began = time.monotonic()
        assert place.imports is None
    assert time.monotonic() - began < 3
    with nursery() as place:
        ordered = start(place, tmp_path, "two", sleep=60)
        assert wait_for(lambda: place.imports, 30)
        assert 0 < place.imports < 30
        time.sleep(0.1)
        assert 0.1 <= ordered.seconds < 20


def test_an_end_is_told_once_though_the_nursery_ends_before_it_is_asked_for(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    with nursery() as place:
        start(place, tmp_path, "one", write=str(tmp_path / "result"), text="done")
        while place._ended.empty():  # told, and not yet asked for
            time.sleep(0.05)
        place.process.kill()
        place.process.wait()
        time.sleep(0.5)
        assert place.wait(5).name == "one"
        assert place.wait(0.5) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("when", ["before it starts", "after it has ended"])
def test_what_a_dead_nursery_is_asked_for_ends_at_once(tmp_path, when):
    """Its trial held a place until the time was up."""
    with nursery(["no_such_module"]) as place:
        if when == "after it has ended":
            place.process.wait(30)
            time.sleep(0.3)
        for name in ("one", "two"):
            asked = start(place, tmp_path, name, sleep=60)
            ended = place.wait(30)
            assert (ended.name, ended.code) == (name, 1)
            assert "has ended" in asked.log.read_text()
        assert place.wait(0.3) is None
        assert not place.children


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_name_that_comes_again_is_told_when_the_nursery_ends(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    with nursery() as place:
        start(place, tmp_path, "one", write=str(tmp_path / "result"), text="done")
        assert place.wait(30).code == 0
        start(place, tmp_path, "one", sleep=60)
        place.process.kill()
        assert place.wait(30).name == "one"


def test_nothing_ends_while_we_wait_shortly(place, tmp_path):
    start(place, tmp_path, "long", sleep=60)
    assert place.wait(0.1) is None


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().split(")")[1].split()[0] == "Z")


def wait_for(condition, seconds=10):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
    return True


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_children_and_their_children_end_with_the_parent(tmp_path):
    pids = tmp_path / "pids"
    code = (
        "import sys, time, pathlib\n"
        "from chapter2.selection.nursery import nursery\n"
        "place = nursery()\n"
        "place.start('a', 'child_work:run', pathlib.Path(sys.argv[1]),"
        " pathlib.Path(sys.argv[2]))\n"
        "time.sleep(60)\n"
    )
    order = tmp_path / "order.json"
    order.write_text(json.dumps({"pids": str(pids), "sleep": 60}))
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(order), str(tmp_path / "log")],
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    assert wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2, 30)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for pid in map(int, pids.read_text().split()):
        assert wait_for(lambda pid=pid: not alive(pid))


def test_a_child_of_an_unknown_function_fails_with_its_reason(capsys):
    assert child("chapter2.selection.nursery:missing", "x") == 1
    assert "missing" in capsys.readouterr().err
