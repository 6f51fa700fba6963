r"""How well the right answer is found, and how far the answers may be trusted.

With r_i the place of the first right answer to question i, from 1, infinite where it
is not among the candidates (ten, usually: the MRR is then that at 10):

.. math:: R@k = \frac{1}{N} \sum_i [r_i \le k], \qquad
          \mathrm{MRR} = \frac{1}{N} \sum_i \frac{1}{r_i}

Intervals are percentile bootstraps over the questions.

Shapes: N questions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chapter2.data.exchanges import Exchanges, right_answers
from chapter2.data.normalise import normalise
from chapter2.evaluation.intervals import Interval, mean_interval

if TYPE_CHECKING:
    from chapter2.applications.customer_service.index import Found

RESAMPLES = 2000


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Ranks:
    """The place of the first right answer to each of N questions."""

    places: np.ndarray  # (N,), from 1; inf: not found
    confidence: np.ndarray  # (N,) of the answer that comes first; 0: none was found

    def recall(self, k: int) -> Interval:
        """Return the share of the questions with a right answer among the first k."""
        return mean_interval((self.places <= k).astype(float), RESAMPLES)

    def mrr(self) -> Interval:
        """Return the mean reciprocal rank."""
        return mean_interval(1 / self.places, RESAMPLES)

    def gain(self, other: Ranks, k: int | None = None) -> Interval:
        """Return self - other in R@k, or in MRR where no k is given, paired."""
        ours, theirs = (
            1 / ranks.places if k is None else (ranks.places <= k).astype(float)
            for ranks in (self, other)
        )
        return mean_interval(ours - theirs, RESAMPLES)


def rank(search: Callable[[str], Sequence[Found]], questions: Exchanges) -> Ranks:
    """Ask each question; an answer is right that the exchanges give to it.

    A question that has several answers there has several right ones. ``search``
    returns what it found, best first.
    """
    right = right_answers(questions)
    places, sure = [], []
    for question in dict.fromkeys(questions.questions):
        found = search(question)
        good = right[normalise(question)]
        hits = (
            i for i, hit in enumerate(found, 1) if normalise(hit.entry.answer) in good
        )
        places.append(next(hits, np.inf))
        sure.append(found[0].confidence if found else 0.0)
    return Ranks(np.array(places, dtype=float), np.array(sure))
