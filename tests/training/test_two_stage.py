"""The toy of model parallelism gives the loss and the gradients of the uncut model."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from chapter2.training.two_stage import pipelined_loss, two_stages


@pytest.fixture
def layers():
    torch.manual_seed(0)
    sizes = [nn.Linear(6, 8), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 3)]
    return nn.Sequential(*sizes).double()


@pytest.mark.parametrize("micro_batches", [1, 2, 3, 7])
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_two_stages_equal_the_uncut_model(layers, micro_batches, cut):
    uncut = copy.deepcopy(layers)
    inputs, targets = torch.randn(7, 6).double(), torch.arange(7) % 3
    whole = cross_entropy(uncut(inputs), targets)
    whole.backward()
    stages = two_stages(layers, cut, ("cpu", "cpu"))
    loss = pipelined_loss(stages, cross_entropy, inputs, targets, micro_batches)
    torch.testing.assert_close(loss, whole.detach(), atol=1e-12, rtol=0)
    halves = [*stages[0].parameters(), *stages[1].parameters()]
    for ours, theirs in zip(halves, uncut.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-12, rtol=0)
