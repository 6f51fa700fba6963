"""The range test: rates that rise, a suggestion, and a model left as it was."""

import copy

import numpy as np
import pytest
import torch

from chapter2.errors import UsageError
from chapter2.objectives import classification
from chapter2.training import train
from chapter2.training.range_test import range_test, steepest


def test_model_and_random_state_stay_as_they_were(toy):
    model = toy.Model().eval()
    before = copy.deepcopy(model.state_dict())
    torch.manual_seed(3)
    random = torch.get_rng_state()
    range_test(model, classification, toy.Batches(), toy.config(), steps=20)
    assert torch.equal(torch.get_rng_state(), random)
    assert not model.training
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_rates_rise_by_one_factor_and_equal_tests_are_equal(toy):
    options = {"steps": 30, "lowest": 1e-6, "highest": 1e-3}
    args = (toy.Model(), classification, toy.Batches(), toy.config())
    found = range_test(*args, **options)
    np.testing.assert_allclose(found.rates, np.geomspace(1e-6, 1e-3, 30))
    assert range_test(*args, **options) == found


def test_it_stops_where_the_loss_diverges(toy):
    config = toy.config(optimizer="sgd", max_grad_norm=None)
    found = range_test(toy.Model(), classification, toy.Batches(), config, highest=1e6)
    assert len(found.rates) < 100
    assert max(found.losses) <= 4 * min(found.losses)


def test_the_suggestion_learns(toy):
    config = toy.config(epochs=10)
    found = range_test(toy.Model(), classification, toy.Batches(), config)
    assert 1e-4 < found.suggestion < 1
    config = toy.config(epochs=10, learning_rate=found.suggestion)
    history = train(toy.Model(), classification, toy.Batches(), config, progress=False)
    assert history.mean_loss(10) < 0.7 * history.mean_loss(1)


def test_the_steepest_place_of_a_known_curve():
    rates = np.geomspace(1e-6, 1e-2, 101)
    falling = -np.tanh(3 * (np.log10(rates) + 3.5))  # steepest at 10^-3.5
    assert steepest(list(rates), list(falling)) == pytest.approx(10**-3.5, rel=0.1)
    assert steepest(list(rates), list(-falling)) is None


@pytest.mark.parametrize("options", [{"steps": 9}, {"lowest": 1.0}, {"lowest": 0.0}])
def test_what_shows_nothing_is_refused(toy, options):
    with pytest.raises(UsageError, match="shows nothing"):
        range_test(toy.Model(), classification, toy.Batches(), toy.config(), **options)
