r"""AdaLoRA's layer: a frozen linear map, and a change of it in the form of an SVD.

.. math:: h = W_0 x + b + \frac{\alpha}{r_0} P \Lambda Q x, \quad
          P \in \mathbb{R}^{D_{out} \times r_0},
          Q \in \mathbb{R}^{r_0 \times D_{in}}

(Zhang et al., 2023, section 3.1; the factor is in their code.) What is known of the
importance of its parts stands in its buffers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from chapter2.tuning.lora import plain_linear

PARTS = ("P", "Lambda", "Q")


class SVDLinear(nn.Module):
    """A frozen linear map and its change P Lambda Q, with what is known of it."""

    P: nn.Parameter  # (D_out, r_0)
    Q: nn.Parameter  # (r_0, D_in)
    kept: Tensor  # (r_0,) bool: whether a triplet is in the budget

    def __init__(
        self,
        base: nn.Linear,
        rank: int,
        alpha: float,
        beta: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        weight, (out_width, in_width) = base.weight, base.weight.shape
        self.base, self.scale, self.beta = base, alpha / rank, beta
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
        """Bring the two moving averages up to this step's gradients."""
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
                  + \\tfrac{1}{D_{in}} \\sum_j s(Q_{ij})
        """
        p, diagonal, q = (
            getattr(self, f"sensitivity_{name}") * getattr(self, f"uncertainty_{name}")
            for name in PARTS
        )
        return diagonal + p.mean(dim=0) + q.mean(dim=1)


def svd_linears(model: nn.Module) -> list[SVDLinear]:
    """Return the model's matrices that compete for the budget."""
    return [module for module in model.modules() if isinstance(module, SVDLinear)]


def svd_rows(model: nn.Module) -> list[Tensor]:
    """Return P, transposed, and Q of each matrix: their rows shall be orthonormal."""
    return [m for layer in svd_linears(model) for m in (layer.P.T, layer.Q)]


def orthogonality(matrices: list[Tensor]) -> Tensor:
    r"""Return how far the rows of the matrices are from orthonormal, on average.

    .. math:: R = \frac{1}{n} \sum_{k=1}^{n} \lVert M_k M_k^\top - I \rVert_F

    The paper squares the norms and adds them up; its code does this.
    """
    gaps = [
        m @ m.T - torch.eye(len(m), dtype=m.dtype, device=m.device) for m in matrices
    ]
    return torch.stack([torch.linalg.matrix_norm(gap) for gap in gaps]).mean()
