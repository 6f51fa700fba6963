"""The learning rate: its closed form, and equal to transformers'."""

import pytest
import torch

from chapter2.training import warmup_linear


@pytest.mark.parametrize(
    ("total", "warmup"), [(1, 0.1), (10, 0.1), (37, 0.2), (200, 0.0), (50, 0.9)]
)
def test_equals_that_of_transformers(total, warmup):
    from transformers import get_linear_schedule_with_warmup

    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    theirs = get_linear_schedule_with_warmup(optimizer, int(total * warmup), total)
    for step in range(total):
        rate = optimizer.param_groups[0]["lr"]
        assert warmup_linear(step, total, warmup) == pytest.approx(rate, abs=1e-12)
        optimizer.step()
        theirs.step()


def test_closed_form():
    assert [warmup_linear(t, 10, 0.2) for t in range(10)] == pytest.approx(
        [0, 1 / 2, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8]
    )


def test_a_run_of_one_step_learns_at_the_full_rate():
    assert warmup_linear(0, 1, 0.1) == 1.0


def test_is_zero_after_the_end():
    assert warmup_linear(10, 10, 0.1) == 0.0
    assert warmup_linear(12, 10, 0.1) == 0.0
