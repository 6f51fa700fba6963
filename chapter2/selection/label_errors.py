r"""Labels that are probably wrong: few, and mostly rightly suspected.

Confident learning (Northcutt, Jiang and Chuang, 2021) asks a model that has not seen a
record: with t_j the mean probability of class j over the records labelled j, a record
labelled i is suspected where some other class reaches its t_j. On texts that a model
gets wrong one time in five, most of those suspects are the model's errors, not the
annotator's. So we depart from the paper in how many of them are kept. A calibrated
model disagrees with a right label less and less often as it grows more certain; wrong
labels are a floor under that, since a slip of the hand does not care how certain the
model is. Let p be the probability of the model's own class, m its log odds, and g the
given label:

.. math:: s = \frac{1}{1 + e^{a + b m}}, \quad q_g = \frac{p_g}{1 - p}, \qquad
    P(g) = (1 - \varepsilon)\, s\, q_g
    + \frac{\varepsilon}{C - 1} \bigl(1 - s\, q_g\bigr)

for a g other than the model's class (for that class itself, 1 - s stands in place of
s q): the true label is the model's class but for a share s, which falls on the other
classes as the model weighs them, and a slip draws one of the C - 1 wrong labels. a, b
and the share of wrong labels :math:`\varepsilon` are fitted to all records by maximum
likelihood. A given label is wrong with probability
:math:`1 - (1 - \varepsilon)\, s\, q_g / P(g)`; suspects for which that is below
``SURE`` are let go, and all of them where the floor is not significant, or is higher
than wrong labels can explain.

Shapes: N records, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chapter2.errors import DataError

# of being a wrong label, by the fit. Measured with 5 % injected errors, six seeds each,
# the share of flags that were injected is 0.98 on clothing reviews, 0.89 on their
# departments, 0.87 on movie snippets, 0.78 on tweets and 0.71 on Chinese reviews (which
# hold errors of their own); on product and editorial snippets nothing is flagged
SURE = 0.85
# twice the gain in log likelihood that chance gives a floor of 0 in 1 of 400 data
# sets: chi-squared with one degree of freedom, halved at the boundary
SIGNIFICANT = 7.9
# A model that disagrees with more than one label in four, most of it by the floor, is
# one that does not get more certain, not one that found wrong labels (seen on
# editorials: floor 0.27 with 5 % injected errors, precision 0.17). A good model may owe
# all of its disagreements to wrong labels.
WEAK, PLAUSIBLE = 0.25, 0.5
ENOUGH = 200  # records below which a floor cannot be told from the model's errors
TINY = 1e-9
LEAST = 1e-3  # of q: a class that a model rules out is still the true one at times


@dataclass(frozen=True)
class LabelErrors:
    """The records whose label is probably wrong, the most probable first."""

    records: tuple[int, ...]  # indices
    suggested: tuple[int, ...]  # the label that the model gives each
    certainty: tuple[float, ...]  # of each label being wrong, by the fit
    share: float  # epsilon: estimated share of wrong labels in all records; 0: none
    candidates: int  # suspects by confident learning alone


def label_errors(
    labels: np.ndarray, probabilities: np.ndarray, sure: float = SURE
) -> LabelErrors:
    """Return the labels (N,) that out-of-fold probabilities (N, C) show to be wrong.

    Raises:
        DataError: the shapes do not fit, or a probability is not finite.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=float)
    _check(labels, probabilities)
    suspects = confident_suspects(labels, probabilities)
    if len(labels) < ENOUGH or probabilities.shape[1] < 2:
        return LabelErrors((), (), (), 0.0, int(suspects.sum()))
    top = probabilities.argmax(axis=1)
    share, wrong = _wrong_label(labels, probabilities)
    found = np.flatnonzero(suspects & (labels != top) & (wrong >= sure))
    found = found[np.argsort(-wrong[found], kind="stable")]
    return LabelErrors(
        tuple(found.tolist()),
        tuple(top[found].tolist()),
        tuple(wrong[found].tolist()),
        share,
        int(suspects.sum()),
    )


def _check(labels: np.ndarray, probabilities: np.ndarray) -> None:
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise DataError(
            f"{labels.shape} labels do not fit probabilities of the shape "
            f"{probabilities.shape}; give one row of C probabilities per label."
        )
    if not np.isfinite(probabilities).all():
        raise DataError("A probability is not finite; predict with another model.")


def confident_suspects(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return (N,) booleans: off the diagonal of the confident joint (the paper's (2)).

    A record counts for the most probable class among those that reach their t_j.
    """
    classes = probabilities.shape[1]
    # t_j = mean of p(j | x) over the records labelled j; no record: out of reach
    thresholds = np.array(
        [
            probabilities[labels == j, j].mean() if (labels == j).any() else np.inf
            for j in range(classes)
        ]
    )
    reached = np.where(probabilities >= thresholds, probabilities, -np.inf)
    return (reached.max(axis=1) > -np.inf) & (reached.argmax(axis=1) != labels)


def _wrong_label(
    labels: np.ndarray, probabilities: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return epsilon, and the probability that each given label is wrong, (N,)."""
    from scipy.optimize import minimize
    from scipy.special import expit

    agrees, m, q = _evidence(labels, probabilities)
    others = probabilities.shape[1] - 1

    def right_and_given(fit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (1 - epsilon) P(true label = g), and P(g)."""
        a, b = fit[0], np.exp(fit[1])  # b > 0: errors fall as the model grows certain
        share = 0.5 * expit(fit[2]) if len(fit) > 2 else 0.0
        s = expit(-(a + b * m))
        true = np.where(agrees, 1 - s, s * q)
        return (1 - share) * true, (1 - share) * true + share / others * (1 - true)

    def surprise(fit: np.ndarray) -> float:
        return float(-np.log(right_and_given(fit)[1] + TINY).sum())

    def fitted(start: list[float]) -> Any:
        options = {"maxiter": 1000, "xatol": 1e-3, "fatol": 1e-3}
        return minimize(surprise, start, method="Nelder-Mead", options=options)

    plain = fitted([0.0, 0.0])
    # from shares of 1 % and 6 %: the likelihood may have two hills
    best = min((fitted([*plain.x, x]) for x in (-4.0, -2.0)), key=lambda fit: fit.fun)
    share = float(0.5 * expit(best.x[2]))
    significant = 2 * (plain.fun - best.fun) >= SIGNIFICANT
    disagrees = 1 - agrees.mean()
    implausible = disagrees > WEAK and share > PLAUSIBLE * disagrees
    if not significant or implausible:
        return 0.0, np.zeros(len(m))
    right, given = right_and_given(best.x)
    return share, 1 - right / (given + TINY)


def _evidence(
    labels: np.ndarray, probabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return whether the model agrees, m and q of each record, (N,) each."""
    top = np.clip(probabilities.max(axis=1), TINY, 1 - TINY)
    own = probabilities[np.arange(len(labels)), labels]
    q = np.clip(own / (1 - top), LEAST, 1.0)
    return labels == probabilities.argmax(axis=1), np.log(top) - np.log1p(-top), q
