"""The optimisers, with decay on weight matrices only; their state by parameter name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from chapter2.training.config import TrainingConfig

FUSED_DEVICES = ("cpu", "cuda", "mps")  # where torch updates in one pass over memory
MOMENTUM = 0.9  # of SGD: the usual one, an average over about the last 10 steps


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return two groups: parameters that decay, and those that do not.

    Decay draws the weights of a linear map towards zero, that is towards a simpler map.
    A bias or a LayerNorm gain is no such map, so what has fewer than two dimensions is
    left alone. So are embedding tables: the row of a token that a batch lacks has no
    gradient, and decay would shrink it unopposed. BERT's own code does decay them; at
    rate 5e-5 and decay 0.01 the difference over 1,000 steps is below 0.05 %.
    """
    return decay_groups(
        model, [p for p in model.parameters() if p.requires_grad], weight_decay
    )


def decay_groups(
    model: nn.Module,
    parameters: Iterable[nn.Parameter],
    weight_decay: float,
    **shared: Any,
) -> list[dict[str, Any]]:
    """Return the two groups of some of the model's parameters; ``shared`` is in both.

    As :func:`parameter_groups` says; a group without parameters is left out.
    """
    tables = (nn.Embedding, nn.EmbeddingBag)
    embeddings = {id(m.weight) for m in model.modules() if isinstance(m, tables)}
    decayed: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    for parameter in parameters:
        is_matrix = parameter.ndim >= 2 and id(parameter) not in embeddings
        (decayed if is_matrix else kept).append(parameter)
    groups = [(decayed, weight_decay), (kept, 0.0)]
    return [{"params": p, "weight_decay": decay, **shared} for p, decay in groups if p]


def make_optimizer(
    model: nn.Module,
    config: TrainingConfig,
    groups: list[dict[str, Any]] | None = None,
) -> torch.optim.Optimizer:
    """Return ``config.optimizer`` over ``groups``, or over all that trains.

    ``adamw`` (Loshchilov and Hutter, 2019) keeps two numbers for each weight, ``sgd``
    with momentum one, ``adafactor`` (Shazeer and Stern, 2018) a row and a column of
    each matrix. Adafactor's rate is relative to the size of a parameter, and SGD does
    not divide by that of the gradient: both need other rates than AdamW. A group's
    ``scale`` multiplies its learning rate in every step.
    """
    groups = groups or parameter_groups(model, config.weight_decay)
    rate = config.learning_rate
    if config.optimizer == "adafactor":
        return torch.optim.Adafactor(groups, lr=rate)
    fused = all(p.device.type in FUSED_DEVICES for g in groups for p in g["params"])
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=MOMENTUM, fused=fused)
    return torch.optim.AdamW(groups, lr=rate, fused=fused)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the next step be taken with ``rate``, times the ``scale`` of a group."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("scale", 1.0)


def optimizer_tensors(
    model: nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Tensor]:
    """Return what is remembered of each parameter, as ``{"exp_avg/NAME": ...}``."""
    return {
        f"{kind}/{name}": value
        for name, parameter in model.named_parameters()
        for kind, value in optimizer.state.get(parameter, {}).items()
        if value is not None  # the momentum of a parameter that has taken no step
    }


def load_optimizer_tensors(
    model: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]
) -> None:
    """Put back what :func:`optimizer_tensors` returned, each on its own device."""
    remembered: dict[str, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        kind, name = key.split("/", 1)
        remembered.setdefault(name, {})[kind] = value
    by_id = {id(p): name for name, p in model.named_parameters()}
    ordered = [p for group in optimizer.param_groups for p in group["params"]]
    state = {
        index: remembered[by_id[id(p)]]
        for index, p in enumerate(ordered)
        if by_id[id(p)] in remembered
    }
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
