"""The learning rate: its closed form, and equal to transformers'."""

import pytest
import torch

from chapter2.training import SCHEDULES, warmup_linear

RUNS = [(1, 0.1), (10, 0.1), (37, 0.2), (200, 0.0), (50, 0.9)]


def theirs(name, optimizer, warmup, total):
    """Return transformers' schedule of that name."""
    import transformers

    if name in ("linear", "cosine"):
        make = getattr(transformers, f"get_{name}_schedule_with_warmup")
        return make(optimizer, warmup, total)
    if name == "constant":
        return transformers.get_constant_schedule_with_warmup(optimizer, warmup)
    return transformers.get_inverse_sqrt_schedule(optimizer, warmup)


@pytest.mark.parametrize(("total", "warmup"), RUNS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_equals_that_of_transformers(name, total, warmup):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    reference = theirs(name, optimizer, int(total * warmup), total)
    for step in range(total):
        rate = optimizer.param_groups[0]["lr"]
        found = SCHEDULES[name](step, total, warmup)
        assert found == pytest.approx(rate, abs=1e-12)
        optimizer.step()
        reference.step()


@pytest.mark.parametrize("name", SCHEDULES)
def test_each_is_at_its_peak_when_the_warmup_ends(name):
    factors = [SCHEDULES[name](t, 40, 0.25) for t in range(40)]
    assert factors[:11] == pytest.approx([t / 10 for t in range(11)])
    assert max(factors) == 1.0
    assert sorted(factors[10:], reverse=True) == factors[10:]


def test_closed_form():
    assert [warmup_linear(t, 10, 0.2) for t in range(10)] == pytest.approx(
        [0, 1 / 2, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8]
    )


def test_a_run_of_one_step_learns_at_the_full_rate():
    assert warmup_linear(0, 1, 0.1) == 1.0


def test_is_zero_after_the_end():
    assert warmup_linear(10, 10, 0.1) == 0.0
    assert warmup_linear(12, 10, 0.1) == 0.0
