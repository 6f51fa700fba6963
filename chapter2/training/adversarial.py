r"""Adversarial training: the loss at the worst place near each text's embeddings.

Words cannot be changed a little, their embeddings can. Let e (L, D) be the word
embeddings of a record. The perturbation looked for makes the loss as large as a ball
of radius epsilon allows,

.. math:: \delta^* = \arg\max_{\lVert \delta \rVert_2 \le \epsilon}
          \ell(e + \delta, y; \theta),

one for each record, its norm taken over all L * D numbers, 0 on padding. Each function
below makes an objective for the training loop out of another. They differ in how they
look for it and in which losses they average; time (T) and memory (M) of a step, in
units of a plain one, where a forward pass is a third:

================  ======================  ======================  ===============
objective         finds it by             loss                    T, M
================  ======================  ======================  ===============
:func:`fgm`       one step                (clean + perturbed)/2   7/3, 2
:func:`pgd`       K steps, projected      perturbed               (2K + 3)/3, 1
:func:`free_lb`   K-1 steps, projected    mean of all K           (4K - 1)/3, K
================  ======================  ======================  ===============

How: a hook on the embedding layer adds delta to what the layer returns, for one pass.
The table of embeddings is never written to, so nothing has to be put back, whatever
raises. The gradient for delta comes from ``torch.autograd.grad``, which leaves the
``grad`` of the parameters alone; those get theirs when the loop calls ``backward``.

All passes of a batch drop the same values: Zhu et al. (2020, section 3.3) argue that
the worst place is that of one network, and each dropout mask is another. Done here in
all three. Miyato et al. normalise the embeddings first, so that epsilon means the same
for each model; a pretrained table is left as it is, and epsilon is in its own units.

Shapes: B batch, L length, D width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chapter2.errors import UsageError
from chapter2.training.plan import Batch
from chapter2.training.randomness import capture, restore
from chapter2.training.step import Objective

# delta (B, L, D) -> the objective's sum of losses there, and its number of targets
LossAt = Callable[[Tensor], tuple[Tensor, Tensor]]


def fgm(objective: Objective, epsilon: float) -> Objective:
    r"""Return the mean of the loss and the loss one step away (Miyato et al., 2017).

    .. math:: \delta = \epsilon \, \frac{g}{\lVert g \rVert_2}, \quad
              g = \nabla_e \ell(e), \qquad
              \tfrac{1}{2} \bigl( \ell(e) + \ell(e + \delta) \bigr)

    Both losses are over the same targets, and the number of targets is counted once.
    The paper adds them (equations 2 and 6); half of that gives the plain loss and
    gradient at epsilon 0, so the learning rate and the limit of the gradient's norm
    keep their meaning.

    Raises:
        UsageError: a negative epsilon.
    """
    check(epsilon=epsilon)

    def adversarial(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        loss_at = passes(objective, model, batch)
        clean, count, g = ascent(loss_at, nowhere(model, batch), batch, keep=True)
        perturbed, _ = loss_at(epsilon * unit(g))
        return (clean + perturbed) / 2, count

    return adversarial


def pgd(
    objective: Objective, epsilon: float, step_size: float, steps: int = 3
) -> Objective:
    r"""Return the loss after ``steps`` steps inside the ball (Madry et al., 2018).

    .. math:: \delta_{t+1} = \Pi_{\lVert \delta \rVert_2 \le \epsilon} \Bigl( \delta_t +
              \alpha \frac{g_t}{\lVert g_t \rVert_2} \Bigr), \qquad
              \ell(e + \delta_K)

    One loss, that of equation 2.1, so the clean text is not learnt from. The paper
    starts at a random place of a cube; this starts at 0, and its ball is round.

    Args:
        step_size: alpha; with fewer than epsilon / alpha steps the ball's edge is out
            of reach.

    Raises:
        UsageError: a negative size, or no step.
    """
    check(epsilon=epsilon, step_size=step_size, steps=steps)

    def adversarial(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        loss_at = passes(objective, model, batch)
        delta = nowhere(model, batch)
        for _ in range(steps):
            _, _, g = ascent(loss_at, delta, batch)
            delta = project(delta + step_size * unit(g), epsilon)
        return loss_at(delta)

    return adversarial


def free_lb(
    objective: Objective,
    step_size: float,
    steps: int = 3,
    magnitude: float = 0.0,
    norm: float = float("inf"),
) -> Objective:
    r"""Return the mean loss of all places on the way (Zhu et al., 2020, algorithm 1).

    .. math:: \frac{1}{K} \sum_{t=0}^{K-1} \ell(e + \delta_t), \qquad
              \delta_{t+1} = \Pi_{\lVert \delta \rVert_2 \le \epsilon} \Bigl( \delta_t +
              \alpha \frac{g_t}{\lVert g_t \rVert_2} \Bigr)

    Two steps from a start at 0 are :func:`fgm`; one is the plain loss. The paper adds
    up the parameters' gradients pass by pass, which is free: K in time, 1 in memory.
    An objective returns a loss, so here all K passes are held until ``backward``: the
    same gradient; shrink the batch and accumulate where memory is short.

    Args:
        step_size: alpha.
        steps: K, the passes.
        magnitude: the start is uniform noise whose norm is at most this.
        norm: epsilon, the largest norm of a perturbation.

    Raises:
        UsageError: a negative size, or no step.
    """
    check(step_size=step_size, steps=steps, magnitude=magnitude, norm=norm)

    def adversarial(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        delta = project(noise(nowhere(model, batch), batch, magnitude), norm)
        loss_at = passes(objective, model, batch)
        total = torch.zeros((), device=delta.device)
        for _ in range(steps - 1):
            loss, _, g = ascent(loss_at, delta, batch, keep=True)
            total = total + loss
            delta = project(delta + step_size * unit(g), norm)
        loss, count = loss_at(delta)  # nobody goes on from here: no gradient for delta
        return (total + loss) / steps, count

    return adversarial


def check(**sizes: float) -> None:
    """Refuse what is no size.

    Raises:
        UsageError: a negative size or one that is no number, fewer than one step.
    """
    for name, size in sizes.items():
        least = 1 if name == "steps" else 0
        if not size >= least or (size == float("inf") and name != "norm"):
            raise UsageError(f"{name} is {size}; give a number from {least} upwards.")


def passes(objective: Objective, model: nn.Module, batch: Batch) -> LossAt:
    """Return the objective as a function of delta, with the same dropout each time."""
    table, state = embedding_of(model), capture()

    def loss_at(delta: Tensor) -> tuple[Tensor, Tensor]:
        restore(state)  # so the next batch draws on as after one pass
        with shifted(table, delta):
            return objective(model, batch)

    return loss_at


def embedding_of(model: nn.Module) -> nn.Module:
    """Return the layer from ids to word embeddings, of a wrapped model too.

    Raises:
        UsageError: the model does not say which it is.
    """
    for module in model.modules():
        find = getattr(module, "get_input_embeddings", None)
        if callable(find):
            return find()
    raise UsageError(
        "Adversarial training moves word embeddings, and "
        f"{type(model).__name__} has no get_input_embeddings to find them by; add it."
    )


@contextmanager
def shifted(table: nn.Module, delta: Tensor) -> Iterator[None]:
    """Let ``table`` return its embeddings plus ``delta`` (B, L, D) inside the block."""
    hook = table.register_forward_hook(lambda _, __, e: e + delta.to(e.dtype))
    try:
        yield
    finally:
        hook.remove()


def nowhere(model: nn.Module, batch: Batch) -> Tensor:
    """Return a perturbation of 0, fp32 (B, L, D)."""
    weight = next(embedding_of(model).parameters())  # (V, D)
    return weight.new_zeros(
        *batch["input_ids"].shape, weight.shape[1], dtype=torch.float32
    )


def noise(delta: Tensor, batch: Batch, magnitude: float) -> Tensor:
    r"""Return uniform noise like ``delta``, 0 on padding.

    .. math:: \delta_0 \sim \frac{1}{\sqrt{N}} \, U(-m, m)

    N counts the record's numbers without padding, so the norm is at most m.
    """
    if magnitude == 0:
        return delta  # draws nothing, so one step is the plain loss, dropout and all
    real = mask_of(delta, batch)
    size = (real.sum(dim=1, keepdim=True) * delta.shape[-1]).clamp(min=1)  # (B, 1, 1)
    return (2 * torch.rand_like(delta) - 1) * real * magnitude / size.sqrt()


def ascent(
    loss_at: LossAt, delta: Tensor, batch: Batch, keep: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the loss at ``delta``, its targets, and its gradient g, 0 on padding.

    ``keep``: the loss will be differentiated again, by the loop.
    """
    with torch.enable_grad():  # an objective may be evaluated without gradients
        delta = delta.detach().requires_grad_()
        loss, count = loss_at(delta)
        (g,) = torch.autograd.grad(loss, delta, retain_graph=keep)
    return loss, count, g * mask_of(g, batch)


def mask_of(delta: Tensor, batch: Batch) -> Tensor:
    """Return 1 at real tokens, 0 at padding, (B, L, 1)."""
    if "attention_mask" not in batch:
        return torch.ones_like(delta[..., :1])
    return batch["attention_mask"].unsqueeze(-1).to(delta)


def unit(g: Tensor) -> Tensor:
    """Return g / ||g|| of each record, (B, L, D); where g is 0, so is the result."""
    return F.normalize(g.flatten(1), dim=1).view_as(g)  # (B, L, D) -> (B, L * D)


def project(delta: Tensor, radius: float) -> Tensor:
    """Return the nearest point of the ball: delta * min(1, radius / ||delta||)."""
    size = delta.flatten(1).norm(dim=1).clamp(min=torch.finfo(delta.dtype).tiny)
    return delta * (radius / size).clamp(max=1)[:, None, None]
