"""A longer budget does not give a worse model, over many simulated fields."""

from dataclasses import replace

import numpy as np
import pytest
from test_plan import CHEAP, flat, outcome, plan_of, rising

from chapter2.selection.race import PATIENCE
from chapter2.selection.runner import Runner

BUDGETS = [5.0 * 2**k for k in range(11)]  # seconds: to an hour and a half


def field(seed):
    """Two to five candidates of any quality, that take 1 to 200 s for a whole fold."""
    draw = np.random.default_rng(seed)
    curves, seconds = {"words": flat(0.6 + 0.2 * draw.random())}, {"words": 0.1}
    runners = [CHEAP]
    for i in range(draw.integers(2, 6)):
        high = 0.6 + 0.35 * draw.random()
        curves[f"c{i}"] = rising(high - 0.25 * draw.random(), high)
        runners.append(Runner(f"c{i}", False, by_epochs=bool(draw.random() < 0.6)))
        seconds[f"c{i}"] = 10 ** draw.uniform(0, 2.3)
    return plan_of(*runners), curves, seconds


def best(plan, curves, seconds, left):
    """Run the plan as the race does, clock included; return the leader's score."""
    outcomes, ended, used = [], [], 0.0
    while (trial := plan.next(outcomes, ended, left - used)) is not None:
        whole = replace(trial, fold=0, records=800, effort=1.0)  # takes ``seconds``
        share = plan._work(trial) / plan._work(whole)
        took = seconds[trial.candidate] * share
        most = (left - used) * (1 if plan._whole(trial) else PATIENCE)
        used += min(took, most)
        if took > most:
            ended.append(trial)
            continue
        score = curves[trial.candidate](trial.records * trial.effort)
        outcomes.append(outcome(trial, score, took))
    assert used <= left
    return max((plan.score(o) for o in outcomes if plan._counts(o)), default=0.0)


@pytest.mark.parametrize("seed", range(50))
def test_twice_the_budget_never_gives_a_worse_leader(seed):
    plan, curves, seconds = field(seed)
    scores = [best(plan, curves, seconds, left) for left in BUDGETS]
    assert scores == sorted(scores)
    assert scores[-1] == max(curve(800) for curve in curves.values())  # time for all
