"""Several processes that train one model: each computes a share of every batch.

``accelerate launch`` starts the processes; each runs the whole program on the same
data. Per micro-batch, process r of W takes the rows r, r + W, r + 2 W, ...; torch's
DistributedDataParallel adds up the gradients; loss and count are added up beside them.
So every process then takes the same optimiser step, and the step is that of one
process with the whole batch:

    L = sum over processes of (sum of losses), n = sum over processes of (targets)
    gradient = grad L / n

The sums are formed in another order than in one process, so the weights differ by
rounding, about 1e-7 of a weight per step; and dropout draws other masks, because each
process draws for its own rows: from a number that all draw alike, and its own rank. So
the masks differ between processes, the generators stay equal, and what the first one
stores of them resumes all. What is masked is drawn for the whole batch in each process,
and is the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from chapter2 import runtime
from chapter2.errors import UsageError
from chapter2.training.plan import Batch
from chapter2.training.step import Objective, rows_in


class Alone:
    """One process: shares nothing, waits for nobody."""

    rank, count = 0, 1

    def spread(
        self,
        model: nn.Module,
        objective: Objective,
        optimizer: torch.optim.Optimizer,
    ) -> Objective:
        """Return the objective as it is."""
        return objective

    def agree(self, wish: str | None) -> str | None:
        """Return the wish to stop, if there is one."""
        return wish

    def same(self, value: Any) -> Any:
        """Return the value that the first process has."""
        return value

    def wait(self) -> None:
        """Wait until every process has come here."""

    @property
    def writes(self) -> bool:
        """Whether this process writes files and tells of the run: the first one."""
        return self.rank == 0


ALONE = Alone()


class Shared(Alone):
    """One of several processes, joined by accelerate."""

    def __init__(self) -> None:
        from accelerate import Accelerator, DistributedDataParallelKwargs

        # BERT's pooler has no part in the loss of masked words
        unused = DistributedDataParallelKwargs(find_unused_parameters=True)
        on_cpu = runtime.device().type == "cpu"
        self.accelerator = Accelerator(cpu=on_cpu, kwargs_handlers=[unused])
        refuse_shards(self.accelerator.distributed_type.value)
        self.rank = self.accelerator.process_index
        self.count = self.accelerator.num_processes

    def spread(
        self,
        model: nn.Module,
        objective: Objective,
        optimizer: torch.optim.Optimizer,
    ) -> Objective:
        """Return an objective of the whole batch that computes this process's rows.

        ``model`` gets the first process's weights. ``optimizer`` holds what is trained
        at any time, though some of it may be frozen in some steps:
        DistributedDataParallel adds up what wants a gradient when it wraps the model,
        and passes over what has none in a step.
        """
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.requires_grad_(True)
        joined = self.accelerator.prepare_model(Loss(model, objective))
        device = self.accelerator.device

        def shared(_: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
            with own_chance(self.rank, device):
                loss, targets = share(joined, batch, self.rank, self.count)
            figures = torch.stack([loss.detach(), targets.to(loss)])
            total, count = self.accelerator.reduce(figures, "sum")
            # the value is everybody's, the gradient this process's; W times, since
            # the gradients are averaged over the W processes and must be added
            return total + self.count * (loss - loss.detach()), count

        return shared

    def agree(self, wish: str | None) -> str | None:
        """Return some process's wish to stop, so that all stop after the same step."""
        mine = torch.tensor(float(wish is not None), device=self.accelerator.device)
        if not self.accelerator.reduce(mine, "sum"):
            return None
        return wish or "a signal to another process"

    def same(self, value: Any) -> Any:
        """Return the first process's value: a measurement, say, that may differ."""
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]

    def wait(self) -> None:
        """Wait until every process has come here."""
        self.accelerator.wait_for_everyone()


class Loss(nn.Module):
    """An objective as a module: what is wrapped must be called itself."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model = model
        self.objective: Callable[[Batch], tuple[Tensor, Tensor]]
        self.objective = partial(objective, model)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the sum of the losses of ``batch``, and the number of targets."""
        return self.objective(batch)


def share(
    objective: Callable[[Batch], tuple[Tensor, Tensor]],
    batch: Batch,
    rank: int,
    count: int,
) -> tuple[Tensor, Tensor]:
    """Return loss and targets of the rows of process ``rank``: of none, zero.

    All must take part in adding up; where a short last batch has no row for this one,
    it computes the first one, which then counts for nothing.
    """
    if rank < rows_in(batch):
        return objective(rows_of(batch, rank, count))
    loss, targets = objective(rows_of(batch, 0, rows_in(batch)))
    return 0 * loss, 0 * targets


def rows_of(batch: Batch, rank: int, count: int) -> Batch:
    """Return the rows of process ``rank`` of ``count``; single numbers go to all."""
    return {k: v[rank::count] if v.ndim else v for k, v in batch.items()}


def check_size(batch_size: int, processes: Alone) -> None:
    """Refuse more processes than a full batch has rows.

    Raises:
        UsageError: there is not a row for each.
    """
    if batch_size < processes.count:
        raise UsageError(
            f"A batch has {batch_size} rows for {processes.count} processes; start "
            "fewer processes, or use a larger batch."
        )


@contextmanager
def own_chance(rank: int, device: torch.device) -> Iterator[None]:
    """Seed torch from its own next number and ``rank``; afterwards it goes on alike."""
    drawn = int(torch.randint(2**62, ()))
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(drawn + rank)
        yield


def refuse_shards(kind: str) -> None:
    """Refuse to have the weights cut up: what is kept and stored here is whole.

    Raises:
        UsageError: accelerate was told to.
    """
    if kind in ("FSDP", "DEEPSPEED", "MEGATRON_LM"):
        raise UsageError(
            f"{kind} shares out the weights, and this loop shares out batches alone; "
            "launch it with --multi_gpu, or prepare the model in a script of your own."
        )


def processes() -> Alone:
    """Return what this process is: one of several, or alone.

    ``accelerate launch`` and ``torchrun`` state the number in ``WORLD_SIZE``.
    """
    return Shared() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else Alone()
