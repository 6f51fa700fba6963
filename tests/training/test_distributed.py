"""Two processes train as one does: started by accelerate launch, joined by gloo."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from chapter2.errors import UsageError
from chapter2.training.distributed import (
    Alone,
    check_size,
    own_chance,
    processes,
    rows_of,
    share,
)

SCRIPT = Path(__file__).with_name("shared_run.py")
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def launch(accelerated):
    """Return a function that runs the script in ``count`` processes."""

    def run(count, result, folder, dropout=0.0, stop=0):
        done = accelerated(count, SCRIPT, result, folder, dropout, stop)
        assert done.returncode == 0, done.stderr
        return [
            json.loads(Path(f"{result}.{rank}").read_text()) for rank in range(count)
        ]

    return run


def worst(left, right):
    """Return the largest difference between the weights of two runs."""
    return max(
        np.abs(np.subtract(value, right["weights"][name])).max()
        for name, value in left["weights"].items()
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory, launch):
    """One process, and two, on the same data with the same total batch."""
    root = tmp_path_factory.mktemp("shared")
    (one,) = launch(1, root / "one", root / "one-run")
    first, second = launch(2, root / "two", root / "two-run")
    return one, first, second


def test_two_processes_equal_one_at_the_same_total_batch(runs):
    one, first, _ = runs
    assert (one["processes"], first["processes"]) == (1, 2)
    assert first["counts"] == one["counts"]
    assert first["tokens"] == one["tokens"]
    assert first["losses"] == pytest.approx(one["losses"], abs=1e-5)
    assert first["norms"] == pytest.approx(one["norms"], abs=1e-4)
    assert first["validations"] == pytest.approx(one["validations"], abs=1e-5)
    assert one["losses"][-1] < one["losses"][0] - 0.5  # something was learnt
    assert worst(one, first) < 1e-5


def test_both_processes_have_the_same_weights_bit_for_bit(runs):
    _, first, second = runs
    assert first["weights"] == second["weights"]
    assert first["losses"] == second["losses"]


def test_a_signal_to_one_stops_both_and_resuming_is_bit_identical(tmp_path, launch):
    """With dropout, whose masks follow from the batch and not from the past."""
    whole, _ = launch(2, tmp_path / "whole", tmp_path / "a", dropout=0.3)
    stopped = launch(2, tmp_path / "cut", tmp_path / "b", dropout=0.3, stop=4)
    assert all("after step 4" in each["stopped"] for each in stopped)
    resumed, other = launch(2, tmp_path / "cut", tmp_path / "b", dropout=0.3)
    assert resumed == whole
    assert other["weights"] == whole["weights"]


def test_rows_are_shared_out_and_numbers_go_to_all():
    batch = {"input_ids": torch.arange(10).view(5, 2), "seed": torch.tensor(7)}
    shares = [rows_of(batch, rank, 2) for rank in (0, 1)]
    assert [share["input_ids"][:, 0].tolist() for share in shares] == [
        [0, 4, 8],
        [2, 6],
    ]
    assert all(share["seed"] == 7 for share in shares)


def test_a_process_without_a_row_counts_for_nothing():
    """All must take part in adding up, and a last batch may be short."""
    batch = {"x": torch.tensor([[2.0], [3.0]])}
    weight = torch.ones(1, requires_grad=True)

    def objective(rows):
        return (rows["x"] * weight).sum(), torch.tensor(len(rows["x"]))

    found = [share(objective, batch, rank, 3) for rank in range(3)]
    assert [(float(loss.detach()), int(count)) for loss, count in found] == [
        (2, 1),
        (3, 1),
        (0, 0),
    ]
    found[2][0].backward()
    assert weight.grad == 0  # and no None, which would be waited for


def test_more_processes_than_rows_are_refused():
    mine = Alone()
    mine.count = 6
    check_size(6, mine)
    with pytest.raises(UsageError, match="5 rows for 6 processes; start fewer"):
        check_size(5, mine)


def test_chance_is_a_processes_own_and_what_follows_is_not():
    def drawn(rank):
        torch.manual_seed(3)
        with own_chance(rank, torch.device("cpu")):
            inside = torch.rand(4).tolist()
        return inside, torch.rand(4).tolist()

    (first, after), (second, later) = drawn(0), drawn(1)
    assert first != second
    assert after == later
    assert drawn(1) == (second, later)


def test_one_process_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    mine = processes()
    assert type(mine) is Alone
    assert mine.writes
    assert mine.agree(None) is None
    assert mine.same(3) == 3
