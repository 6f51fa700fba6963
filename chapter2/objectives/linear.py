r"""Linear models by hand: losses, their gradients, and two ways to keep weights small.

Everything is a pure function of a :class:`Line`, so that each formula of section 4.2
stands alone above the line of code that computes it. Losses are means over the N
records that are handed in; a step over a batch is a step on that batch's mean.

Two ways to keep the weights small are told apart by name everywhere:

* ``l2``: a penalty in the loss, :math:`\frac{\lambda}{2}\lVert w \rVert^2`; its
  gradient :math:`\lambda w` goes through the optimiser like any other;
* ``decay``: decoupled weight decay (Loshchilov and Hutter, 2019); the loss has no
  penalty, and each step shrinks the weights by the factor :math:`1 - \eta\lambda`.

Neither touches the bias: a bias near zero is not a simpler model.

Shape legend: N records, D features. ``weight`` is (D,), ``bias`` is ().
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Line(NamedTuple):
    """The parameters of y = w x + b, or a gradient with respect to them."""

    weight: Tensor  # (D,)
    bias: Tensor  # ()


def zeros(features: int) -> Line:
    """Return the line with every weight and the bias 0, in double precision."""
    nought = torch.zeros(features, dtype=torch.float64)
    return Line(nought, nought.sum())


def predict(line: Line, x: Tensor) -> Tensor:
    """Return w x + b for each row of ``x`` (N, D), as (N,)."""
    return x @ line.weight + line.bias


def squared_error(line: Line, x: Tensor, y: Tensor) -> Tensor:
    r"""Return the mean squared error of regression.

    .. math:: L(w, b) = \frac{1}{N} \sum_{i=1}^{N} (w^\top x_i + b - y_i)^2

    Args:
        x: (N, D).
        y: (N,) true values.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    _check(line, x, y)
    return (predict(line, x) - y).square().mean()


def squared_error_gradient(line: Line, x: Tensor, y: Tensor) -> Line:
    r"""Return the gradient of :func:`squared_error`, for the weights and the bias.

    .. math:: \nabla_w L = \frac{2}{N} \sum_i (w^\top x_i + b - y_i)\, x_i
              \qquad
              \frac{\partial L}{\partial b} = \frac{2}{N} \sum_i (w^\top x_i + b - y_i)
    """
    _check(line, x, y)
    error = predict(line, x) - y  # (N,)
    return Line(2 * x.T @ error / len(y), 2 * error.mean())


def logistic_loss(line: Line, x: Tensor, y: Tensor) -> Tensor:
    r"""Return the mean negative log-likelihood of labels 0 and 1, in nats.

    .. math:: L(w, b) = \frac{1}{N} \sum_i \bigl(\log(1 + e^{z_i}) - y_i z_i\bigr),
              \qquad z_i = w^\top x_i + b

    That is the cross-entropy of two classes whose logits are 0 and z. ``softplus``
    computes log(1 + e^z) without overflow.

    Raises:
        ValueError: the shapes do not fit, or a label is neither 0 nor 1.
    """
    _check_labels(line, x, y)
    z = predict(line, x)
    # above its threshold torch's softplus returns z itself; beyond 50 both are equal
    return (F.softplus(z, threshold=50) - y * z).mean()


def logistic_gradient(line: Line, x: Tensor, y: Tensor) -> Line:
    r"""Return the gradient of :func:`logistic_loss`, for the weights and the bias.

    .. math:: \nabla_w L = \frac{1}{N} \sum_i (p_i - y_i)\, x_i
              \qquad
              \frac{\partial L}{\partial b} = \frac{1}{N} \sum_i (p_i - y_i),
              \qquad p_i = \frac{1}{1 + e^{-z_i}}
    """
    _check_labels(line, x, y)
    error = predict(line, x).sigmoid() - y  # (N,)
    return Line(x.T @ error / len(y), error.mean())


def l2_penalty(line: Line, strength: float) -> Tensor:
    r"""Return :math:`\frac{\lambda}{2} \lVert w \rVert^2`; the bias is left alone."""
    return strength / 2 * line.weight.square().sum()


def l2_gradient(line: Line, strength: float) -> Line:
    r"""Return the gradient of :func:`l2_penalty`: :math:`\lambda w`, and 0."""
    return Line(strength * line.weight, torch.zeros_like(line.bias))


def ridge(x: Tensor, y: Tensor, l2: float = 0.0) -> Line:
    r"""Return the minimum of squared error + penalty, in closed form.

    With :math:`\tilde x, \tilde y` the centred data, setting the gradient to 0 gives

    .. math:: \Bigl(\tfrac{2}{N} \tilde X^\top \tilde X + \lambda I\Bigr)\, w
              = \tfrac{2}{N} \tilde X^\top \tilde y,
              \qquad b = \bar y - w^\top \bar x

    ``sklearn.linear_model.Ridge`` has the same minimum for ``alpha = N * l2 / 2``.
    """
    centred, count = x - x.mean(dim=0), len(y)
    matrix = 2 / count * centred.T @ centred
    matrix = matrix + l2 * torch.eye(x.shape[1], dtype=x.dtype)
    weight = torch.linalg.solve(matrix, 2 / count * centred.T @ (y - y.mean()))
    return Line(weight, y.mean() - x.mean(dim=0) @ weight)


def sgd_step(
    line: Line, gradient: Line, rate: float, l2: float = 0.0, decay: float = 0.0
) -> Line:
    r"""Return the line after one step of gradient descent.

    .. math:: w \leftarrow (1 - \eta\,\lambda_\text{decay})\, w
              - \eta\,(\nabla_w L + \lambda_\text{L2}\, w)
              \qquad b \leftarrow b - \eta\, \partial L / \partial b

    The two lambdas do the same thing here, and only here.
    """
    slope = _add(gradient, l2_gradient(line, l2))
    shrunk = Line(line.weight * (1 - rate * decay), line.bias)
    return Line(*(p - rate * g for p, g in zip(shrunk, slope, strict=True)))


class AdamState(NamedTuple):
    """What Adam remembers: steps taken, and the two running means."""

    step: int
    first: Line  # of the gradient
    second: Line  # of its square


def adam_start(line: Line) -> AdamState:
    """Return the state before the first step."""
    nought = Line(torch.zeros_like(line.weight), torch.zeros_like(line.bias))
    return AdamState(0, nought, nought)


def adam_step(
    line: Line,
    gradient: Line,
    state: AdamState,
    rate: float,
    l2: float = 0.0,
    decay: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.999),  # the paper's
    epsilon: float = 1e-8,  # the paper's; keeps the quotient finite
) -> tuple[Line, AdamState]:
    r"""Return line and state after one step of Adam (Kingma and Ba, 2015).

    .. math:: g = \nabla L + \lambda_\text{L2}\, w
              \qquad m \leftarrow \beta_1 m + (1 - \beta_1)\, g
              \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2

    .. math:: w \leftarrow (1 - \eta\,\lambda_\text{decay})\, w
              - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    The L2 term is divided by the root with everything else: where gradients are large,
    a step pulls less. The decay is not divided: with it this step is AdamW.
    """
    step, (one, two) = state.step + 1, betas
    slope = _add(gradient, l2_gradient(line, l2))
    first = _mix(state.first, slope, one)
    second = _mix(state.second, Line(*(g * g for g in slope)), two)
    shrunk = Line(line.weight * (1 - rate * decay), line.bias)
    moved = Line(
        *(
            p - rate * (m / (1 - one**step)) / ((v / (1 - two**step)).sqrt() + epsilon)
            for p, m, v in zip(shrunk, first, second, strict=True)
        )
    )
    return moved, AdamState(step, first, second)


def descend(
    gradient_of: Callable[[Line, int], Line],
    start: Line,
    rates: Sequence[float],
    adam: bool = False,
    l2: float = 0.0,
    decay: float = 0.0,
) -> list[Line]:
    """Return the lines that an optimiser passes through, ``start`` first.

    Args:
        gradient_of: the gradient of the loss without penalty, at a line, in step k;
            k chooses the batch where the data come in batches.
        rates: the learning rate of each step; their number is the number of steps.
        adam: take Adam's step instead of plain gradient descent's.
    """
    path, state = [start], adam_start(start)
    for k, rate in enumerate(rates):
        line, gradient = path[-1], gradient_of(path[-1], k)
        if adam:
            line, state = adam_step(line, gradient, state, rate, l2, decay)
        else:
            line = sgd_step(line, gradient, rate, l2, decay)
        path.append(line)
    return path


def _add(a: Line, b: Line) -> Line:
    return Line(a.weight + b.weight, a.bias + b.bias)


def _mix(old: Line, new: Line, share: float) -> Line:
    return Line(*(share * o + (1 - share) * n for o, n in zip(old, new, strict=True)))


def _check(line: Line, x: Tensor, y: Tensor) -> None:
    """Refuse shapes that broadcasting would turn into another sum."""
    wanted = (len(y), len(line.weight)) if y.ndim == 1 else None
    if line.bias.ndim or x.shape != wanted:
        raise ValueError(
            f"x {tuple(x.shape)}, y {tuple(y.shape)}, weight "
            f"{tuple(line.weight.shape)} and bias {tuple(line.bias.shape)} "
            "do not fit: they must be (N, D), (N,), (D,) and ()."
        )


def _check_labels(line: Line, x: Tensor, y: Tensor) -> None:
    _check(line, x, y)
    if not ((y == 0) | (y == 1)).all():
        raise ValueError("A label is neither 0 nor 1; the logistic loss has no other.")
