"""Where we run: profiles, cache folder, precision, versions, seeds."""

import random
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import chapter2
from chapter2 import runtime
from chapter2.errors import UsageError


@pytest.fixture
def clean(monkeypatch):
    """No setting of the machine reaches the test."""
    monkeypatch.delenv("CHAPTER2_SCALE", raising=False)
    monkeypatch.delenv("CHAPTER2_CACHE", raising=False)
    return monkeypatch


def test_book_is_the_default_profile(clean):
    assert runtime.scale().name == "book"
    clean.setenv("CHAPTER2_SCALE", "")
    assert runtime.scale().name == "book"


@pytest.mark.parametrize("name", ["smoke", "book", "full"])
def test_the_profile_is_chosen_by_environment_or_by_name(clean, name):
    assert runtime.scale(name).name == name
    clean.setenv("CHAPTER2_SCALE", name)
    assert runtime.scale().name == name


def test_a_stated_profile_wins_over_the_environment(clean):
    clean.setenv("CHAPTER2_SCALE", "full")
    assert runtime.scale("smoke").name == "smoke"


def test_profiles_grow():
    smoke, book, full = (runtime.SCALES[name] for name in ("smoke", "book", "full"))
    assert smoke.records < 1000
    assert book.records is full.records is None
    assert smoke.resamples < book.resamples
    assert smoke.epochs <= book.epochs <= full.epochs


def test_a_wrong_profile_is_refused_with_the_right_ones(clean):
    clean.setenv("CHAPTER2_SCALE", "huge")
    with pytest.raises(UsageError, match=r"'huge'.*smoke, book, full"):
        runtime.scale()


def test_the_cache_folder_can_be_stated(clean, tmp_path):
    assert runtime.cache_dir().name == "chapter2"
    clean.setenv("CHAPTER2_CACHE", str(tmp_path / "c"))
    assert runtime.cache_dir() == tmp_path / "c"
    assert not (tmp_path / "c").exists()  # asking makes no folder


def test_the_device_is_one_that_computes():
    place = runtime.device()
    assert torch.ones(2, device=place).sum().item() == 2
    if not torch.cuda.is_available() and not torch.backends.mps.is_available():
        assert place.type == "cpu"


@pytest.mark.parametrize("pays", [True, False])
def test_precision_is_measured_unless_stated(monkeypatch, pays):
    monkeypatch.setattr(runtime, "bf16_pays", lambda device_type: pays)
    cpu = torch.device("cpu")
    assert runtime.autocast_dtype(cpu, "fp32") is None
    assert runtime.autocast_dtype(cpu, "bf16") is torch.bfloat16
    assert runtime.autocast_dtype(cpu) is (torch.bfloat16 if pays else None)


def test_an_unknown_precision_is_refused():
    with pytest.raises(UsageError, match="'fp16'; use auto, bf16 or fp32"):
        runtime.autocast_dtype(torch.device("cpu"), "fp16")


def measured(monkeypatch, seconds):
    """Run the measurement with a clock of our own; return its answer and sizes."""
    sizes = []

    def clock(dtype, device, size):
        sizes.append(size)
        return seconds(size) * (1 if dtype is torch.float32 else seconds.ratio)

    monkeypatch.setattr(runtime, "_matmul_seconds", clock)
    return runtime.bf16_pays.__wrapped__("cpu"), sorted(set(sizes))


@pytest.mark.parametrize(
    ("gflops", "ratio", "pays", "sizes"),
    [
        (80, 0.2, True, [128, 512]),  # a CPU core with bfloat16 in hardware
        (80, 0.9, False, [128, 512]),  # hardly faster: stay exact
        (80, 100.0, False, [128]),  # emulated: no larger product is tried
        (60_000, 0.1, True, [128, 512, 1024, 2048, 4096]),  # a GPU
    ],
)
def test_bf16_pays_where_it_is_clearly_faster(monkeypatch, gflops, ratio, pays, sizes):
    def seconds(size):
        return 2 * size**3 / (gflops * 1e9)

    seconds.ratio = ratio
    assert measured(monkeypatch, seconds) == (pays, sizes)


def test_measuring_leaves_the_threads_as_they_were():
    before = torch.get_num_threads()
    assert runtime.bf16_pays.__wrapped__("cpu") in (True, False)
    assert torch.get_num_threads() == before


def test_a_slow_product_is_not_repeated(monkeypatch):
    ticks = iter(range(1000))  # each look at the clock is one second later
    monkeypatch.setattr(runtime.time, "thread_time", lambda: next(ticks))
    runtime._matmul_seconds(torch.float32, torch.device("cpu"), 8)
    assert next(ticks) == 4  # two products: one to warm up, one that counts


def test_the_same_seed_draws_the_same_numbers():
    def draw():
        runtime.seed_everything(7)
        return random.random(), np.random.random(), torch.rand(1).item()

    first = draw()
    assert draw() == first
    runtime.seed_everything(8)
    assert random.random() != first[0]


def test_versions_name_what_is_there_and_what_is_missing():
    found = runtime.versions(("chapter2", "torch", "no-such-package"))
    assert found["chapter2"] == chapter2.__version__
    assert found["torch"] == torch.__version__.split("+")[0] or found["torch"]
    assert found["no-such-package"] is None
    assert found["python"].split(".")[:2] == [str(v) for v in sys.version_info[:2]]


def test_the_report_says_versions_device_and_profile(clean):
    shown = runtime.report()
    assert f"torch {runtime.versions()['torch']}" in shown
    assert f"device: {runtime.device().type}" in shown
    assert "profile: book" in shown


def test_nothing_asks_for_cuda_at_import():
    code = (
        "import torch\n"
        "def asked(*a, **k): raise SystemExit('asked for CUDA')\n"
        "torch.cuda.is_available = torch.cuda._lazy_init = asked\n"
        "import chapter2.runtime, chapter2.plots, chapter2.evaluation, chapter2.data\n"
        "import chapter2.models, chapter2.objectives, chapter2.training, chapter2.cli\n"
        "print('quiet')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("quiet\n", 0), done.stderr


def test_the_last_line_of_a_page_says_time_and_memory():
    began = time.time()
    before = runtime.memory("VmRSS")
    held = np.ones(40_000_000)  # 320 MB
    said = runtime.ran(began - 45)
    assert re.search(r"ran in 4[5-9] seconds on (cpu|cuda|mps)", said), said
    at_most = float(re.search(r"its process held at most ([\d.]+) GB", said).group(1))
    assert at_most >= (before + held.nbytes) / 1.05e9
    del held
    assert runtime.memory("VmRSS") < before + 100e6  # what it holds
    assert runtime.memory("VmHWM") >= before + 300e6  # what it has held
    assert "ran in 2.5 minutes" in runtime.ran(began - 150)


def test_memory_is_not_made_up_where_no_system_tells_it(monkeypatch):
    own = runtime.memory("VmHWM")
    monkeypatch.setattr(runtime, "Path", lambda _: Path("/nowhere"))
    peak = runtime.memory("VmHWM")
    assert own / 2 < peak < 10 * own  # by getrusage
    assert runtime.memory("VmRSS") == pytest.approx(peak, rel=0.01)
    monkeypatch.setitem(sys.modules, "resource", None)  # as on Windows
    assert np.isnan(runtime.memory("VmHWM"))
    assert "held" not in runtime.ran(time.time())
