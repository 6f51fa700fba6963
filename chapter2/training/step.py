"""One optimiser step: gradients summed over batches, averaged, clipped, applied."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from chapter2.runtime import autocast_dtype
from chapter2.training.config import TrainingConfig
from chapter2.training.history import Measured
from chapter2.training.optimizer import set_rate
from chapter2.training.plan import Batch, Step

if TYPE_CHECKING:
    from chapter2.training.method import Method

# returns the *sum* of the losses of a batch, and the number of targets it is over
Objective = Callable[[nn.Module, Batch], tuple[Tensor, Tensor]]


def device_of(model: nn.Module) -> torch.device:
    """Return where the weights are."""
    return next(model.parameters()).device


def autocast(model: nn.Module, precision: str) -> torch.autocast:
    """Return the context in which products run in bf16, or (``fp32``) all as it is."""
    device = device_of(model)
    dtype = autocast_dtype(device, precision)
    return torch.autocast(device.type, dtype=dtype, enabled=dtype is not None)


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Return the batch on ``device``."""
    return {k: v.to(device, non_blocking=True) for k, v in batch.items()}


def rows_in(batch: Batch) -> int:
    """Return the number of rows of a batch; single numbers, as a seed, have none."""
    return next(len(value) for value in batch.values() if value.ndim)


def real_tokens(batch: Batch) -> int:
    """Return the number of tokens without padding (of records, where no tokens are)."""
    if "attention_mask" in batch:
        return int(batch["attention_mask"].sum())
    first = batch["input_ids"] if "input_ids" in batch else next(iter(batch.values()))
    return first.numel() if "input_ids" in batch else len(first)


def take_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    gradients: Callable[[Step], tuple[Tensor, Tensor, int]],
    step: Step,
    config: TrainingConfig,
    method: Method,
    total: int,
) -> Measured:
    """Change the weights once; leave them alone where loss or gradient is no number.

    ``gradients`` adds up those of the step, as :func:`accumulate_gradients` does.
    ``total`` is the number of steps of the run, which ``method`` may go by.
    """
    began = time.perf_counter()
    model.train()
    method.before_step(model, step, total)
    loss, count, tokens = gradients(step)
    norm = average_and_clip(gradients_of(optimizer), count, config.max_grad_norm)
    figures = torch.stack([loss / count, count.to(loss), norm.to(loss)])
    mean, targets, size = figures.tolist()  # the one wait for the device in a step
    if math.isfinite(mean) and math.isfinite(size):
        method.after_backward(model, step, total)
        set_rate(optimizer, step.rate)
        optimizer.step()
        method.after_update(model, step, total)
    optimizer.zero_grad(set_to_none=True)
    seconds = time.perf_counter() - began
    return Measured(mean, int(targets), tokens, size, step.rate, seconds)


def accumulate_gradients(
    model: nn.Module, objective: Objective, batches: Iterable[Batch], precision: str
) -> tuple[Tensor, Tensor, int]:
    """Add up the gradients of all losses; return their sum, the targets, the tokens."""
    loss: Any = 0.0
    count: Any = 0
    tokens = 0
    for batch in batches:
        tokens += real_tokens(batch)
        with autocast(model, precision):
            loss_sum, targets = objective(model, to_device(batch, device_of(model)))
        loss_sum.backward()  # adds to the gradients of the batches before
        loss, count = loss + loss_sum.detach(), count + targets
    return loss, torch.as_tensor(count, device=loss.device).clamp(min=1), tokens


def gradients_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Return the gradients of all parameters that took part."""
    parameters = (p for group in optimizer.param_groups for p in group["params"])
    return [p.grad for p in parameters if p.grad is not None]


def average_and_clip(
    gradients: list[Tensor], count: Tensor, max_norm: float | None
) -> Tensor:
    r"""Divide summed gradients by ``count``, clip their norm, return it unclipped.

    .. math:: g = \tfrac{1}{n} \sum_i \nabla \ell_i, \qquad
              g \leftarrow g \cdot \min\Bigl(1, \frac{c}{\lVert g \rVert_2}\Bigr)

    The division comes after the sum over all batches of the step, so accumulating is
    the same as one large batch, however uneven the batches; and it shares its one pass
    over memory with the clipping (Pascanu et al., 2013).
    """
    norm = torch.nn.utils.get_total_norm(gradients) / count
    factor = torch.ones_like(norm) / count  # in the gradients' own precision
    if max_norm is not None:
        factor = factor * (max_norm / (norm + 1e-6)).clamp(max=1.0)
    torch._foreach_mul_(gradients, factor)
    return norm
