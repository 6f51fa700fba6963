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
from chapter2.tuning.lora import check_rank, check_width, plain_linear, replace

PARTS = ("P", "Lambda", "Q")


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


class SVDLinear(nn.Module):
    """A frozen linear map and its change P Lambda Q, with what is known of it."""

    kept: Tensor  # (r_0,) whether a triplet is in the budget

    def __init__(
        self, base: nn.Linear, options: AdaLoRAOptions, generator: torch.Generator
    ) -> None:
        super().__init__()
        rank, weight = options.initial_rank, base.weight
        out_width, in_width = weight.shape
        self.base, self.scale, self.beta = base, options.alpha / rank, options.beta
        for name, shape in [("P", (out_width, rank)), ("Q", (rank, in_width))]:
            drawn = torch.empty(shape, dtype=weight.dtype)
            drawn.normal_(0.0, 0.02, generator=generator)
            self.register_parameter(name, nn.Parameter(drawn.to(weight.device)))
        self.Lambda = nn.Parameter(weight.new_zeros(rank))  # the start: no change
        # buffers, so that a checkpoint holds them and a resumed run goes on exactly
        self.register_buffer("kept", torch.ones_like(self.Lambda, dtype=torch.bool))
        for name in PARTS:
            for figure in ("sensitivity", "uncertainty"):
                zeros = torch.zeros_like(getattr(self, name), requires_grad=False)
                self.register_buffer(f"{figure}_{name}", zeros)

    def forward(self, x: Tensor) -> Tensor:
        """Return h, (..., D_out), for ``x`` (..., D_in)."""
        # h = W0 x + b + (alpha / r0) P Lambda Q x
        seen = nn.functional.linear(x, self.Q) * self.Lambda  # (..., r0)
        return self.base(x) + self.scale * nn.functional.linear(seen, self.P)

    def merged(self) -> nn.Linear:
        """Return one linear map of the weight W0 + (alpha / r0) P Lambda Q."""
        return plain_linear(self.base, self.scale * (self.P * self.Lambda) @ self.Q)

    @torch.no_grad()
    def observe(self) -> None:
        """Bring the two moving averages up to this step's gradients (eq. 8 to 10)."""
        for name in PARTS:
            weight = getattr(self, name)
            mean = getattr(self, f"sensitivity_{name}")
            doubt = getattr(self, f"uncertainty_{name}")
            now = (weight * weight.grad).abs()  # I = |w dL/dw|
            # I' = beta I' + (1 - beta) I;   U' = beta U' + (1 - beta) |I - I'|
            mean.mul_(self.beta).add_((1 - self.beta) * now)
            doubt.mul_(self.beta).add_((1 - self.beta) * (now - mean).abs())

    def importance(self) -> Tensor:
        """Return the importance of each triplet, (r_0,), from s(w) = I' U'.

        .. math:: S_i = s(\\lambda_i) + \\tfrac{1}{D_{out}} \\sum_j s(P_{ji})
                  + \\tfrac{1}{D_{in}} \\sum_j s(Q_{ij})  \\quad \\text{(eq. 7, 11)}
        """
        p, diagonal, q = (
            getattr(self, f"sensitivity_{name}") * getattr(self, f"uncertainty_{name}")
            for name in PARTS
        )
        return diagonal + p.mean(dim=0) + q.mean(dim=1)


def orthogonality(matrices: list[Tensor]) -> Tensor:
    r"""Return how far the rows of the matrices are from orthonormal, on average.

    .. math:: R = \frac{1}{n} \sum_{k=1}^{n} \lVert M_k M_k^\top - I \rVert_F

    The paper (eq. 4) squares the norms and adds them up; its code does this.
    """
    gaps = [
        m @ m.T - torch.eye(len(m), dtype=m.dtype, device=m.device) for m in matrices
    ]
    return torch.stack([torch.linalg.matrix_norm(gap) for gap in gaps]).mean()


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

    t_i is ``warmup``, t_e = ``end``, where the final steps begin. As printed (eq. 12)
    the paper has t - t_i - t_f in the numerator, and b would not begin at b_0.
    """
    if t >= end:
        return last
    if t <= warmup:
        return first
    return int(last + (first - last) * (1 - (t - warmup) / (end - warmup)) ** 3)


def svd_linears(model: nn.Module) -> list[SVDLinear]:
    """Return the model's matrices that compete for the budget."""
    return [module for module in model.modules() if isinstance(module, SVDLinear)]


def svd_rows(model: nn.Module) -> list[Tensor]:
    """Return P, transposed, and Q of each matrix: their rows shall be orthonormal."""
    return [m for layer in svd_linears(model) for m in (layer.P.T, layer.Q)]


@torch.no_grad()
def allocate(model: nn.Module, count: int) -> None:
    """Keep the ``count`` most important triplets of all matrices (eq. 5, 6)."""
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
    check_width(model, options.targets, options.initial_rank)
    replace(model, options.targets, lambda base: SVDLinear(base, options, generator))
    return model, AdaLoRA(options)
