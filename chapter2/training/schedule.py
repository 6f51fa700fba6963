"""The learning rate as a pure function of the step: nothing to store, or to lose."""

from __future__ import annotations


def warmup_linear(step: int, total: int, warmup: float) -> float:
    r"""Return the factor in [0, 1] by which the peak rate is multiplied at ``step``.

    With :math:`T` = ``total`` steps, of which :math:`w = \lfloor T \cdot
    \text{warmup} \rfloor` warm up, and steps counted from 0:

    .. math:: f(t) = t / w \;\text{ for } t < w, \qquad
              f(t) = (T - t) / (T - w) \;\text{ for } t \ge w

    This is the schedule of the BERT paper (appendix A.2) and equals
    ``transformers.get_linear_schedule_with_warmup(optimizer, w, T)``. Under a warmup
    the rate of the very first step is 0: that step only fills Adam's moments. The
    floor keeps a run of a few steps without a warmup, so that no step is lost there.
    """
    rising = int(total * warmup)
    if step < rising:
        return step / rising
    return max(0.0, (total - step) / max(1, total - rising))
