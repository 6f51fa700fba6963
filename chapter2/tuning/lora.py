r"""LoRA (Hu et al., 2022): the change of a weight matrix is a product of two thin ones.

.. math:: h = W_0 x + b + \frac{\alpha}{r} B A x, \qquad
          A \in \mathbb{R}^{r \times D_{in}},\; B \in \mathbb{R}^{D_{out} \times r}

W_0 and b are frozen. B starts at zero, so the model starts as the pretrained one. After
training the product is added to W_0, and the model costs what it cost before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from chapter2.errors import UsageError
from chapter2.training.method import Method
from chapter2.tuning.bert import freeze_encoder


@dataclass(frozen=True)
class LoRAOptions:
    """Size, strength and place of the change."""

    rank: int = 8  # r; the paper finds 4 to 8 enough for query and value
    alpha: float = 16.0  # alpha / r = 2: a usual choice; it acts as a learning rate
    dropout: float = 0.0  # of x before A; for small data
    targets: tuple[str, ...] = ("query", "value")  # as in the paper, section 7.1

    def __post_init__(self) -> None:
        check_rank("rank", self.rank)
        if not 0 <= self.dropout < 1:
            raise UsageError(
                f"dropout is {self.dropout}; it must be from 0 to below 1."
            )


class LoRALinear(nn.Module):
    """A frozen linear map and its trained change of rank r."""

    def __init__(
        self, base: nn.Linear, options: LoRAOptions, generator: torch.Generator
    ) -> None:
        super().__init__()
        out_width, in_width = base.weight.shape
        self.base, self.scale = base, options.alpha / options.rank
        self.dropout = nn.Dropout(options.dropout)
        # Kaiming-uniform as in the authors' code; the paper's text says Gaussian
        drawn = torch.empty(options.rank, in_width, dtype=base.weight.dtype)
        nn.init.kaiming_uniform_(drawn, a=math.sqrt(5), generator=generator)
        self.A = nn.Parameter(drawn.to(base.weight.device))  # (r, D_in)
        self.B = nn.Parameter(base.weight.new_zeros(out_width, options.rank))

    def forward(self, x: Tensor) -> Tensor:
        """Return h, (..., D_out), for ``x`` (..., D_in)."""
        # h = W0 x + b + (alpha / r) B A x
        change = nn.functional.linear(
            nn.functional.linear(self.dropout(x), self.A), self.B
        )
        return self.base(x) + self.scale * change

    def merged(self) -> nn.Linear:
        """Return one linear map of the weight W0 + (alpha / r) B A."""
        return plain_linear(self.base, self.scale * self.B @ self.A)


class LoRA(Method):
    """The low-rank changes and the head are trained."""

    name = "lora"


def apply(
    model: nn.Module, options: LoRAOptions, seed: int
) -> tuple[nn.Module, Method]:
    """Put a :class:`LoRALinear` in the place of each target; freeze all else below.

    Raises:
        UsageError: an unknown target, or a rank above its width.
    """
    generator = torch.Generator().manual_seed(seed)
    freeze_encoder(model, "lora")
    check_width(model, options.targets, options.rank)
    replace(model, options.targets, lambda base: LoRALinear(base, options, generator))
    return model, LoRA()


# -- shared with AdaLoRA ---------------------------------------------------------


def check_rank(name: str, rank: int) -> None:
    """Raise a UsageError for a rank below 1."""
    if rank < 1:
        raise UsageError(f"{name} is {rank}; it must be at least 1.")


def linears(model: Any) -> dict[str, nn.Linear]:
    """Return the linear maps of the encoder by name; the pooler is trained whole."""
    return {
        name: module
        for name, module in model.base_model.named_modules()
        if isinstance(module, nn.Linear) and not name.startswith("pooler.")
    }


def chosen(model: nn.Module, targets: Sequence[str]) -> dict[str, nn.Linear]:
    """Return the linear maps whose name is a target, or ends in ``.target``.

    Raises:
        UsageError: no target is given, or no name ends so.
    """
    known = linears(model)
    if not targets:
        raise UsageError("There is no target; name one or more, such as query.")
    for target in targets:
        if not any(f".{name}".endswith(f".{target}") for name in known):
            last = sorted({name.rpartition(".")[2] for name in known})
            raise UsageError(
                f"There is no target {target!r}; this model has {', '.join(last)}."
            )
    ends = tuple(f".{target}" for target in targets)
    return {name: module for name, module in known.items() if f".{name}".endswith(ends)}


def check_width(model: nn.Module, targets: Sequence[str], rank: int) -> None:
    """Raise a UsageError where ``rank`` is above the width of a target, or none is."""
    for name, module in chosen(model, targets).items():
        if rank > min(module.weight.shape):
            raise UsageError(
                f"rank is {rank} and {name} is {module.out_features} x "
                f"{module.in_features}; a rank is at most the smaller width."
            )


def replace(
    model: Any, targets: Sequence[str], make: Callable[[nn.Linear], nn.Module]
) -> None:
    """Put ``make(linear)`` in the place of each chosen linear map of ``model``."""
    for name, module in chosen(model, targets).items():
        parent, _, last = name.rpartition(".")
        setattr(model.base_model.get_submodule(parent), last, make(module))


def plain_linear(base: nn.Linear, change: Tensor) -> nn.Linear:
    """Return a linear map of the weight of ``base`` plus ``change``, and its bias."""
    out_width, in_width = base.weight.shape
    made = nn.utils.skip_init(nn.Linear, in_width, out_width, base.bias is not None)
    made = made.to(base.weight)
    with torch.no_grad():
        made.weight.copy_(base.weight + change)
        if base.bias is not None:
            made.bias.copy_(base.bias)
    return made
