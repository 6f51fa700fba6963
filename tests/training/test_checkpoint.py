"""Checkpoints on disk: whole or not there, and never believed unchecked."""

import json
import os

import pytest
import torch

from chapter2.files import write_json
from chapter2.training import checkpoint as disk


def made(step, best_step=None):
    generator = torch.Generator().manual_seed(step)
    return disk.Checkpoint(
        model={"w": torch.randn(4, 3, generator=generator)},
        optimizer={"exp_avg/w": torch.randn(4, 3, generator=generator)},
        rng={"cpu": torch.get_rng_state()},
        state={"step": step, "best_step": best_step},
    )


def test_what_is_saved_is_loaded(tmp_path):
    path = disk.save(tmp_path, 7, made(7))
    assert path.name == "step-00000007"
    names = {"model.safetensors", "optimizer.safetensors", "rng.safetensors"}
    assert {p.name for p in path.iterdir()} == names | {"state.json", "manifest.json"}
    loaded, original = disk.load(path), made(7)
    assert loaded.state == original.state
    assert torch.equal(loaded.model["w"], original.model["w"])
    assert torch.equal(loaded.optimizer["exp_avg/w"], original.optimizer["exp_avg/w"])


def test_the_manifest_states_size_and_hash_of_each_file(tmp_path):
    import hashlib

    path = disk.save(tmp_path, 1, made(1))
    manifest = json.loads((path / "manifest.json").read_text())
    for name, stated in manifest.items():
        content = (path / name).read_bytes()
        assert stated["bytes"] == len(content)
        assert stated["sha256"] == hashlib.sha256(content).hexdigest()


def test_tensors_that_are_no_block_of_memory_are_stored(tmp_path):
    whole = torch.arange(12.0).reshape(3, 4)
    checkpoint = disk.Checkpoint({"w": whole.T}, {}, {}, {})
    loaded = disk.load(disk.save(tmp_path, 1, checkpoint))
    assert torch.equal(loaded.model["w"], whole.T)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def empty(path):
    path.write_bytes(b"")


FILES = ["model.safetensors", "optimizer.safetensors", "rng.safetensors", "state.json"]


@pytest.mark.parametrize("damage", [cut, flip, empty, os.remove])
@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path, name, damage):
    good = disk.save(tmp_path, 1, made(1))
    bad = disk.save(tmp_path, 2, made(2))
    assert disk.latest(tmp_path) == bad
    damage(bad / name)
    assert not disk.is_whole(bad)
    assert disk.latest(tmp_path) == good


@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"a": 1}', "{", "\x00"])
def test_a_manifest_of_nonsense_is_no_manifest(tmp_path, content):
    path = disk.save(tmp_path, 1, made(1))
    (path / "manifest.json").write_text(content)
    assert not disk.is_whole(path)


def test_one_whose_best_is_damaged_is_passed_over(tmp_path):
    disk.save(tmp_path, 1, made(1, best_step=1))
    best = disk.save(tmp_path, 2, made(2, best_step=2))
    disk.save(tmp_path, 3, made(3, best_step=2))
    assert disk.latest(tmp_path).name == "step-00000003"
    cut(best / "model.safetensors")
    assert disk.latest(tmp_path).name == "step-00000001"


def test_no_folder_and_no_checkpoint_are_none(tmp_path):
    assert disk.latest(tmp_path) is None
    assert disk.latest(tmp_path / "nothing") is None


def test_names_that_are_not_ours_are_left_alone(tmp_path):
    (tmp_path / "step-last").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    disk.save(tmp_path, 1, made(1))
    disk.prune(tmp_path, (1, None, None))
    assert disk.steps_in(tmp_path) == [1]
    assert (tmp_path / "step-last").exists()
    assert (tmp_path / "notes.txt").exists()


def test_half_written_ones_are_swept_away(tmp_path):
    half = tmp_path / ".partial-step-00000009"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    assert disk.latest(tmp_path) is None
    disk.save(tmp_path, 1, made(1))
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000001"]


def test_a_damaged_one_of_the_same_step_is_replaced(tmp_path):
    path = disk.save(tmp_path, 1, made(1))
    cut(path / "state.json")
    disk.save(tmp_path, 1, made(1))
    assert disk.is_whole(path)


def test_those_named_and_the_best_are_kept(tmp_path):
    for step in (2, 4, 6, 8, 10):
        disk.save(tmp_path, step, made(step))
    disk.prune(tmp_path, (10, 8, 4))
    assert disk.steps_in(tmp_path) == [4, 8, 10]


def test_a_kept_one_keeps_the_best_that_it_names(tmp_path):
    disk.save(tmp_path, 10, made(10, best_step=10))
    kept = disk.save(tmp_path, 20, made(20, best_step=10))  # by the clock
    newest = disk.save(tmp_path, 30, made(30, best_step=30))
    disk.prune(tmp_path, (30, 20, 30))
    assert disk.steps_in(tmp_path) == [10, 20, 30]
    cut(newest / "model.safetensors")
    assert disk.latest(tmp_path) == kept
    disk.save(tmp_path, 40, made(40, best_step=30))
    disk.prune(tmp_path, (40, 30, 30))
    assert disk.steps_in(tmp_path) == [30, 40]


def test_a_damaged_state_is_no_obstacle_to_pruning(tmp_path):
    for step in (2, 4, 6):
        disk.save(tmp_path, step, made(step))
    empty(disk.path_of(tmp_path, 4) / "state.json")
    disk.prune(tmp_path, (6, 4, None))
    assert disk.steps_in(tmp_path) == [4, 6]


@pytest.mark.parametrize("where", ["save_file", "sync", "sha256"])
def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch, where):
    good = disk.save(tmp_path, 1, made(1))
    calls = 0

    def full(*args):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(28, "No space left on device")
        return "0"

    monkeypatch.setattr(disk, where, full)
    with pytest.raises(OSError, match="No space left"):
        disk.save(tmp_path, 2, made(2))
    assert [p.name for p in tmp_path.iterdir()] == [good.name]
    monkeypatch.undo()
    assert disk.is_whole(good)


def test_json_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "x.json"
    write_json(path, {"a": 1})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 1}
    assert [p.name for p in path.parent.iterdir()] == ["x.json"]
