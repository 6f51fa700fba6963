"""A learning rate that is too high is found, and good weights are given back."""

import re

import pytest
import torch

from chapter2.errors import TrainingError
from chapter2.models import load_encoder
from chapter2.objectives import classification
from chapter2.objectives.regularised import label_smoothing
from chapter2.training import checkpoint as disk
from chapter2.training import train
from chapter2.training.divergence import WINDOW, divergence, steps_to
from chapter2.training.history import History
from chapter2.training.weights import copy_of_weights


def equal(model, weights):
    now = copy_of_weights(model)
    return all(torch.equal(now[name], weights[name]) for name in weights)


def history_of(losses, count=8):
    return History(losses=list(losses), counts=[count] * len(losses))


def rising_after(good):
    """Return an objective whose loss is 40 nats higher after so many batches."""
    calls = 0

    def objective(model, batch):
        nonlocal calls
        calls += 1
        loss, count = classification(model, batch)
        return loss + (40.0 * count if calls > good else 0.0), count

    return objective


# -- the rule ------------------------------------------------------------------


def test_the_limit_is_twice_the_first_loss_and_two_nats():
    first = [0.5, 0.9, 0.5, 0.9]  # 32 targets in four steps of 8: 0.7
    assert divergence(history_of(first + [3.39] * WINDOW)) is None
    said = divergence(history_of(first + [3.41] * WINDOW))
    assert "median of the last 10 steps" in said
    assert "0.7 at first" in said


def test_a_few_high_steps_are_no_divergence():
    assert divergence(history_of([0.7] * 20 + [90.0] * 4 + [0.7])) is None
    assert divergence(history_of([0.7] * 20 + [90.0] * 6)) is not None


def test_the_first_steps_are_weighted_by_their_targets():
    assert steps_to([10, 10, 10, 10], 32) == 4
    assert steps_to([64, 1], 32) == 1
    assert steps_to([1, 1], 32) == 2


def test_a_loss_below_zero_has_a_limit_above_itself():
    assert divergence(history_of([-5.0] * 30)) is None
    assert divergence(history_of([-5.0] * 4 + [2.1] * WINDOW)) is not None


def test_longer_sequences_may_lose_more():
    """A path's loss is a sum over its tokens; batches are grouped by length."""
    counts, tokens = [32] * 11, [32 * 10] + [32 * 45] * 10
    short_first = History(losses=[19.9] + [85.3] * 10, counts=counts, tokens=tokens)
    assert divergence(short_first) is None
    short_first.losses = [19.9] + [182.0] * 10  # above 4.5 * 2 * 19.9 + 2
    assert divergence(short_first) is not None
    long_first = History(
        losses=[19.9] + [42.0] * 10, counts=counts, tokens=[32 * 45] + [32 * 10] * 10
    )
    assert divergence(long_first) is not None


# -- in the loop ---------------------------------------------------------------


def test_a_rate_of_5_is_stopped_and_the_start_given_back(toy):
    model = load_encoder("tiny-random", ("a", "b")).model
    before = copy_of_weights(model)
    config = toy.config(learning_rate=5.0, epochs=20)
    with pytest.raises(TrainingError) as caught:
        train(
            model,
            classification,
            toy.Batches(),
            config,
            validate=lambda m: {"loss": float("nan")},
            progress=False,
        )
    message = str(caught.value)
    step = int(re.search(r"stopped after step (\d+)", message).group(1))
    assert step <= 30
    assert "the learning rate diverges" in message
    assert "back at its starting weights" in message
    assert "below 5" in message
    assert equal(model, before)


def test_without_any_kept_weights_it_says_so(toy):
    with pytest.raises(
        TrainingError, match=r"no older weights .*: load the model anew"
    ):
        train(
            toy.Model(),
            rising_after(6),
            toy.Batches(),
            toy.config(epochs=9),
            progress=False,
        )


@pytest.mark.parametrize("with_folder", [False, True])
def test_the_best_weights_are_given_back(toy, tmp_path, with_folder):
    kept = []

    def validate(model):
        kept.append(copy_of_weights(model))
        return {"loss": float(len(kept) != 2)}  # the second is the best

    model = toy.Model()
    with pytest.raises(TrainingError, match="back at its best weights, of step 10"):
        train(
            model,
            rising_after(17),
            toy.Batches(),
            toy.config(epochs=9),
            validate=validate,
            folder=tmp_path if with_folder else None,
            progress=False,
        )
    assert equal(model, kept[1])


def test_a_checkpoint_inside_the_rise_is_not_taken(toy, tmp_path):
    """It is found after step 20, of which 16 to 20 are high: 18 is the newest."""
    model = toy.Model()
    with pytest.raises(TrainingError) as caught:
        train(
            model,
            rising_after(15),
            toy.Batches(),
            toy.config(epochs=9, checkpoint_every=9),
            folder=tmp_path,
            progress=False,
        )
    assert disk.steps_in(tmp_path)[-1] > 15
    path = disk.path_of(tmp_path, 9)
    assert str(path) in str(caught.value)
    assert equal(model, disk.load(path).model)


def test_a_best_figure_from_inside_the_rise_is_not_trusted(toy):
    """Each validation is the best so far; the first comes after the rise began."""
    figures = iter(range(100, 0, -1))
    model = toy.Model()
    before = copy_of_weights(model)
    with pytest.raises(TrainingError, match="back at its starting weights"):
        train(
            model,
            rising_after(4),
            toy.Batches(),
            toy.config(epochs=9),
            validate=lambda m: {"loss": float(next(figures))},
            progress=False,
        )
    assert equal(model, before)


@pytest.mark.parametrize("objective", [classification, label_smoothing(0.3)])
@pytest.mark.parametrize("rate", [5e-5, 1e-3, 2e-2])
def test_usual_fine_tuning_is_left_alone(toy, objective, rate):
    model = load_encoder("tiny-random", ("a", "b")).model
    config = toy.config(epochs=6, learning_rate=rate)
    history = train(model, objective, toy.Batches(), config, progress=False)
    assert history.stopped == "all epochs done"
    assert divergence(history) is None


def test_a_model_from_scratch_is_left_alone(toy):
    """The loss begins at the logarithm of the vocabulary, and above it."""
    torch.manual_seed(0)
    table, head = torch.nn.Embedding(50, 16), torch.nn.Linear(16, 50)
    model = torch.nn.Sequential(table, head)

    class Tokens:
        def epoch(self, k):
            return list(range(20))

        def collate(self, item):
            draw = torch.Generator().manual_seed(item)
            return {"input_ids": torch.randint(50, (4, 9), generator=draw)}

    def causal(model, batch):
        ids = batch["input_ids"]
        logits = model(ids[:, :-1]).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(
            logits, ids[:, 1:].flatten(), reduction="sum"
        )
        return loss, ids[:, 1:].numel()

    config = toy.config(epochs=3, learning_rate=1e-2)
    history = train(model, causal, Tokens(), config, progress=False)
    assert history.stopped == "all epochs done"
