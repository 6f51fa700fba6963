"""The loop as a whole: learning, early stopping, resuming, stopping with a sentence."""

import os
import re
import signal
import subprocess
import sys
import threading

import pytest
import torch

from chapter2.errors import InterruptedTraining, TrainingError, UsageError
from chapter2.objectives import classification
from chapter2.training import checkpoint as disk
from chapter2.training import train
from chapter2.training.weights import copy_of_weights


def run(toy, model=None, batches=None, **options):
    """Train; ``config`` is the settings that differ from the toy's."""
    model = model or toy.Model()
    config = toy.config(**options.pop("config", {}))
    objective = options.pop("objective", classification)
    batches = batches or toy.Batches()
    options.setdefault("progress", False)
    return model, train(model, objective, batches, config, **options)


def same(a, b):
    a, b = a.state_dict(), b.state_dict()
    return all(torch.equal(a[name], b[name]) for name in a)


def scripted(*losses):
    """Return a validation that gives these losses in turn, whatever the model."""
    left = list(losses)
    return lambda model: {"loss": left.pop(0)}


# -- learning ------------------------------------------------------------------


def test_loss_goes_down_for_a_module_of_ours(toy):
    _, history = run(toy, config={"epochs": 10})
    assert history.mean_loss(10) < 0.5 * history.mean_loss(1)
    assert history.stopped == "all epochs done"


def test_loss_goes_down_for_a_transformers_model(toy):
    from chapter2.models import load_encoder

    model = load_encoder("tiny-random", ("a", "b")).model
    _, history = run(toy, model, config={"epochs": 8, "learning_rate": 0.005})
    assert history.mean_loss(8) < 0.9 * history.mean_loss(1)


def test_bf16_learns_too(toy):
    model, history = run(toy, config={"epochs": 10, "precision": "bf16"})
    assert history.precision == "bf16"
    assert model.head.weight.dtype == torch.float32
    assert history.mean_loss(10) < 0.6 * history.mean_loss(1)


def test_equal_runs_are_equal_and_another_seed_is_not(toy):
    (a, first), (b, second) = run(toy), run(toy)
    assert same(a, b)
    assert first.losses == second.losses
    c, _ = run(toy, config={"seed": 1})  # other dropout
    assert not same(a, c)


def test_the_callers_random_numbers_are_untouched(toy):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    run(toy)
    assert torch.equal(torch.rand(4), expected)


def test_nothing_is_left_behind(toy):
    model, _ = run(toy)
    assert not model.training
    assert all(p.grad is None for p in model.parameters())


def test_frozen_parameters_stay(toy):
    model = toy.Model()
    model.table.requires_grad_(False)
    before = model.table.weight.clone()
    run(toy, model)
    assert torch.equal(model.table.weight, before)


def test_history_counts_records_and_tokens(toy):
    batches = toy.Batches(records=37)
    _, history = run(toy, batches=batches, config={"epochs": 3})
    assert history.counts[:5] == [8, 8, 8, 8, 5]
    assert sum(history.tokens) == 3 * int(batches.lengths.sum())
    assert history.steps == list(range(1, 16))
    assert history.epochs == [k for k in (1, 2, 3) for _ in range(5)]
    assert history.seconds >= sum(history.durations) > 0


# -- validation ----------------------------------------------------------------


def test_the_best_weights_are_restored(toy, tmp_path):
    """The losses 3 2 1 5 5 5 have their best after epoch 3."""
    kept = []
    config = {"epochs": 6}
    last, _ = run(toy, config=config, validate=recorder(kept))
    for folder in (None, tmp_path):
        figures = scripted(3.0, 2.0, 1.0, 5.0, 5.0, 5.0)
        model, history = run(toy, config=config, validate=figures, folder=folder)
        assert history.best_step == 15
        assert all(torch.equal(model.state_dict()[k], v) for k, v in kept[2].items())
        assert not same(model, last)


def recorder(kept):
    def validate(model):
        kept.append(copy_of_weights(model))
        return {"loss": -float(len(kept))}

    return validate


@pytest.mark.parametrize("with_folder", [False, True])
def test_patience_stops_the_run(toy, tmp_path, with_folder):
    _, history = run(
        toy,
        config={"epochs": 50, "patience": 2},
        validate=scripted(3.0, 2.0, 2.5, 2.5),
        folder=tmp_path if with_folder else None,
    )
    assert history.steps[-1] == 20
    assert history.best_step == 10
    assert history.stopped == "early: 2 validations without a better loss"
    assert [v["loss"] for v in history.validations] == [3.0, 2.0, 2.5, 2.5]


def test_an_equal_figure_is_not_a_better_one(toy):
    _, history = run(
        toy, config={"epochs": 9, "patience": 1}, validate=scripted(2.0, 2.0)
    )
    assert history.best_step == 5


def test_of_other_figures_more_is_better(toy):
    figures = iter([0.5, 0.9, 0.7])
    _, history = run(
        toy,
        config={"epochs": 3, "monitor": "accuracy"},
        validate=lambda model: {"loss": 1.0, "accuracy": next(figures)},
    )
    assert history.best_step == 10


def test_the_monitor_step_keeps_the_last_weights(toy):
    config = {"epochs": 3, "monitor": "step"}
    last, _ = run(toy, config=config)
    model, history = run(toy, config=config, validate=scripted(1.0, 2.0, 3.0))
    assert history.best_step == 15
    assert same(model, last)


def test_a_figure_that_is_no_number_is_never_the_best(toy):
    nan = float("nan")
    _, history = run(toy, config={"epochs": 3}, validate=scripted(nan, 4.0, nan))
    assert history.best_step == 10


def test_an_unknown_figure_is_refused(toy):
    with pytest.raises(UsageError, match="monitor is 'f1'; the validation has loss"):
        run(toy, config={"monitor": "f1"}, validate=scripted(1.0))


def test_validation_is_without_dropout_and_gradients(toy):
    seen = []

    def validate(model):
        seen.append((model.training, torch.is_grad_enabled()))
        return {"loss": 1.0}

    validated, _ = run(toy, validate=validate)
    assert seen == [(False, False)] * 2
    assert validated.training is False


def test_validation_does_not_disturb_the_training(toy):
    assert same(run(toy)[0], run(toy, validate=scripted(2.0, 1.0))[0])


# -- numbers that are none -----------------------------------------------------


def breaking_at(step, what):
    """Return an objective whose loss, or gradient, is ``what`` in that step."""
    calls = 0

    def objective(model, batch):
        nonlocal calls
        calls += 1
        loss, count = classification(model, batch)
        return (loss * what if calls == step else loss), count

    return objective


@pytest.mark.parametrize("what", [float("nan"), float("inf")])
def test_nan_stops_and_never_reaches_the_weights(toy, what):
    model, three = toy.Model(), toy.Model()
    with pytest.raises(TrainingError, match="stopped after step 3: in step 4 the loss"):
        run(toy, model, objective=breaking_at(4, what))
    assert all(torch.isfinite(p).all() for p in model.parameters())
    keep = {}

    def objective(m, batch):
        if len(keep) < 4:
            keep[len(keep)] = copy_of_weights(m)
        return classification(m, batch)

    run(toy, three, objective=objective)
    assert all(torch.equal(model.state_dict()[k], v) for k, v in keep[3].items())


def test_nan_gradient_of_a_finite_loss_stops_too(toy):
    class Root(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x.clone()

        @staticmethod
        def backward(context, gradient):
            return gradient * float("nan")

    def objective(model, batch):
        loss, count = classification(model, batch)
        return Root.apply(loss), count

    model, before = toy.Model(), toy.Model()
    with pytest.raises(TrainingError, match="gradient norm nan"):
        run(toy, model, objective=objective)
    assert same(model, before)


def test_nan_brings_back_the_last_checkpoint_and_names_it(toy, tmp_path):
    model = toy.Model()
    with pytest.raises(TrainingError) as caught:
        run(
            toy,
            model,
            objective=breaking_at(8, float("nan")),
            folder=tmp_path,
            config={"checkpoint_every": 3},
        )
    path = disk.path_of(tmp_path, 6)
    assert str(path) in str(caught.value)
    assert "step 8" in str(caught.value)
    stored = disk.load(path).model
    assert all(torch.equal(model.state_dict()[k], v) for k, v in stored.items())


def test_weights_that_overflow_are_never_saved(toy, tmp_path):
    """The last update itself breaks the weights: no later loss would show it."""

    def objective(model, batch):
        loss, count = classification(model, batch)
        model.table.weight.data[12, 0] = float("inf")  # a token that no text has
        return loss, count

    for folder in (None, tmp_path):
        with pytest.raises(TrainingError, match="a weight is no longer a number"):
            run(
                toy,
                toy.Model(vocabulary=13),
                batches=toy.Batches(records=8),
                config={"epochs": 1},
                objective=objective,
                folder=folder,
            )
    assert disk.steps_in(tmp_path) == []


# -- the disk ------------------------------------------------------------------


def test_a_full_disk_stops_with_a_sentence(toy, tmp_path, monkeypatch):
    real, calls = disk.save_file, []

    def full(tensors, path):
        calls.append(path)
        if len(calls) == 5:  # in the midst of the second checkpoint
            raise OSError(28, "No space left on device")
        real(tensors, path)

    monkeypatch.setattr(disk, "save_file", full)
    config = {"checkpoint_every": 2}
    with pytest.raises(TrainingError) as caught:
        run(toy, folder=tmp_path, config=config)
    message = str(caught.value)
    assert "checkpoint of step 4" in message
    assert "No space left on device" in message
    assert str(disk.path_of(tmp_path, 2)) in message
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000002"]
    monkeypatch.setattr(disk, "save_file", real)
    resumed, _ = run(toy, folder=tmp_path, config=config, resume=True)
    assert same(resumed, run(toy)[0])


@pytest.mark.skipif(os.name == "nt", reason="needs a limit on file sizes")
def test_a_write_that_really_fails_stops_with_a_sentence(tmp_path):
    """The kernel refuses bytes beyond a limit: no call is replaced by ours."""
    program = f"""
import resource, torch
from pathlib import Path
from torch import nn
from chapter2.errors import TrainingError
from chapter2.training import TrainingConfig, train

class Batches:
    def epoch(self, k): return [0, 1, 2]
    def collate(self, item): return {{"x": torch.ones(4, 64)}}

def objective(model, batch): return model(batch["x"]).square().sum(), 4

resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
try:
    train(nn.Linear(64, 400), objective, Batches(), TrainingConfig(precision="fp32"),
          folder=Path({str(tmp_path)!r}), progress=False)
except TrainingError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"The checkpoint of step 6 could not be written .*\.$", done.stdout)
    assert list(tmp_path.iterdir()) == []


# -- going on ------------------------------------------------------------------


def stop_after(step, calls=None):
    """Return an objective that sends this process SIGINT in that step."""
    calls = [] if calls is None else calls

    def objective(model, batch):
        calls.append(1)
        if len(calls) == step:
            signal.raise_signal(signal.SIGINT)
        return classification(model, batch)

    return objective


def test_ctrl_c_saves_and_says_how_to_go_on(toy, tmp_path):
    before = signal.getsignal(signal.SIGINT)
    model = toy.Model()
    with pytest.raises(InterruptedTraining) as caught:
        run(toy, model, folder=tmp_path, objective=stop_after(7))
    message = str(caught.value)
    assert "SIGINT after step 7" in message
    assert "resume" in message
    assert str(disk.path_of(tmp_path, 7)) in message
    assert caught.value.exit_code == 130
    assert signal.getsignal(signal.SIGINT) == before
    resumed, history = run(toy, folder=tmp_path, resume=True)
    whole, expected = run(toy)
    assert same(resumed, whole)
    assert history.losses == expected.losses


def test_a_second_ctrl_c_breaks_off(toy):
    def objective(model, batch):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(toy, objective=objective)


def test_sigterm_is_a_wish_to_stop_as_well(toy):
    def objective(model, batch):
        signal.raise_signal(signal.SIGTERM)
        return classification(model, batch)

    with pytest.raises(
        InterruptedTraining, match="SIGTERM after step 1; the model holds"
    ):
        run(toy, objective=objective)


def test_trains_outside_the_main_thread(toy):
    results = []
    thread = threading.Thread(target=lambda: results.append(run(toy)[0]))
    thread.start()
    thread.join()
    assert same(results[0], run(toy)[0])


@pytest.mark.parametrize("with_validation", [False, True])
def test_resuming_anywhere_gives_the_same_run(toy, tmp_path, with_validation):
    figures = [3.0, 2.0, 2.5]
    config = {"epochs": 3, "accumulation": 2}

    def validated():
        return scripted(*figures) if with_validation else None

    whole, expected = run(toy, config=config, validate=validated())
    for step in (1, 3, 5, 6, 8):
        folder = tmp_path / str(step)
        with pytest.raises(InterruptedTraining):
            run(
                toy,
                config=config,
                folder=folder,
                # two batches a step, three steps an epoch of which the last has one
                objective=stop_after(2 * step - (step // 3)),
                validate=validated(),
            )
        done = disk.load(disk.latest(folder)).state
        assert done["step"] == step
        assert done["epoch"] == (step - 1) // 3
        left = figures[step // 3 :]
        model, history = run(
            toy,
            config=config,
            folder=folder,
            resume=True,
            validate=scripted(*left) if with_validation else None,
        )
        assert same(model, whole)
        assert history.losses == expected.losses
        assert history.best_step == expected.best_step
        assert history.rates == expected.rates


def test_a_run_that_ended_resumes_to_its_end(toy, tmp_path):
    first, history = run(toy, folder=tmp_path, validate=scripted(1.0, 2.0))
    again, told = run(toy, folder=tmp_path, resume=True)
    assert same(first, again)
    assert told.to_dict() == history.to_dict()


def test_resume_without_a_checkpoint_begins_and_says_so(toy, tmp_path):
    _, history = run(toy, folder=tmp_path / "new", resume=True)
    assert "no checkpoint" in history.notices[0]


def test_checkpoints_are_not_overwritten_unasked(toy, tmp_path):
    run(toy, folder=tmp_path)
    with pytest.raises(TrainingError, match="holds a run that stopped after step 10"):
        run(toy, folder=tmp_path)


def test_only_damaged_checkpoints_is_said(toy, tmp_path):
    run(toy, folder=tmp_path)
    for path in tmp_path.iterdir():
        (path / "state.json").unlink()
    with pytest.raises(TrainingError, match=r"No checkpoint in .* is whole"):
        run(toy, folder=tmp_path, resume=True)


def test_damaged_checkpoints_do_not_displace_the_new_ones(toy, tmp_path):
    """Damaged are those of steps 6 and 8; 5, the best one, is whole, and 7 is saved."""
    often = {"checkpoint_every": 2}
    with pytest.raises(InterruptedTraining):
        run(
            toy,
            config=often,
            folder=tmp_path,
            objective=stop_after(8),
            validate=scripted(1.0),
        )
    assert disk.steps_in(tmp_path) == [5, 6, 8]
    for step in (6, 8):
        (disk.path_of(tmp_path, step) / "model.safetensors").write_bytes(b"")
    with pytest.raises(InterruptedTraining, match="step-00000007 holds everything"):
        run(toy, folder=tmp_path, resume=True, objective=stop_after(2))
    assert disk.latest(tmp_path) == disk.path_of(tmp_path, 7)
    assert disk.steps_in(tmp_path) == [5, 7]
    validate = scripted(0.5)
    resumed, _ = run(toy, folder=tmp_path, resume=True, validate=validate)
    assert same(resumed, run(toy)[0])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"config": {"learning_rate": 0.1}}, "settings differ in learning_rate"),
        ({"config": {"epochs": 3}}, r"settings differ in epochs \(2 there, 3 here\)"),
        ({"identity": {"texts": "b"}}, r"data differ in texts \(a there, b here\)"),
        ({"identity": {}}, "data differ in texts"),
    ],
)
def test_another_run_is_refused(toy, tmp_path, changes, sentence):
    run(toy, folder=tmp_path, identity={"texts": "a"})
    model = toy.Model()
    with pytest.raises(TrainingError, match=sentence) as caught:
        run(toy, model, **{"folder": tmp_path, "resume": True, **changes})
    assert "\n" not in str(caught.value)
    assert same(model, toy.Model())


def test_another_model_is_refused(toy, tmp_path):
    run(toy, folder=tmp_path)
    wider = toy.Model(vocabulary=13)
    with pytest.raises(TrainingError, match=r"model differ in table.weight .*13"):
        run(toy, wider, folder=tmp_path, resume=True)


def test_how_often_it_is_stored_may_change(toy, tmp_path):
    with pytest.raises(InterruptedTraining):
        run(toy, folder=tmp_path, objective=stop_after(4))
    config = {"checkpoint_every": 3}
    model, _ = run(toy, folder=tmp_path, resume=True, config=config)
    assert same(model, run(toy)[0])


def test_precision_is_that_of_the_beginning(toy, tmp_path, monkeypatch):
    """What ``auto`` means is measured; a resumed run must not measure again."""
    from chapter2 import runtime

    auto = {"precision": "auto"}
    monkeypatch.setattr(runtime, "bf16_pays", lambda device: True)
    with pytest.raises(InterruptedTraining):
        run(toy, folder=tmp_path, objective=stop_after(4), config=auto)
    monkeypatch.setattr(runtime, "bf16_pays", lambda device: False)
    model, history = run(toy, folder=tmp_path, resume=True, config=auto)
    assert history.precision == "bf16"
    assert same(model, run(toy, config={"precision": "bf16"})[0])


def test_the_clock_makes_a_checkpoint_due(toy, tmp_path):
    seen = []

    def objective(model, batch):
        seen.append(disk.steps_in(tmp_path))
        return classification(model, batch)

    run(toy, folder=tmp_path, objective=objective, config={"checkpoint_minutes": 1e-9})
    assert seen[:4] == [[], [1], [1, 2], [2, 3]]
