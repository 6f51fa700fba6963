"""Whether a stated probability can be believed, and how to mend it with one number.

A classifier is calibrated where, of the records that it answers with 80 % confidence,
80 % are right. Accuracy does not see this; decisions by cost rest on it.

Shape legend: N records, C classes, M bins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.metrics import as_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Binning = Literal["width", "mass"]

LEAST = 1e-12  # a probability of 0 counts as this much: one record costs at most 27.6
HOTTEST = 20.0  # T is looked for between 1/20 and 20
ROUNDING = 1e-3  # by how much a row may miss 1: probabilities of float16 do


@dataclass(frozen=True)
class Bin:
    """The records whose confidence lies in (low, high]."""

    low: float
    high: float
    records: int
    confidence: float  # mean of the highest probability
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy, bin by bin; empty bins are left out."""

    bins: tuple[Bin, ...]
    records: int

    def __iter__(self) -> Iterator[Bin]:
        return iter(self.bins)

    @property
    def error(self) -> float:
        """The expected calibration error: sum of n_m / N |acc_m - conf_m|."""
        gaps = (bin.records * abs(bin.accuracy - bin.confidence) for bin in self)
        return sum(gaps) / self.records

    @property
    def largest_gap(self) -> float:
        """The maximum calibration error: the largest |acc_m - conf_m|."""
        return max(abs(bin.accuracy - bin.confidence) for bin in self)


def as_probabilities(
    y_true: ArrayLike, probabilities: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (N,) and probabilities (N, C), rows summing to 1 exactly.

    Raises:
        DataError: another shape, NaN, a number outside 0 to 1, a row that does not sum
            to 1, or a label beyond the classes.
    """
    p = np.asarray(probabilities, dtype=float)
    if p.ndim != 2 or p.shape[1] < 2:
        raise DataError(
            f"probabilities has shape {p.shape}; give one row per record and one "
            "column per class, two classes or more."
        )
    true = as_labels(y_true, "y_true", p.shape[1])
    if len(true) != len(p):
        raise DataError(f"y_true has {len(true)} records, but there are {len(p)} rows.")
    good = ((p >= 0) & (p <= 1 + ROUNDING)).all(axis=1)
    good &= np.abs(p.sum(axis=1) - 1) <= ROUNDING
    if not good.all():
        at = int(np.flatnonzero(~good)[0])
        raise DataError(
            f"probabilities[{at}] is {p[at].tolist()}; each row must hold shares that "
            "sum to 1 (a softmax of the logits)."
        )
    return true, p / p.sum(axis=1, keepdims=True)


def reliability(
    y_true: ArrayLike,
    probabilities: ArrayLike,
    bins: int = 15,
    by: Binning = "width",
) -> Reliability:
    """Part the records by their confidence, the highest probability of each.

    ``"width"``: M bins of equal width between 0 and 1, as in Guo et al. (2017).
    ``"mass"``: M bins of equally many records, so that none rests on a few (Nixon et
    al., 2019); equal confidences are not parted.

    Raises:
        DataError: bad labels or probabilities.
        UsageError: no bin, or another ``by``.
    """
    true, p = as_probabilities(y_true, probabilities)
    if bins < 1 or by not in ("width", "mass"):
        raise UsageError(
            f'bins is {bins} and by {by!r}; use 1 or more, "width", "mass".'
        )
    confidence, right = p.max(axis=1), p.argmax(axis=1) == true
    edges = np.linspace(0, 1, bins + 1)
    if by == "mass":
        # the last of the first ceil(m N / M) records, in whole numbers
        ends = [-(-m * len(p) // bins) - 1 for m in range(1, bins)]
        edges = np.unique([0.0, *np.sort(confidence)[ends], 1.0])
    # bin m holds edges[m] < confidence <= edges[m + 1]
    place = np.searchsorted(edges, confidence, side="left").clip(1, len(edges) - 1) - 1
    found = []
    for m in np.unique(place):
        inside = place == m
        means = float(confidence[inside].mean()), float(right[inside].mean())
        low, high = float(edges[m]), float(edges[m + 1])
        found.append(Bin(low, high, int(inside.sum()), *means))
    return Reliability(tuple(found), len(true))


def expected_calibration_error(
    y_true: ArrayLike,
    probabilities: ArrayLike,
    bins: int = 15,
    by: Binning = "width",
) -> float:
    """Return the expected calibration error (Guo et al., 2017), a share of 1.

    With few records it is above 0 for a calibrated model too: |acc - conf| of a small
    bin is chance. Compare at the same N and M only.

    Raises:
        DataError: bad labels or probabilities.
        UsageError: no bin, or another ``by``.
    """
    return reliability(y_true, probabilities, bins, by).error


def brier_score(y_true: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean of sum_c (p_c - [y = c])^2, from 0 to 2 (Brier, 1950).

    With two classes it is twice the score that some libraries call by this name.

    Raises:
        DataError: bad labels or probabilities.
    """
    true, p = as_probabilities(y_true, probabilities)
    hit = p[np.arange(len(p)), true]
    # sum_c (p_c - [y = c])^2 = sum_c p_c^2 - 2 p_y + 1
    return float(((p**2).sum(axis=1) - 2 * hit + 1).mean())


def negative_log_likelihood(y_true: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the mean of -ln p_y, in nats; a probability below 1e-12 counts as that.

    Raises:
        DataError: bad labels or probabilities.
    """
    true, p = as_probabilities(y_true, probabilities)
    return _mean_loss(np.log(p.clip(LEAST)), true)


def _mean_loss(log_p: np.ndarray, true: np.ndarray) -> float:
    return float(-log_p[np.arange(len(true)), true].mean())


@dataclass(frozen=True)
class Temperature:
    """Probabilities made flatter (T above 1) or sharper; the order stays."""

    value: float

    def __call__(self, probabilities: ArrayLike) -> np.ndarray:
        """Return softmax(log p / T), (N, C): as dividing the logits by T."""
        return np.exp(
            _scaled(np.log(np.asarray(probabilities).clip(LEAST)), self.value)
        )


def _scaled(log_p: np.ndarray, temperature: float) -> np.ndarray:
    """Return log softmax(log p / T): log p are the logits but for a shift per row."""
    from scipy.special import log_softmax

    return log_softmax(log_p / temperature, axis=1)


def fit_temperature(y_true: ArrayLike, probabilities: ArrayLike) -> Temperature:
    """Return the temperature of the least negative log-likelihood (Guo et al., 2017).

    One parameter, fitted on *validation* records: those of training are answered with
    more confidence than new ones, and those of the test only report. The loss is convex
    in 1/T, so the one minimum is found.

    Raises:
        DataError: bad labels or probabilities.
    """
    from scipy.optimize import minimize_scalar

    true, p = as_probabilities(y_true, probabilities)
    log_p = np.log(p.clip(LEAST))
    found = minimize_scalar(
        lambda inverse: _mean_loss(_scaled(log_p, 1 / inverse), true),
        bounds=(1 / HOTTEST, HOTTEST),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return Temperature(float(1 / found.x))


def reliability_diagram(curves: dict[str, Reliability], classes: int) -> Figure:
    """Draw accuracy against confidence, one line per model, and the diagonal.

    The area of a dot grows with its bin's records. The axes begin at 1/C: no highest
    probability lies below it.

    Raises:
        UsageError: no model.
    """
    from chapter2 import plots

    if not curves:
        raise UsageError("There is nothing to draw; give one model or more.")
    low = 1 / classes
    with plots.style():
        figure, axes = plots.new_axes(5.2, 4.2)
        axes.plot([low, 1], [low, 1], ":", color="0.5", label="calibrated")
        marks = zip(curves.items(), plots.PALETTE, "osD^v", strict=False)
        for (name, curve), colour, mark in marks:
            x, y = [b.confidence for b in curve], [b.accuracy for b in curve]
            area = [12 + 160 * b.records / curve.records for b in curve]
            axes.plot(x, y, color=colour, linewidth=1, alpha=0.6)
            label = f"{name} (error {curve.error:.1%})"
            axes.scatter(x, y, s=area, color=colour, marker=mark, label=label)
        axes.set(xlabel="confidence", ylabel="accuracy", xlim=(low - 0.02, 1.02))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda v, _: f"{v:.0%}")
        axes.legend(loc="lower right", fontsize=8.5)
    return figure
