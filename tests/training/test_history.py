"""The history: averages, round trip, and its figure."""

import json

import numpy as np
import pytest

from chapter2.objectives import classification
from chapter2.training import History, train
from chapter2.training.curves import running_mean


@pytest.fixture
def history(toy):
    config = toy.config(epochs=3)
    losses = iter([0.5, 0.3, 0.4])
    return train(
        toy.Model(),
        classification,
        toy.Batches(records=37),
        config,
        validate=lambda model: {"loss": next(losses), "accuracy": 0.5},
        progress=False,
    )


def test_a_short_last_batch_weighs_what_it_is(history):
    """Faults 8 and 9 of the source chapter: a mean of batch means is another number."""
    losses, counts = np.array(history.losses[:5]), np.array(history.counts[:5])
    assert counts.tolist() == [8, 8, 8, 8, 5]
    right = (losses * counts).sum() / 37
    assert history.mean_loss(1) == pytest.approx(right, rel=1e-12)
    assert history.mean_loss(1) != pytest.approx(losses.mean(), rel=1e-6)


def test_all_epochs_together(history):
    each = [history.mean_loss(k) for k in (1, 2, 3)]
    assert history.mean_loss() == pytest.approx(np.mean(each))  # equally many records


def test_goes_through_json_and_a_file(history, tmp_path):
    plain = json.loads(json.dumps(history.to_dict()))
    assert History.from_dict(plain) == history
    history.save(tmp_path / "history.json")
    assert History.load(tmp_path / "history.json") == history


def test_from_dict_shares_nothing(history):
    values = history.to_dict()
    copy = History.from_dict(values)
    copy.losses.append(0.0)
    copy.validations.append({})
    assert values == history.to_dict()


def test_an_empty_history_has_no_loss_and_no_rate():
    assert History().mean_loss() == 0.0
    assert History().tokens_per_second == 0.0


def test_rate_is_real_tokens_over_the_time_of_the_steps(history):
    expected = sum(history.tokens) / sum(history.durations)
    assert history.tokens_per_second == pytest.approx(expected)


def test_running_mean_is_weighted():
    values, weights = [1.0, 2.0, 4.0, 8.0], [1, 1, 2, 1]
    expected = [1.0, 1.5, (2 + 8) / 3, (8 + 8) / 3]
    assert running_mean(values, weights, 2) == pytest.approx(expected)
    assert running_mean(values, weights, 1) == pytest.approx(values)
    assert running_mean(values, weights, 9)[-1] == pytest.approx(19 / 5)


def test_plot_draws_what_happened(history):
    figure = history.plot()
    left, right = figure.axes
    single, mean, validation = left.lines
    assert single.get_ydata().tolist() == history.losses
    assert len(mean.get_ydata()) == len(history.steps)
    assert validation.get_xdata().tolist() == [5, 10, 15]
    assert validation.get_ydata().tolist() == [0.5, 0.3, 0.4]
    assert right.lines[0].get_ydata().tolist() == history.rates
    assert left.get_xlabel() == right.get_xlabel() == "step"
    assert "loss" in left.get_ylabel()


def test_plot_leaves_no_figure_open(history):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    history.plot()
    assert plt.get_fignums() == before


def test_plot_without_validation(history):
    history.validations.clear()
    assert len(history.plot().axes[0].lines) == 2
