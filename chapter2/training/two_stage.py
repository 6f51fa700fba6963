"""Model parallelism, a toy: one model in two stages on two devices.

A model too large for one device is cut; each device holds one stage and hands its
output on. Alone, one of the two would always wait, so a batch goes through in
micro-batches: while the second stage has one, the first begins the next (GPipe, Huang
et al., 2019). Gradients add up, so the update is that of the whole batch.

This is to be read, not used. One process issues both stages' work in order: two GPUs
overlap it, since they compute asynchronously; a CPU given twice gains nothing. Real
systems (``torch.distributed.pipelining``, Megatron-LM, DeepSpeed) add a process for
each stage, stages balanced by their cost, forward and backward passes that alternate to
keep fewer activations, recomputation, and dropout that does not depend on the cut.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]  # of outputs and targets, a mean over rows


def two_stages(
    layers: nn.Sequential, cut: int, devices: tuple[str, str]
) -> tuple[nn.Sequential, nn.Sequential]:
    """Return the layers before ``cut`` and from it on, each moved to its device."""
    every = list(layers)
    stages = nn.Sequential(*every[:cut]), nn.Sequential(*every[cut:])
    for stage, device in zip(stages, devices, strict=True):
        stage.to(device)
    return stages


def pipelined_loss(
    stages: tuple[nn.Module, nn.Module],
    loss_of: Loss,
    inputs: Tensor,
    targets: Tensor,
    micro_batches: int,
) -> Tensor:
    """Add the gradients of the mean loss over a batch (B, ...); return that loss.

    Each micro-batch weighs by its share of the rows, so uneven ones are right too.
    """
    first, second = stages
    here, there = (next(stage.parameters()).device for stage in stages)
    total = torch.zeros((), device=there)
    pending = []
    # all forward passes, then all backward passes, last first: GPipe's order
    for x, y in zip(
        inputs.chunk(micro_batches), targets.chunk(micro_batches), strict=True
    ):
        crossing = first(x.to(here)).to(there)  # what two machines would send
        share = len(x) / len(inputs)
        pending.append(share * loss_of(second(crossing), y.to(there)))
    for loss in reversed(pending):
        loss.backward()
        total = total + loss.detach()
    return total
