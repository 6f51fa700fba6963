"""Two processes fine-tune as one does: plain, LoRA, gradual; dropout and resuming."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from chapter2.training.distributed import Alone

SCRIPT = Path(__file__).with_name("shared_fine_tuning.py")
spec = importlib.util.spec_from_file_location("shared_fine_tuning", SCRIPT)
script = importlib.util.module_from_spec(spec)
spec.loader.exec_module(script)
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """What one process gives, this one."""
    return script.cases(Alone(), tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def two(tmp_path_factory, accelerated):
    """What each of two processes gives."""
    root = tmp_path_factory.mktemp("two")
    done = accelerated(2, SCRIPT, root / "told", root / "run")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return [json.loads((root / f"told.{rank}").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("method", ["plain", "lora", "gradual"])
def test_two_processes_equal_one_at_the_same_total_batch(one, two, method):
    alone, (first, second) = one[method], [each[method] for each in two]
    assert first["counts"] == alone["counts"]
    assert 1 in {count % 4 for count in alone["counts"]}  # a batch of a single row
    assert first["losses"] == pytest.approx(alone["losses"], abs=1e-5)
    assert first["validations"] == pytest.approx(alone["validations"], abs=1e-5)
    for name, value in alone["weights"].items():
        np.testing.assert_allclose(first["weights"][name], value, atol=1e-6)
    assert first == second  # bit for bit


def test_what_thaws_in_two_processes_learns_in_both(two):
    """The encoder was frozen when the run began, as an earlier one had left it."""
    model = script.classifier("gradual", 0.0).model
    start = {name: value.numpy() for name, value in model.state_dict().items()}
    for name, value in two[0]["gradual"]["weights"].items():
        if "layer.1.output.dense" in name:
            assert np.abs(np.subtract(value, start[name])).max() > 1e-5, name


def test_each_process_drops_out_others_and_none_without_dropout(two):
    first, second = two
    for mine, theirs in zip(first["chance"], second["chance"], strict=True):
        assert mine != theirs  # equal texts, equal weights
    assert first["no chance"] == second["no chance"]
    assert len(first["chance"]) == 2


def test_a_stopped_run_of_two_ends_as_if_it_had_not_been(two):
    """Dropout included, though the first process's generators alone are stored."""
    for each in two:
        stopped = each["resumed"].pop("stopped")
        assert "after step 4" in stopped
        assert each["resumed"] == each["dropout"]


def test_a_measured_precision_is_the_first_process_s(two):
    assert [each["disagreeing"]["precision"] for each in two] == ["bf16", "bf16"]
    assert two[0]["disagreeing"]["weights"] == two[1]["disagreeing"]["weights"]
