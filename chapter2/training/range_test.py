"""Learning-rate range test (Smith, 2017): one short run in which the rate rises.

Where the rate is too low the loss stays, then it falls, then it diverges; a good rate
is where it falls most steeply. Smith lets the rate rise in a straight line; here it
rises exponentially, as fastai has it (Howard and Gugger, 2020), since rates differ by
powers of ten. The smoothing and the end at four times the lowest loss are fastai's too.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from torch import nn

from chapter2.errors import UsageError
from chapter2.training.config import TrainingConfig
from chapter2.training.distributed import Alone
from chapter2.training.loop import new_state
from chapter2.training.method import FULL, Method
from chapter2.training.optimizer import make_optimizer
from chapter2.training.plan import Batches, Plan
from chapter2.training.randomness import reproducible
from chapter2.training.splitting import fitting_gradients
from chapter2.training.step import Objective, take_step

SMOOTHING = 0.9  # share of the past in a mean over about the last 10 steps
TOO_HIGH = 4.0  # times the lowest smoothed loss: diverged
FEWEST = 10  # steps, without which there is no slope to speak of


@dataclass(frozen=True)
class RangeTest:
    """The smoothed loss at each rate, up to where it diverged."""

    rates: list[float]  # rising
    losses: list[float]  # mean per target in nats, smoothed
    suggestion: float | None  # where the loss fell most steeply; None: it never fell


def range_test(
    model: nn.Module,
    objective: Objective,
    batches: Batches,
    config: TrainingConfig,
    *,
    method: Method = FULL,
    steps: int = 100,
    lowest: float = 1e-7,  # the first rate
    highest: float = 1.0,  # the last one, if the loss has not diverged before
) -> RangeTest:
    """Train a copy of ``model`` with rising rates; ``model`` itself stays as it is.

    Of ``config`` all but rate, schedule and epochs is used.

    Raises:
        UsageError: rates that do not rise, or fewer than ten steps.
    """
    plan = plan_of(batches, config, steps)
    total = min(steps, len(plan))
    check(total, lowest, highest)
    # together: what a method holds, it holds of this model
    model, method = copy.deepcopy((model, method))
    optimizer = make_optimizer(model, config, method.groups(model, config.weight_decay))
    state = new_state(model, replace(config, patience=None), None)
    objective = method.objective(objective)
    gradients = partial(fitting_gradients, model, objective, plan, state, Alone())
    rates: list[float] = []
    losses: list[float] = []
    mean = 0.0
    with reproducible(config.seed):
        for i, step in zip(range(total), plan.steps(state), strict=False):
            # r_i = r_0 (r_1 / r_0)^(i / (n - 1))
            rate = lowest * (highest / lowest) ** (i / (total - 1))
            step = replace(step, rate=rate)
            loss = take_step(
                model, optimizer, gradients, step, config, method, total
            ).loss
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            smoothed = mean / (1 - SMOOTHING ** (i + 1))  # the mean began at 0
            if not math.isfinite(loss) or smoothed > TOO_HIGH * min(
                [*losses, smoothed]
            ):
                break
            rates.append(rate)
            losses.append(smoothed)
    return RangeTest(rates, losses, steepest(rates, losses))


def check(total: int, lowest: float, highest: float) -> None:
    """Refuse a test that could show nothing.

    Raises:
        UsageError: rates that do not rise, or fewer than ten steps.
    """
    if not 0 < lowest < highest or total < FEWEST:
        raise UsageError(
            f"A range test of {total} steps from {lowest:g} to {highest:g} shows "
            f"nothing; take rates that rise and at least {FEWEST} steps."
        )


def plan_of(batches: Batches, config: TrainingConfig, steps: int) -> Plan:
    """Return a plan of as many epochs as ``steps`` take."""
    one = len(Plan(batches, replace(config, epochs=1)))
    return Plan(batches, replace(config, epochs=max(1, -(-steps // max(1, one)))))


def steepest(rates: list[float], losses: list[float]) -> float | None:
    """Return the rate at which the loss falls most per power of ten, if it falls.

    The first tenth is passed over, where the mean is still over a few steps.
    """
    first = len(rates) // 10
    if len(rates) - first < 2:
        return None
    slopes = np.gradient(np.asarray(losses[first:]), np.log10(rates[first:]))
    best = int(slopes.argmin())
    return rates[first + best] if slopes[best] < 0 else None
