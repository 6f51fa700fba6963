r"""When a learning rate is too high though every loss is still a number.

The rule: a run has diverged where the median :math:`m` of its last ten step losses is
above

.. math:: r\,(\ell_0 + \lvert \ell_0 \rvert) + 2 \text{ nats}

with :math:`\ell_0` the mean loss of the first steps, which the starting weights made,
and :math:`r \ge 1` how many times as many tokens a target of the last ten has: a target
may be a whole sequence, whose loss is a sum over its tokens.
So a run is ended only where it is twice as bad as before it had learnt anything, and
two nats worse beside: e squared, about seven times less probable per target. No usual
run comes near (its loss falls, or stays); a rate that is too high is far above it at
once. A median, because a few broken records make single steps high; two nats beside,
because twice a loss near 0 is still a small one. The rule is ours.
"""

from __future__ import annotations

from itertools import accumulate
from statistics import median

from chapter2.training.history import History

WINDOW = 10  # steps; more than half of them must be high
TARGETS = 32  # over which the first loss is averaged: single records vary
MARGIN = 2.0  # nats


def divergence(history: History) -> str | None:
    """Return in words that the last steps diverge; None where they do not."""
    first = steps_to(history.counts, TARGETS)
    if len(history.losses) < first + WINDOW:
        return None
    losses, counts = history.losses[:first], history.counts[:first]
    summed = sum(x * n for x, n in zip(losses, counts, strict=True))
    reference = summed / max(1, sum(counts))
    typical = median(history.losses[-WINDOW:])
    longer = per_target(history, slice(-WINDOW, None)) / per_target(
        history, slice(first)
    )
    if typical <= max(1.0, longer) * (reference + abs(reference)) + MARGIN:
        return None
    return (
        f"the learning rate diverges: the loss was {typical:.3g} in the median of the "
        f"last {WINDOW} steps, and {reference:.3g} at first"
    )


def per_target(history: History, steps: slice) -> float:
    """Return the tokens per target of some steps, at least one."""
    return max(1.0, sum(history.tokens[steps]) / max(1, sum(history.counts[steps])))


def steps_to(counts: list[int], targets: int) -> int:
    """Return how many of the first steps hold ``targets`` together, or of all."""
    sums = accumulate(counts)
    return next((i for i, n in enumerate(sums, 1) if n >= targets), len(counts))
