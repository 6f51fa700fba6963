import os
from dataclasses import replace

from chapter2.selection.trial import Trial
from chapter2.selection.worker import LIGHT, Order


def test_an_order_states_no_place_and_goes_with_its_folder(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    names = [str(here / name) for name in ("records.json", "result", "model")]
    order = Order(Trial("tfidf", 0, 2), [0, 1], [2], *names, threads=1)
    path = order.save(here / "a.order")
    assert str(tmp_path) not in path.read_text()
    assert Order.load(path) == order
    here.rename(there)
    moved = Order.load(there / "a.order")
    assert moved.records == str(there / "records.json")
    unkept = replace(order, model=None).save(there / "b.order")
    assert Order.load(unkept).model is None


def test_the_light_nursery_loads_no_torch(words_of):
    """Three of the four baselines are there while torch is still being imported."""
    code = (
        "import importlib, sys\n"
        f"for module in {LIGHT!r}: importlib.import_module(module)\n"
        "from chapter2.models.sparse import SparseLinear\n"
        "from chapter2.selection.candidates import CANDIDATES\n"
        "print('torch' in sys.modules)"
    )
    assert words_of(code) == ["False"]


def test_libraries_that_are_loaded_already_keep_to_the_threads_too(words_of):
    """Trials side by side, each with the threads of all, took five times as long."""
    code = (
        "import importlib\n"
        f"for module in {LIGHT!r}: importlib.import_module(module)\n"
        "from threadpoolctl import threadpool_info\n"
        "from chapter2.selection.worker import limit_threads\n"
        "def most(): return max(pool['num_threads'] for pool in threadpool_info())\n"
        "before = most()\n"
        "limit_threads(1)\n"
        "print(before, most())"
    )
    two = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    before, after = map(int, words_of(code, **two))
    assert before > 1 or os.cpu_count() == 1
    assert after == 1
