"""What the children of test_nursery do."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def run(path):
    order = json.loads(path.read_text())
    print(order.get("say", ""), flush=True)
    if "pids" in order:
        other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        Path(order["pids"]).write_text(f"{os.getpid()} {other.pid}")
    time.sleep(order.get("sleep", 0))
    if "write" in order:
        Path(order["write"]).write_text(order["text"])
    if "fail" in order:
        raise RuntimeError(order["fail"])
