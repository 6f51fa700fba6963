"""Trackers: files that TensorBoard's own reader reads; W&B offline; the bar."""

import sys
import types

import pytest

from chapter2.errors import InterruptedTraining, UsageError
from chapter2.objectives import classification
from chapter2.training import trackers, train


def run(toy, **options):
    options.setdefault("progress", False)
    objective = options.pop("objective", classification)
    losses = iter([0.5, 0.4])
    return train(
        toy.Model(),
        objective,
        toy.Batches(),
        toy.config(),
        validate=lambda model: {"loss": next(losses)},
        **options,
    )


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def curve(events, tag):
    return [(point.step, point.value) for point in events.Scalars(tag)]


def test_tensorboard_reads_what_was_written(toy, tmp_path):
    history = run(toy, trackers=trackers(["tensorboard"], tmp_path))
    events = read(tmp_path / "tensorboard")
    losses = curve(events, "train/loss")
    assert [step for step, _ in losses] == history.steps
    assert [value for _, value in losses] == pytest.approx(history.losses, rel=1e-6)
    rates = [value for _, value in curve(events, "train/learning_rate")]
    assert rates == pytest.approx(history.rates, rel=1e-6)
    assert curve(events, "validation/loss") == [(5, 0.5), (10, pytest.approx(0.4))]
    assert {"train/gradient_norm", "train/tokens_per_second"} <= set(
        events.Tags()["scalars"]
    )
    assert "learning_rate" in str(events.Tensors("settings/text_summary")[0])


def test_a_resumed_curve_has_each_step_once(toy, tmp_path):
    calls = []

    def stopping(model, batch):
        import signal

        calls.append(1)
        if len(calls) == 4:
            signal.raise_signal(signal.SIGTERM)
        return classification(model, batch)

    folder = tmp_path / "checkpoints"
    followed = {"folder": folder, "trackers": trackers(["tensorboard"], tmp_path)}
    with pytest.raises(InterruptedTraining):
        run(toy, objective=stopping, **followed)
    run(toy, resume=True, folder=folder, trackers=trackers(["tensorboard"], tmp_path))
    steps = [s for s, _ in curve(read(tmp_path / "tensorboard"), "train/loss")]
    assert steps == list(range(1, 11))


class FakeRun:
    def __init__(self):
        self.logged, self.finished = [], False

    def log(self, figures, step):
        self.logged.append((step, figures))

    def finish(self):
        self.finished = True


@pytest.fixture
def wandb(monkeypatch):
    module = types.ModuleType("wandb")
    module.runs = []

    def init(**options):
        module.options = options
        module.runs.append(FakeRun())
        return module.runs[-1]

    module.init = init
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


def test_wandb_is_told_offline(toy, tmp_path, wandb):
    history = run(toy, trackers=trackers(["wandb"], tmp_path))
    assert wandb.options["mode"] == "offline"
    assert wandb.options["dir"] == str(tmp_path / "wandb")
    assert (tmp_path / "wandb").is_dir()
    assert wandb.options["config"]["learning_rate"] == 0.02
    told = wandb.runs[0]
    assert told.finished
    losses = [f["train/loss"] for _, f in told.logged if "train/loss" in f]
    assert losses == history.losses
    assert [s for s, f in told.logged if "validation/loss" in f] == [5, 10]


def test_wandb_that_is_missing_is_said(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UsageError, match="not installed; pip install wandb"):
        trackers(["wandb"], tmp_path)


def test_tensorboard_that_is_missing_is_said(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UsageError, match="TensorBoard is not installed"):
        trackers(["tensorboard"], tmp_path)


def test_an_unknown_tracker_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no tracker 'mlflow'; use tensorboard or"):
        trackers(["mlflow"], tmp_path)


def test_trackers_are_closed_when_training_fails(toy, wandb, tmp_path):
    def broken(model, batch):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        run(toy, objective=broken, trackers=trackers(["wandb"], tmp_path))
    assert wandb.runs[0].finished


def test_the_bar_is_on_stderr_with_loss_and_rate(toy, capsys):
    run(toy, progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "10/10" in shown.err
    assert "loss 0." in shown.err
    assert "tokens/s" in shown.err
    assert "validation loss 0.400" in shown.err


def test_without_progress_nothing_is_printed(toy, capsys):
    run(toy)
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""
