import subprocess
import sys

from chapter2.selection.worker import LIGHT


def test_the_light_nursery_loads_no_torch():
    """Three of the four baselines are there while torch is still being imported."""
    code = (
        "import importlib, sys\n"
        f"for module in {LIGHT!r}: importlib.import_module(module)\n"
        "from chapter2.models.sparse import SparseLinear\n"
        "from chapter2.selection.candidates import CANDIDATES\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
