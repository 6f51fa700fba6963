r"""How long a CUSUM runs until it alarms, and the threshold for a run length asked for.

Page (1954) watches observations z_1, z_2, ... of mean 0 and deviation 1 while nothing
has changed, and alarms at the first n at which one of

.. math:: S^+_n = \max(0, S^+_{n-1} + z_n - k)
.. math:: S^-_n = \max(0, S^-_{n-1} - z_n - k)

exceeds h. The average run length (ARL) is the mean of that n. In control it is the
time between false alarms, so that 1 / ARL is the false-alarm rate; after a shift of
delta it is the mean delay. For normal z, k = delta / 2 is best against a shift of delta
(Moustakides, 1986).

The ARL comes from the Markov chain of Brook and Evans (1972), with the normal
distribution function or that of drawn observations; :func:`simulate` checks it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from chapter2.errors import UsageError
from chapter2.evaluation import Interval

STATES = 100  # of the chain; with 400 a run length of 465.2 comes out as 465.4
MOST = 1e6  # observations between false alarms that can be asked for
Draw = Callable[[np.random.Generator, int], np.ndarray]  # (rng, R) -> z (R,)
Below = Callable[[np.ndarray], np.ndarray]  # x -> P(z <= x)


def normal(shift: float = 0.0) -> Below:
    """Return the distribution function of N(shift, 1)."""
    cdf = NormalDist(shift).cdf
    return lambda x: np.array([cdf(each) for each in x])


def drawn(z: np.ndarray) -> Below:
    """Return the distribution function of drawn observations (M,)."""
    ordered = np.sort(z)
    return lambda x: np.searchsorted(ordered, x, side="right") / len(ordered)


def average_run_length(k: float, h: float, below: Below | None = None) -> float:
    """Return the ARL of the two-sided CUSUM of independent z, by default N(0, 1).

    1 / ARL = 1 / ARL+ + 1 / ARL-, the ARL of the two sides alone (Kemp, 1961).

    Raises:
        UsageError: k below 0, or h not above 0.
    """
    if k < 0 or h <= 0:
        raise UsageError(f"k is {k} and h is {h}; give k from 0 and h above 0.")
    known = below or normal()
    upper = _one_sided(k, h, known)
    lower = _one_sided(k, h, lambda x: 1 - known(-x)) if below else upper
    alarms = 1 / upper + 1 / lower  # in one observation
    return 1 / alarms if alarms else np.inf


def _one_sided(k: float, h: float, below: Below) -> float:
    """Return the ARL of one side by the chain of Brook and Evans (1972).

    S is kept as one of M states, state 0 for S = 0 and state i for the cell around
    i w, w = 2 h / (2 M - 1); from i to j leads P((j - i - 1/2) w < z - k <
    (j - i + 1/2) w). With Q these M x M chances, (I - Q) L = 1 and ARL = L_0.
    """
    width = 2 * h / (2 * STATES - 1)
    steps = np.arange(-STATES, STATES + 1)
    known = below((steps + 0.5) * width + k)  # by j - i
    i, j = np.indices((STATES, STATES))
    q = known[j - i + STATES] - known[j - i - 1 + STATES]
    q[:, 0] = known[STATES - i[:, 0]]  # all that falls to 0 or below it
    matrix = np.eye(STATES) - q
    try:
        return float(np.linalg.solve(matrix, np.ones(STATES))[0])
    except np.linalg.LinAlgError:  # no draw reaches that far: it never alarms
        return np.inf


def threshold(k: float, run_length: float, below: Below | None = None) -> float:
    """Return h at which the ARL in control is ``run_length``, by default for N(0, 1).

    Raises:
        UsageError: a run length of 2 or less, or above one million.
    """
    if not 2 < run_length <= MOST:
        raise UsageError(
            f"run_length is {run_length}; give the observations between false alarms, "
            f"above 2 and at most {MOST:,.0f}."
        )
    low, high = 1e-3, 1.0
    while average_run_length(k, high, below) < run_length:
        low, high = high, 2 * high
    for _ in range(20):
        middle = (low + high) / 2
        reached = average_run_length(k, middle, below) >= run_length
        low, high = (low, middle) if reached else (middle, high)
    return high


@dataclass(frozen=True)
class Runs:
    """Simulated run lengths."""

    lengths: np.ndarray  # (R,) observations until the first alarm
    cut: int  # runs without an alarm within the horizon; counted as its length

    @property
    def mean(self) -> Interval:
        """The ARL with its 95 % interval, mean +- 1.96 s / sqrt(R)."""
        n = len(self.lengths)
        value = float(self.lengths.mean())
        half = NormalDist().inv_cdf(0.975) * float(self.lengths.std(ddof=1)) / n**0.5
        return Interval(value, value - half, value + half, 0.95, 0)


def simulate(
    draw: Draw, k: float, h: float, horizon: int, runs: int = 500, seed: int = 0
) -> Runs:
    """Return ``runs`` run lengths of observations from ``draw``."""
    rng = np.random.default_rng(seed)
    upper, lower = np.zeros(runs), np.zeros(runs)
    lengths = np.zeros(runs)
    for n in range(1, horizon + 1):
        z = draw(rng, runs)
        upper, lower = np.maximum(0, upper + z - k), np.maximum(0, lower - z - k)
        lengths[(lengths == 0) & (np.maximum(upper, lower) > h)] = n
        if lengths.all():
            break
    cut = int((lengths == 0).sum())
    return Runs(np.where(lengths == 0, horizon, lengths), cut)
