"""For every room: hypothesis untimed, and a way to start several processes."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))  # for chat_server, children

settings.register_profile(
    "chapter2",
    deadline=None,  # a busy machine is no fault of the code
    derandomize=True,  # a failure here is a failure everywhere
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("chapter2")

# --multi_gpu is accelerate's word for several processes on one machine; without a GPU
# they compute on the CPU. With --cpu it would start a single one
LAUNCH = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "1")
LAUNCH += ("--mixed_precision", "no", "--dynamo_backend", "no")
LAUNCH += ("--main_process_port", "0")  # any that is free


@pytest.fixture(scope="session")
def accelerated():
    """Return a function that starts a program in ``count`` processes, without a GPU."""

    def run(count, *program):
        launcher = (*LAUNCH, "--num_processes", count) if count > 1 else ()
        command = [sys.executable, *launcher, *program]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            env=environment,
        )

    return run


@pytest.fixture
def words_of():
    """Run code in a fresh interpreter, with more in its environment; what it prints."""

    def run(code, **environment):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | environment,
        )
        return done.stdout.split()

    return run


@pytest.fixture
def server():
    """An OpenAI-compatible endpoint on this machine."""
    from chat_server import Server

    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
