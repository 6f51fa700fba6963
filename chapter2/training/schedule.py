r"""The learning rate as a pure function of the step: nothing to store, or to lose.

Each function returns the factor in [0, 1] by which the peak rate is multiplied at step
:math:`t`, counted from 0. Of :math:`T` = ``total`` steps, :math:`w = \lfloor T \cdot
\text{warmup} \rfloor` warm up, in which all schedules rise alike:

.. math:: f(t) = t / w \;\text{ for } t < w

Under a warmup the rate of the very first step is 0: that step only fills the
optimiser's moments. The floor keeps a run of a few steps without a warmup, so that no
step is lost there. Each equals the ``transformers.get_*_schedule_with_warmup`` of its
name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps

Schedule = Callable[[int, int, float], float]  # of t, T and the share that warms up
TIMESCALE = 10_000  # steps; of inverse_sqrt where nothing warms up, as transformers has


def after_warmup(fall: Callable[[int, int, int], float]) -> Schedule:
    """Return the schedule that rises for w steps and then is ``fall``, of t, T, w."""

    @wraps(fall)
    def schedule(step: int, total: int, warmup: float) -> float:
        rising = int(total * warmup)
        return step / rising if step < rising else fall(step, total, rising)

    del schedule.__wrapped__  # else help() shows the parameters of ``fall``
    return schedule


@after_warmup
def warmup_linear(step: int, total: int, rising: int) -> float:
    r"""Fall in a straight line to 0; the BERT paper's (Devlin et al., 2019, A.2).

    .. math:: f(t) = (T - t) / (T - w) \;\text{ for } t \ge w
    """
    return max(0.0, (total - step) / max(1, total - rising))


@after_warmup
def warmup_cosine(step: int, total: int, rising: int) -> float:
    r"""Fall along half a cosine to 0 (Loshchilov and Hutter, 2017, without restarts).

    .. math:: f(t) = \tfrac{1}{2} \Bigl(1 + \cos \pi \frac{t - w}{T - w}\Bigr)
              \;\text{ for } t \ge w
    """
    share = min(1.0, (step - rising) / max(1, total - rising))
    return 0.5 * (1 + math.cos(math.pi * share))


@after_warmup
def warmup_inverse_sqrt(step: int, total: int, rising: int) -> float:
    r"""Fall as one over the root of the step (Vaswani et al., 2017, equation 3).

    .. math:: f(t) = \sqrt{s / (t + s - w)} \;\text{ for } t \ge w

    with :math:`s = w`, or :math:`s` = 10,000 steps where nothing warms up: a short run
    without a warmup has nearly a constant rate.
    """
    scale = rising or TIMESCALE
    return math.sqrt(scale / (step + scale - rising))


@after_warmup
def warmup_constant(step: int, total: int, rising: int) -> float:
    r"""Stay at the peak.

    .. math:: f(t) = 1 \;\text{ for } t \ge w
    """
    return 1.0


SCHEDULES: dict[str, Schedule] = {
    "linear": warmup_linear,
    "cosine": warmup_cosine,
    "inverse_sqrt": warmup_inverse_sqrt,
    "constant": warmup_constant,
}
