"""Losses that hold a classifier back from being too sure: two that it is trained with.

Each function makes an objective, ``(model, batch) -> (sum of losses, targets)``, which
takes the place of :func:`chapter2.objectives.classification` in the training loop.

Not built, to be read of: mixout (Lee et al., 2020) replaces each weight, with
probability p, by its pretrained value, where dropout replaces it by 0; it pulls the
weights to where they came from. SMART (Jiang et al., 2020) adds R-Drop's distance
between two predictions, of which one is made at slightly shifted embeddings, the
shift found as in :mod:`chapter2.training.adversarial`.

Shapes: B batch, L length, C classes, N targets (B, or B * L).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from chapter2.errors import UsageError
from chapter2.objectives.classification import (
    IGNORE_INDEX,
    call,
    cross_entropy_sum,
    without_labels,
)

Batch = Mapping[str, Tensor]
Logits = Callable[[nn.Module, Batch], Tensor]
Loss = Callable[[nn.Module, Batch], tuple[Tensor, Tensor]]


def label_smoothing(epsilon: float, logits_of: Logits = call) -> Loss:
    r"""Return the cross-entropy to labels of which a share is spread over all classes.

    .. math:: q_c = (1 - \epsilon)\,[c = y] + \frac{\epsilon}{C}, \qquad
              \ell = -\sum_{c=1}^{C} q_c \log p_c

    Szegedy et al., 2016, section 7, with u(c) = 1 / C. The least loss is the entropy of
    q and not 0: do not compare it with a plain cross-entropy.

    Args:
        epsilon: the share; 0 is the plain loss, 0.1 the paper's.
        logits_of: as in :func:`chapter2.objectives.classification`.

    Raises:
        UsageError: a share below 0, or not below 1.
    """
    if not 0 <= epsilon < 1:
        raise UsageError(f"epsilon is {epsilon}; give a share from 0 to below 1.")

    def objective(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        found = logits_of(model, without_labels(batch))
        logits, labels = targets_of(found, batch["labels"])
        loss = F.cross_entropy(logits, labels, reduction="sum", label_smoothing=epsilon)
        return loss, labels.new_tensor(len(labels))

    return objective


def r_drop(alpha: float, logits_of: Logits = call) -> Loss:
    r"""Return the loss of two passes with different dropout, and of their difference.

    .. math:: \ell = \tfrac{1}{2} \Bigl( -\log p_1(y) - \log p_2(y) + \frac{\alpha}{2}
              \bigl( D_{KL}(p_1 \Vert p_2) + D_{KL}(p_2 \Vert p_1) \bigr) \Bigr)

    Half of Liang et al., 2021, equation 4, so that alpha 0, or no dropout, gives the
    plain loss: the learning rate and the limit of the gradient's norm keep their
    meaning. (The example in the authors' repository halves the first two terms only:
    its alpha is half of the paper's, and of this one.) A step costs two of the plain
    loss in time and in memory.

    Args:
        alpha: the weight of the difference; the paper takes 0.1 to 1 on GLUE, up to 5
            for translation.
        logits_of: as in :func:`chapter2.objectives.classification`.

    Raises:
        UsageError: a negative weight.
    """
    if not 0 <= alpha < float("inf"):
        raise UsageError(f"alpha is {alpha}; give a weight of 0 or more.")

    def objective(model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        labels = batch["labels"]
        one, two = (logits_of(model, without_labels(batch)) for _ in range(2))
        entropy = cross_entropy_sum(one, labels)[0] + cross_entropy_sum(two, labels)[0]
        first, second = targets_of(one, labels)[0], targets_of(two, labels)[0]
        apart = divergence(first, second) + divergence(second, first)
        return (entropy + alpha / 2 * apart) / 2, (labels != IGNORE_INDEX).sum()

    return objective


def divergence(logits: Tensor, others: Tensor) -> Tensor:
    r"""Return the summed D_KL(p || q) in nats, of logits (N, C) of p and of q.

    .. math:: D_{KL}(p \Vert q) = \sum_{c=1}^{C} p_c \, (\log p_c - \log q_c)
    """
    log_p, log_q = logits.log_softmax(-1), others.log_softmax(-1)
    return F.kl_div(log_q, log_p, reduction="sum", log_target=True)


def targets_of(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits (N, C) in fp32, or better, and labels (N,) of the targets."""
    asked = labels != IGNORE_INDEX  # (B,) or (B, L)
    precise = logits if logits.dtype.itemsize > 4 else logits.float()
    return precise[asked], labels[asked]
