"""The plan: every batch once per epoch, in steps known beforehand."""

import pytest

from chapter2.training import Plan
from chapter2.training.state import State


def flat(plan, **state):
    return list(plan.steps(State(**state)))


@pytest.mark.parametrize("accumulation", [1, 2, 3, 9])
def test_each_epoch_uses_each_batch_once(toy, accumulation):
    batches = toy.Batches()  # 5 batches
    plan = Plan(batches, toy.config(accumulation=accumulation, epochs=3))
    steps = flat(plan)
    assert len(steps) == len(plan) == 3 * -(-5 // accumulation)
    assert [s.number for s in steps] == list(range(len(plan)))
    for k in range(3):
        items = [item for s in steps if s.epoch == k for item in s.items]
        assert items == batches.epoch(k)
    assert [s.epoch for s in steps if s.validates] == [0, 1, 2]


def test_going_on_anywhere_gives_the_same_steps(toy):
    plan = Plan(toy.Batches(), toy.config(accumulation=2, epochs=3))
    whole = flat(plan)
    for start in range(len(plan) + 1):
        assert flat(plan, step=start) == whole[start:]


def test_no_step_follows_a_stop(toy):
    plan = Plan(toy.Batches(), toy.config())
    state = State()
    taken = []
    for step in plan.steps(state):
        taken.append(step)
        if len(taken) == 3:
            state.history.stopped = "enough"
    assert len(taken) == 3


def test_validation_by_steps_includes_the_last(toy):
    plan = Plan(toy.Batches(), toy.config(validate_every=4, epochs=2))
    assert [s.number + 1 for s in flat(plan) if s.validates] == [4, 8, 10]


def test_rates_follow_the_schedule(toy):
    from chapter2.training import warmup_linear

    plan = Plan(toy.Batches(), toy.config(learning_rate=0.5, warmup=0.2))
    rates = [s.rate for s in flat(plan)]
    assert rates == [0.5 * warmup_linear(t, 10, 0.2) for t in range(10)]
