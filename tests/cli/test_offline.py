"""Once all is fetched, `make fetch` asks the network for nothing."""

import os
import re
import subprocess
import sys
from pathlib import Path

MAKEFILE = Path(__file__).parents[2] / "Makefile"
# pip asks in a process of its own, so no process is started either
CUT_OFF = """
import os, sys

def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        os.write(2, f"{event} {arguments}".encode())
        os._exit(99)

sys.addaudithook(hook)
"""
COMMAND = CUT_OFF + "from chapter2.cli import main; main()"


def cut_off(code, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "0"} | environment,
    )


def test_what_is_in_the_cache_is_not_asked_for():
    makefile = MAKEFILE.read_text().replace("\\\n", " ")
    names = re.search(r"^DATA := (.*)$", makefile, re.MULTILINE)[1].split()
    assert len(names) > 20
    done = cut_off(COMMAND, "data", "fetch", *names)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= len(names)
    (unpacked,) = re.findall(r"^\t\S*/python -c '(.*)'$", makefile, re.MULTILINE)[-1:]
    done = cut_off(CUT_OFF + unpacked)
    assert done.returncode == 0, done.stderr


def test_what_is_not_in_the_cache_is_asked_for(tmp_path):
    done = cut_off(COMMAND, "data", "fetch", "tweets", CHAPTER2_CACHE=str(tmp_path))
    assert done.returncode == 99
