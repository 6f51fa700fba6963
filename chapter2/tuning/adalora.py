r"""AdaLoRA (Zhang et al., 2023): LoRA in the form of an SVD, with a budget of ranks.

.. math:: h = W_0 x + b + \frac{\alpha}{r_0} P \Lambda Q x, \qquad
          P \in \mathbb{R}^{D_{out} \times r_0},\; Q \in \mathbb{R}^{r_0 \times D_{in}}

The r_0 triplets (a column of P, an entry of the diagonal Lambda, a row of Q) of all
matrices compete: the least important lose their entry of Lambda, until r per matrix
are left on average. Where the paper and the authors' code differ, this is the code,
which ``peft`` follows too; each place says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from chapter2.errors import UsageError
from chapter2.training.method import Method
from chapter2.training.plan import Batch, Step
from chapter2.training.step import Objective
from chapter2.tuning.bert import freeze_encoder
from chapter2.tuning.lora import check_rank, check_width, replace
from chapter2.tuning.svd import SVDLinear, orthogonality, svd_linears, svd_rows


@dataclass(frozen=True)
class AdaLoRAOptions:
    """Budget, schedule, importance and regulariser."""

    initial_rank: int = 12  # r_0 of each matrix; the paper takes 1.5 times the final
    rank: int = 8  # r, the mean over the matrices at the end
    alpha: float = 16.0  # the change is scaled by alpha / r_0
    targets: tuple[str, ...] = ("query", "value")  # those of our LoRA, to compare
    warmup: float = 0.1  # share of the steps with the whole budget (paper: 9 to 15 %)
    final: float = 0.5  # share of the steps with fixed ranks (paper: 46 to 58 %)
    beta: float = 0.85  # of both moving averages; the paper's
    regularisation: float = 0.1  # gamma; the paper takes 0.1 to 0.5

    def __post_init__(self) -> None:
        check_rank("rank", self.rank)
        if self.initial_rank < self.rank:
            raise UsageError(
                f"initial_rank is {self.initial_rank}; it must be at least the rank, "
                f"{self.rank}."
            )
        if min(self.warmup, self.final) < 0 or self.warmup + self.final > 1:
            raise UsageError(
                f"warmup is {self.warmup} and final {self.final}; both are shares, "
                "and 1 or less together."
            )


def with_penalty(
    objective: Objective, rows: Callable[[nn.Module], list[Tensor]], gamma: float
) -> Objective:
    """Return L + n gamma R: the mean over n targets then has gamma R once."""

    def regularised(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        loss, count = objective(model, batch)
        return loss + count * gamma * orthogonality(rows(model)), count

    return regularised


def budget(t: int, first: int, last: int, warmup: int, end: int) -> int:
    r"""Return b(t), the triplets kept in step t: ``first``, a cubic fall, ``last``.

    .. math:: b(t) = b_T + (b_0 - b_T) \Bigl(1 - \frac{t - t_i}{t_e - t_i}\Bigr)^3,
              \quad t_i \le t < t_e

    t_i is ``warmup``, t_e = ``end``, where the final steps begin. The paper (section
    3.3) prints t - t_i - t_f in the numerator, and b would not begin at b_0.
    """
    if t >= end:
        return last
    if t <= warmup:
        return first
    return int(last + (first - last) * (1 - (t - warmup) / (end - warmup)) ** 3)


@torch.no_grad()
def allocate(model: nn.Module, count: int) -> None:
    """Keep the ``count`` most important triplets of all matrices."""
    layers = svd_linears(model)
    scores = torch.cat([layer.importance() for layer in layers])
    kept = torch.zeros_like(scores, dtype=torch.bool)
    kept[scores.topk(count).indices] = True
    for layer, part in zip(
        layers, kept.split([len(m.kept) for m in layers]), strict=True
    ):
        layer.kept.copy_(part)
        layer.Lambda.mul_(part)


class AdaLoRA(Method):
    """Adds the regulariser, notes what matters, and takes away what matters least."""

    name = "adalora"

    def __init__(self, options: AdaLoRAOptions) -> None:
        self.options = options

    def objective(self, objective: Objective) -> Objective:
        """Return the loss with the regulariser, which keeps P and Q orthogonal."""
        return with_penalty(objective, svd_rows, self.options.regularisation)

    def phases(self, total: int) -> tuple[int, int]:
        """Return t_i, where ranks begin to fall, and t_e, from where they are fixed."""
        end = total - max(1, round(self.options.final * total))
        return min(int(self.options.warmup * total), end), end

    def after_backward(self, model: nn.Module, step: Step, total: int) -> None:
        """Note the importance at the weights that the gradients belong to.

        peft does so after the update, when weight and gradient are a step apart.
        """
        if step.number < self.phases(total)[1]:
            for layer in svd_linears(model):
                layer.observe()

    @torch.no_grad()
    def after_update(self, model: nn.Module, step: Step, total: int) -> None:
        """Allocate the step's budget, and from the last time on hold what is kept."""
        warmup, end = self.phases(total)
        layers = svd_linears(model)
        if warmup < step.number <= end:
            first = len(layers) * self.options.initial_rank
            last = len(layers) * self.options.rank
            allocate(model, budget(step.number, first, last, warmup, end))
        elif step.number > end:
            for layer in layers:
                layer.Lambda.mul_(layer.kept)


def apply(
    model: nn.Module, options: AdaLoRAOptions, seed: int
) -> tuple[nn.Module, Method]:
    """Put a :class:`SVDLinear` in the place of each target; freeze all else below.

    Raises:
        UsageError: an unknown target, or a rank above its width.
    """
    generator = torch.Generator().manual_seed(seed)
    freeze_encoder(model, "adalora")
    rank, alpha, beta = options.initial_rank, options.alpha, options.beta
    check_width(model, options.targets, rank)
    replace(
        model,
        options.targets,
        lambda base: SVDLinear(base, rank, alpha, beta, generator),
    )
    return model, AdaLoRA(options)
