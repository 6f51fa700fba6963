"""A process that has imported what the trials need, and forks one child for each.

Each trial has a process of its own, so that it can be ended and its memory goes back;
importing torch and transformers takes seconds, so that is done once. The nursery
itself computes nothing: a fork of a process whose threads have started is not safe.

The parent writes one JSON line per order to the nursery's stdin and reads one JSON line
per ended child from its stdout. When the parent dies, however it dies, stdin ends and
the nursery ends every child with itself. Where the system cannot fork (Windows),
:func:`nursery` gives children that are started anew, each with its own imports.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

TICK = 0.02  # seconds between two looks at the children
MODULE = "chapter2.selection.nursery"
READY = {"ready": True}  # what a nursery tells when its imports are done


@dataclass
class Child:
    """One running order."""

    name: str
    log: Path  # what it wrote to stdout and stderr
    began: float = field(default_factory=time.monotonic)
    code: int | None = None  # None while it runs; negative: the signal that ended it
    # when its nursery had imported all (monotonic); None: it still does
    ready: Callable[[], float | None] = lambda: 0.0

    @property
    def seconds(self) -> float:
        """Seconds since it began: after the order, and after the nursery's imports."""
        ready, now = self.ready(), time.monotonic()
        return 0.0 if ready is None else now - max(self.began, ready)


def nursery(preload: Sequence[str] = ()) -> Nursery | Spawner:
    """Return where children are started; to be used in a ``with`` block."""
    return Nursery(preload) if hasattr(os, "fork") else Spawner()


class Nursery:
    """Forks children from one process that has imported ``preload``."""

    def __init__(self, preload: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", MODULE, *preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C reaches the parent, which decides
        )
        self.children: dict[str, Child] = {}
        self._began = time.monotonic()
        self._ready: float | None = None  # the moment when all is imported
        self._ended: queue.Queue[dict[str, Any]] = queue.Queue()
        self._running: dict[str, Child] | None = {}  # None: the nursery has ended
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def start(self, name: str, function: str, argument: Path, log: Path) -> Child:
        """Run ``function`` (``"module:name"``) on the path ``argument``, in a child."""
        child = Child(name, log, ready=lambda: self._ready)
        self.children[name] = child
        with self._lock:
            if self._running is None:
                self._lose(child)
                return child
            self._running[name] = child
        self._say(start=name, function=function, argument=str(argument), log=str(log))
        return child

    @property
    def imports(self) -> float | None:
        """Seconds that they took; None: not done yet."""
        return None if self._ready is None else self._ready - self._began

    def kill(self, name: str) -> None:
        """End a child and all processes that it started."""
        self._say(kill=name)

    def wait(self, seconds: float) -> Child | None:
        """Return the next child to end, or None after ``seconds``."""
        try:
            told = self._ended.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        child = self.children.pop(told["name"])
        child.code = told["code"]
        return child

    def close(self) -> None:
        """End the nursery and every child that still runs."""
        with contextlib.suppress(OSError):
            _of(self.process.stdin).close()
        while self.wait(0):  # those that have ended, though nobody asked
            pass
        # it ends its children first; while it still imports there are none
        awaited = self.children and self.imports is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=5 if awaited else 0)
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _say(self, **order: str) -> None:
        stdin = _of(self.process.stdin)
        # of the children of a nursery that has died _read tells
        with contextlib.suppress(BrokenPipeError):
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()

    def _read(self) -> None:
        running = self._running
        assert running is not None  # until the end of this
        for line in _of(self.process.stdout):
            ended = json.loads(line)
            if ended == READY:
                self._ready = time.monotonic()
                continue
            with self._lock:
                del running[ended["name"]]  # its end must not be told again
            self._ended.put(ended)
        with self._lock:
            self._running = None
        for child in running.values():
            self._lose(child)

    def _lose(self, child: Child) -> None:
        """Tell that a child has ended because there is no nursery."""
        with child.log.open("a") as log:
            log.write("The process that was to start it has ended; see its messages.\n")
        self._ended.put({"name": child.name, "code": 1})


class Spawner:
    """The same doors, for a system that cannot fork."""

    imports = 0.0  # each child has its own

    def __init__(self) -> None:
        self.children: dict[str, tuple[Child, subprocess.Popen]] = {}

    def start(self, name: str, function: str, argument: Path, log: Path) -> Child:
        """Run ``function`` (``"module:name"``) on the path ``argument``, in a child."""
        child = Child(name, log)
        with log.open("a") as out:
            command = [sys.executable, "-m", MODULE, "--child", function, str(argument)]
            self.children[name] = (
                child,
                subprocess.Popen(command, stdout=out, stderr=out),
            )
        return child

    def kill(self, name: str) -> None:
        """End a child."""
        if name in self.children:
            self.children[name][1].kill()

    def wait(self, seconds: float) -> Child | None:
        """Return the next child to end, or None after ``seconds``."""
        until = time.monotonic() + seconds
        while True:
            for name, (child, process) in self.children.items():
                child.code = process.poll()
                if child.code is not None:
                    del self.children[name]
                    return child
            if time.monotonic() >= until:
                return None
            time.sleep(TICK)

    def close(self) -> None:
        """End every child that still runs."""
        for _, process in self.children.values():
            process.kill()

    def __enter__(self) -> Spawner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _of(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def serve(preload: Sequence[str]) -> None:
    """Serve orders from stdin until it ends: the nursery's own life."""
    # children must not write among the lines that the parent reads
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for module in preload:
        importlib.import_module(module)
    told.write(json.dumps(READY) + "\n")
    told.flush()
    running: dict[int, str] = {}  # process id: name
    waiting = b""
    while True:
        ready, _, _ = select.select([0], [], [], TICK if running else None)
        if ready:
            chunk = os.read(0, 65536)
            if not chunk:
                break
            *lines, waiting = (waiting + chunk).split(b"\n")
            for line in lines:
                _obey(json.loads(line), running, told.fileno())
        for pid in list(running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                told.write(json.dumps({"name": running.pop(pid), "code": code}) + "\n")
                told.flush()
    for pid in running:
        _kill(pid)


def _obey(order: dict[str, str], running: dict[int, str], told: int) -> None:
    if "kill" in order:
        for pid, name in running.items():
            if name == order["kill"]:
                _kill(pid)
        return
    pid = os.fork()
    if pid:
        running[pid] = order["start"]
        return
    os.close(told)
    os.setsid()  # a group of its own, which _kill ends as a whole
    out = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for new, old in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(new, old)
    os._exit(child(order["function"], order["argument"]))


def _kill(pid: int) -> None:
    for end in (os.killpg, os.kill):  # before setsid there is no group of that number
        with contextlib.suppress(ProcessLookupError, PermissionError):
            end(pid, signal.SIGKILL)


def child(function: str, argument: str) -> int:
    """Run ``function`` on ``argument``; return the exit code."""
    try:
        module, name = function.split(":")
        getattr(importlib.import_module(module), name)(Path(argument))
        return 0
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.exit(child(*sys.argv[2:4]))
    serve(sys.argv[1:])
