"""Where memory does not suffice, the batch is cut and the step stays what it is."""

import pytest
import torch

from chapter2.errors import TrainingError
from chapter2.objectives import classification
from chapter2.training import checkpoint as disk
from chapter2.training import train
from chapter2.training.splitting import halve, is_shortage, pieces
from chapter2.training.state import State

ON_CPU = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"


def short_of_memory(rows, error=None, seen=None):
    """Return an objective that raises, after the forward pass, beyond so many rows."""

    def objective(model, batch):
        found = classification(model, batch)
        if seen is not None:
            seen.append(len(batch["labels"]))
        if len(batch["labels"]) > rows:
            raise error or RuntimeError(ON_CPU)
        return found

    return objective


def run(toy, objective, folder=None, **changes):
    model = toy.Model(dropout=0.0)
    options = {key: changes.pop(key) for key in ("resume",) if key in changes}
    config = toy.config(**changes)
    batches = toy.Batches(records=37)
    options |= {"folder": folder, "progress": False}
    return model, train(model, objective, batches, config, **options)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(ON_CPU),
        RuntimeError("[enforce fail] not enough memory: you tried to allocate"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        MemoryError(),
    ],
)
@pytest.mark.parametrize("accumulation", [1, 2])
def test_the_weights_are_those_of_the_whole_batch(toy, error, accumulation):
    whole, expected = run(toy, classification, accumulation=accumulation)
    with pytest.warns(UserWarning, match="effective batch stays the same") as said:
        cut, history = run(toy, short_of_memory(3, error), accumulation=accumulation)
    for a, b in zip(cut.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
    assert history.counts == expected.counts
    assert history.tokens == expected.tokens
    assert history.losses == pytest.approx(expected.losses, abs=1e-6)
    assert len(history.notices) == len(said) == 2  # 8 rows, then 4, then 2
    assert "step 1: from there on each batch is computed in 4" in history.notices[1]


def test_later_steps_begin_with_the_pieces_that_fitted(toy):
    seen = []
    with pytest.warns(UserWarning, match="2 pieces"):
        run(toy, short_of_memory(4, seen=seen), epochs=1)
    assert seen == [8, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2]


def test_a_resumed_run_cuts_likewise(toy, tmp_path):
    """It has memory for all again, and still takes the steps of the first one."""
    seen, calls = [], []

    def failing(model, batch):
        calls.append(1)
        if len(calls) == 8:  # the batch of 8, and then two pieces in each step
            raise KeyError("killed")
        return short_of_memory(4)(model, batch)

    with pytest.warns(UserWarning, match="2 pieces"), pytest.raises(KeyError):
        run(toy, failing, tmp_path, epochs=1, checkpoint_every=1)
    assert disk.load(disk.latest(tmp_path)).state["split"] == 2
    run(toy, short_of_memory(8, seen=seen), tmp_path, epochs=1, resume=True)
    assert seen == [4, 4, 3, 2]


def test_a_record_that_does_not_fit_is_one_sentence(toy):
    model, before = toy.Model(), toy.Model()
    with (
        pytest.warns(UserWarning, match="8 pieces"),
        pytest.raises(TrainingError, match="step 1 for a single record") as caught,
    ):
        train(model, short_of_memory(0), toy.Batches(), toy.config(), progress=False)
    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None  # which would hold the step's tensors
    for a, b in zip(model.parameters(), before.parameters(), strict=True):
        assert torch.equal(a, b)


def test_several_processes_do_not_halve(toy):
    with pytest.raises(TrainingError, match="in 2 processes, which cannot halve"):
        halve(State(), number(0), largest=8, processes=2)


def number(n):
    from chapter2.training.plan import Step

    return Step(n, 0, 0, (), 0.1, False)


def test_other_errors_are_not_taken_for_it(toy):
    assert not is_shortage(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes"):
        run(toy, short_of_memory(3, RuntimeError("shapes differ")))


@pytest.mark.parametrize("split", [1, 2, 3, 8, 16])
def test_pieces_hold_every_row_once_and_single_numbers_all(split):
    batch = {"seed": torch.tensor(5), "x": torch.arange(10).reshape(5, 2)}
    found = list(pieces([batch, batch], split))
    assert torch.equal(torch.cat([p["x"] for p in found]), batch["x"].repeat(2, 1))
    assert {int(p["seed"]) for p in found} == {5}
    assert max(len(p["x"]) for p in found) == -(-5 // split)
