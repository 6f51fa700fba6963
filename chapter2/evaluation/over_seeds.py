r"""Two ways to train, compared over their seeds and the test records together.

:func:`chapter2.evaluation.paired_bootstrap` asks what another test set would have
shown of two models. What is wanted of two *ways to train* is more: what would other
seeds and another test set have shown? Seeds and records are crossed (each model answers
every record), so with d_sn the difference between the two, for seed s and record n,

.. math:: d_{sn} = \mu + \alpha_s + \beta_n + \varepsilon_{sn}, \qquad
          \widehat{\mathrm{Var}}(\bar d) = \frac{s_\alpha^2}{S} + \frac{s_\beta^2}{N}

:math:`s_\alpha^2` is the variance of the S means over the records, :math:`s_\beta^2`
that of the N means over the seeds. Each holds a share of the noise :math:`\varepsilon`,
which is so counted twice: the interval is a little too wide, never too narrow for that.
Its factor is a quantile of t with Satterthwaite's (1946) degrees of freedom: S - 1
where the seeds make the variance, N - 1 where the records do.

Shapes: S seeds, N test records.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.intervals import Interval


def over_seeds(
    a: ArrayLike, b: ArrayLike | None = None, level: float = 0.95
) -> Interval:
    """Return the mean of ``a`` - ``b`` with an interval over seeds and records.

    Args:
        a: (S, N), of each seed's model whether it is right about each test record.
        b: the same of another way to train, seed by seed; None: ``a`` alone.
        level: the share of samples of seeds and records that the interval covers.

    Raises:
        DataError: not the same shape (S, N), or fewer than two seeds or records.
        UsageError: a level outside (0, 1).
    """
    first = np.asarray(a, dtype=float)
    second = np.zeros_like(first) if b is None else np.asarray(b, dtype=float)
    if first.ndim != 2 or first.shape != second.shape or min(first.shape) < 2:
        raise DataError(
            f"The answers have the shapes {first.shape} and {second.shape}; give both "
            "as (seeds, records) of one size, at least two of each."
        )
    if not 0 < level < 1:
        raise UsageError(f"level is {level}; give a share between 0 and 1, as 0.95.")
    d = first - second  # (S, N)
    seeds, records = d.shape
    by_seed = float(d.mean(axis=1).var(ddof=1)) / seeds
    by_record = float(d.mean(axis=0).var(ddof=1)) / records
    half = _quantile(by_seed, by_record, seeds, records, level)
    half *= math.sqrt(by_seed + by_record)
    value = float(d.mean())
    return Interval(value, value - half, value + half, level, resamples=0)


def _quantile(
    by_seed: float, by_record: float, seeds: int, records: int, level: float
) -> float:
    """Return the quantile of t that the two variances of a mean ask for."""
    from scipy.special import stdtrit  # comes with scikit-learn

    parts = by_seed**2 / (seeds - 1) + by_record**2 / (records - 1)
    # df = (u + v)^2 / (u^2 / (S - 1) + v^2 / (N - 1))
    freedom = (by_seed + by_record) ** 2 / parts if parts else math.inf
    return float(stdtrit(freedom, 0.5 + level / 2)) if parts else 0.0
