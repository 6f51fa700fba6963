"""Where memory does not suffice: the same step in smaller micro-batches.

The gradients of a step are a sum over its records, so cutting each micro-batch into
pieces, and adding up, changes what is held at a time and not the step: the same
records, the same weights to rounding. Dropout draws other masks.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from chapter2.errors import TrainingError
from chapter2.training.distributed import Alone
from chapter2.training.plan import Batch, Plan, Step
from chapter2.training.state import State
from chapter2.training.step import Objective, accumulate_gradients, rows_in

# what torch says where it raises a plain RuntimeError: on a CPU, or by a library
SIGNS = ("can't allocate memory", "not enough memory", "out of memory")


def fitting_gradients(
    model: nn.Module,
    objective: Objective,
    plan: Plan,
    state: State,
    processes: Alone,
    step: Step,
) -> tuple[Tensor, Tensor, int]:
    """Add up the gradients of ``step``, in pieces as small as memory demands.

    After an allocation error the step is begun again with pieces half as large;
    ``state`` remembers it for the steps to come, and a notice says so. Returns what
    :func:`accumulate_gradients` does.

    Raises:
        TrainingError: single records do not fit, or several ``processes`` share the
            step, which would have to halve at the same moment.
    """
    while True:
        batches = pieces(plan.load(step), state.split)
        try:
            return accumulate_gradients(
                model, objective, batches, state.history.precision
            )
        except (MemoryError, RuntimeError) as error:
            if not is_shortage(error):
                raise
        # outside the except block: the error's traceback holds the step's tensors
        model.zero_grad(set_to_none=True)
        largest = max(rows_in(batch) for batch in plan.load(step))
        halve(state, step, largest, processes.count)


def is_shortage(error: BaseException) -> bool:
    """Return whether ``error`` says that memory could not be had."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return any(sign in str(error).lower() for sign in SIGNS)


def halve(state: State, step: Step, largest: int, processes: int) -> None:
    """Let micro-batches, of ``largest`` rows at most, be cut once more; say so.

    Raises:
        TrainingError: they cannot be, or not by one process alone.
    """
    where = f"Memory did not suffice in step {step.number + 1}"
    if processes > 1:
        raise TrainingError(
            f"{where} of a run in {processes} processes, which cannot halve their "
            "batches alone; lower batch_size or token_budget and raise accumulation."
        )
    if state.split >= largest:
        raise TrainingError(
            f"{where} for a single record; use shorter texts, checkpointing=True, or a "
            "smaller model."
        )
    state.split *= 2
    notice = (
        f"{where}: from there on each batch is computed in {state.split} pieces, whose "
        "gradients are added up, so that the effective batch stays the same."
    )
    state.history.notices.append(notice)
    warnings.warn(notice, stacklevel=2)


def pieces(batches: Iterable[Batch], split: int) -> Iterator[Batch]:
    """Yield each batch in ``split`` parts of nearly equal rows; single rows at least.

    Single numbers, such as a seed, go to every part.
    """
    if split == 1:
        yield from batches
        return
    for batch in batches:
        size = -(-rows_in(batch) // split)  # rounded up
        for i in range(0, rows_in(batch), size):
            yield {k: v[i : i + size] if v.ndim else v for k, v in batch.items()}
