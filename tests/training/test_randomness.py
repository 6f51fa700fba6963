"""Random states: captured whole, put back exactly, and the caller's untouched."""

import json
import random

import numpy as np
import torch

from chapter2.training.randomness import RandomState, capture, reproducible, restore


def draw():
    return (
        random.random(),
        random.gauss(0, 1),
        np.random.rand(),
        np.random.standard_normal(),
        torch.rand(2).tolist(),
        torch.randn(3).tolist(),
    )


def test_states_come_back_through_json():
    draw()  # leaves a spare Gaussian behind in each generator
    state = capture()
    plain = json.loads(json.dumps(state.values))
    first = [draw() for _ in range(3)]
    restore(RandomState(state.tensors, plain))
    assert [draw() for _ in range(3)] == first


def test_the_block_is_seeded_and_the_caller_is_not_disturbed():
    before = capture()
    with reproducible(5):
        inside = draw()
    after = draw()
    restore(before)
    assert draw() == after
    with reproducible(5):
        assert draw() == inside
    with reproducible(6):
        assert draw() != inside


def test_an_error_inside_restores_too():
    before = capture()
    try:
        with reproducible(1):
            draw()
            raise RuntimeError
    except RuntimeError:
        pass
    after = draw()
    restore(before)
    assert draw() == after
