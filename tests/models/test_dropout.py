"""Dropout: its share, its mean, its independence, its gradient."""

import numpy as np
import pytest
import torch

from chapter2.models.dropout import drop, keep_mask


def test_dropout_draws_with_its_own_probability_and_keeps_the_mean():
    torch.manual_seed(0)
    mask = keep_mask(torch.Size((1000, 1000)), 0.1)
    share = (mask == 0).double().mean().item()
    assert abs(share - 0.1) < 4 * np.sqrt(0.1 * 0.9 / 1e6)  # four standard errors
    assert abs(mask.double().mean().item() - 1) < 2e-3
    assert len(mask.unique()) == 2


def test_dropout_draws_independently():
    torch.manual_seed(1)
    one, two = (keep_mask(torch.Size((500, 2001)), 0.5).flatten() for _ in range(2))
    for x, y in ((one, two), (one[1:], one[:-1]), (one[4:], one[:-4])):
        both = ((x > 0) & (y > 0)).double().mean().item()
        assert abs(both - 0.25) < 2e-3


@pytest.mark.parametrize("p", [0.0, 0.3])
def test_dropout_does_nothing_when_predicting(p):
    dropout = torch.nn.Dropout(p).eval()
    x = torch.ones(3, 4)
    assert drop(x, dropout) is x


def test_dropout_passes_gradients_where_it_passed_values():
    torch.manual_seed(0)
    x = torch.ones(50, 50, requires_grad=True)
    y = drop(x, torch.nn.Dropout(0.4).train())
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
