"""The training loop: read ``train`` from the top down; every name is a step of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from chapter2.errors import UsageError
from chapter2.runtime import autocast_dtype
from chapter2.training.config import TrainingConfig
from chapter2.training.distributed import ALONE, Alone
from chapter2.training.history import History
from chapter2.training.keeper import Keeper
from chapter2.training.method import FULL, Method
from chapter2.training.optimizer import make_optimizer
from chapter2.training.plan import Batches, Plan
from chapter2.training.randomness import reproducible
from chapter2.training.recompute import recomputing
from chapter2.training.report import Reporter
from chapter2.training.signals import StopSignals
from chapter2.training.splitting import fitting_gradients
from chapter2.training.state import State
from chapter2.training.step import Objective, autocast, device_of, take_step
from chapter2.training.tracking import Tracker

# returns the figures of the validation part, "loss" among them
Validate = Callable[[nn.Module], Mapping[str, float]]


def train(
    model: nn.Module,
    objective: Objective,
    batches: Batches,
    config: TrainingConfig,
    *,
    method: Method = FULL,
    validate: Validate | None = None,
    folder: Path | str | None = None,  # for checkpoints; None: nothing on disk
    resume: bool = False,
    identity: Mapping[str, str] | None = None,  # hashes of the data, for ``resume``
    progress: bool = True,
    trackers: Sequence[Tracker] = (),
    processes: Alone = ALONE,  # or several that share each batch
) -> History:
    """Train ``model`` in place, leave it with its best weights, say what happened.

    Raises:
        TrainingError: a loss that is no number, or diverges; no memory for a record;
            a full disk; another run's checkpoint.
        InterruptedTraining: Ctrl-C or SIGTERM; the step was finished and saved.
    """
    plan = Plan(batches, config)
    optimizer = make_optimizer(model, config, method.groups(model, config.weight_decay))
    objective = processes.spread(model, method.objective(objective), optimizer)
    keeper = Keeper(model, optimizer, config, folder, identity, processes)
    with (
        reproducible(config.seed),
        recomputing(model, config.checkpointing),
        StopSignals() as signals,
    ):
        state = keeper.begin(resume, new_state(model, config, validate), bool(validate))
        gradients = partial(fitting_gradients, model, objective, plan, state, processes)
        config = replace(config, precision=state.history.precision)  # "auto" is settled
        with Reporter(len(plan), state, config, progress, trackers) as reporter:
            for step in plan.steps(state):
                measured = take_step(
                    model, optimizer, gradients, step, config, method, len(plan)
                )
                keeper.record(state, step, measured)
                if validate and step.validates:
                    figures = measure(model, validate, config.precision)
                    state.judge(processes.same(figures), config)
                reporter.show(state)
                keeper.keep(state)
                keeper.heed(state, signals.caught)
        return keeper.finish(state)


def new_state(
    model: nn.Module, config: TrainingConfig, validate: Validate | None
) -> State:
    """Return the state before the first step; what "auto" means is settled here.

    Raises:
        UsageError: a patience, and nothing that could exhaust it.
    """
    if validate is None and config.patience is not None:
        raise UsageError(
            f"patience is {config.patience}, but there is no validation part; give "
            "one, or set patience to None."
        )
    halved = autocast_dtype(device_of(model), config.precision) is not None
    return State(history=History(precision="bf16" if halved else "fp32"))


def measure(model: nn.Module, validate: Validate, precision: str) -> dict[str, float]:
    """Return the validation figures: without dropout, without gradients, timed."""
    began = time.perf_counter()
    model.eval()
    with torch.no_grad(), autocast(model, precision):
        figures = dict(validate(model))
    model.train()
    return {**figures, "seconds": time.perf_counter() - began}
