"""Resamples of the test records: what the bootstrap intervals are read off.

A metric that is known by name sees of a record its true label and the predictions, so
the resamples are drawn as counts of such kinds, which is far less work.

Records that are not independent, as copies of a text or texts of one author, are one
unit: the U units are drawn with replacement, each with all its records (the cluster
bootstrap; Field and Welsh, 2007). Ten copies of a test set are no more evidence than
the set itself, and drawn one by one they would seem to be.

Shape legend: N records, M models (1 or 2), R resamples, U units, C classes; K kinds of
unit, which hold L records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from chapter2.errors import DataError, UsageError
from chapter2.evaluation.metrics import BY_MARGINS, Margins, accuracy

Metric = str | Callable[[np.ndarray, np.ndarray], float]

CHUNK = 2_000_000  # numbers drawn at once: 16 MB
FEW = 30  # units: with fewer, intervals are too narrow (Cameron, Gelbach, Miller, 2008)
LEAST = 6  # units: of five, all of one sign, the sign test has p = 2 / 2^5 = 6 %


class Resample:
    """Scores M models on bootstrap resamples of the same N records."""

    def __init__(
        self,
        metric: Metric,
        true: np.ndarray,  # (N,)
        preds: np.ndarray,  # (M, N)
        classes: int | None,
        units: ArrayLike | None = None,  # (N,): records that are drawn together
    ) -> None:
        if isinstance(metric, str) and metric not in BY_MARGINS:
            known = ", ".join(BY_MARGINS)
            raise UsageError(f"metric is {metric!r}; use one of {known}.")
        self.metric = "accuracy" if metric is accuracy else metric
        self.true, self.preds = true, preds
        self.classes = classes or int(max(true.max(), preds.max())) + 1
        self.units = joined(units, len(true))

    @property
    def too_few(self) -> bool:
        """Whether the units are too few to tell anything, by a metric with a name."""
        few = self.units is not None and int(self.units.max()) + 1 < LEAST
        return few and isinstance(self.metric, str)

    def observed(self) -> np.ndarray:
        """Return the scores (M,) on the records as they are."""
        if isinstance(self.metric, str):
            records, kind, counts = self._kinds()
            return self._by_counts(records, counts[None, kind])[0]
        return np.array([self.metric(self.true, pred) for pred in self.preds])

    def draw(self, resamples: int, seed: int) -> np.ndarray:
        """Return the scores (R, M) on ``resamples`` resamples.

        Of fewer than ``LEAST`` units nothing can be told about others: by a metric with
        a name each score is then 0 or 1, so that an interval holds all that can be.
        """
        check_resamples(resamples)
        rng = np.random.default_rng(seed)
        if self.too_few:
            return rng.integers(2, size=(resamples, len(self.preds))).astype(float)
        if isinstance(self.metric, str):
            return self._draw_counts(resamples, rng)
        return self._draw_records(self.metric, resamples, rng)

    def draw_mean(self, resamples: int, seed: int) -> np.ndarray:
        """Return the mean score (R,) of the M models on ``resamples`` resamples."""
        drawn = self.draw(resamples, seed)
        return drawn[:, 0] if self.too_few else drawn.mean(axis=1)

    def _kinds(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the K kinds of unit: their records, and how many units are of each.

        To a metric a record is (true label, prediction of each model), and a unit is
        its records. All L records of one unit of each kind: (1 + M, L); the kind to
        which each of them belongs: (L,); the number of units: (K,).
        """
        records = np.stack([self.true, *self.preds])  # (1 + M, N)
        if self.units is None:
            found, counts = np.unique(records, axis=1, return_counts=True)
            return found, np.arange(len(counts)), counts
        found, place = np.unique(records, axis=1, return_inverse=True)
        place = place.reshape(-1)
        order = np.lexsort((place, self.units))  # by unit, and in it by record
        ends = np.flatnonzero(np.diff(self.units[order])) + 1
        parts = Counter(tuple(part.tolist()) for part in np.split(place[order], ends))
        kinds = sorted(parts)  # so that it does not matter how units are numbered
        kind = np.repeat(np.arange(len(kinds)), [len(part) for part in kinds])
        counts = np.array([parts[part] for part in kinds])
        return found[:, np.concatenate(kinds)], kind, counts

    def _by_counts(self, records: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Score records (1 + M, L), each as often as ``counts`` (R, L) says: (R, M)."""
        assert isinstance(self.metric, str)
        true = records[0]
        support = self._per_class(true, counts)
        scores = []
        for pred in records[1:]:
            right = pred == true
            hits = self._per_class(true[right], counts[:, right])
            margins = Margins(hits, self._per_class(pred, counts), support)
            scores.append(BY_MARGINS[self.metric](margins))
        return np.stack(scores, axis=1)

    def _per_class(self, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Add up ``counts`` (R, L) by the class in ``labels`` (L,): (R, C)."""
        found = np.zeros((len(counts), self.classes))
        order = np.argsort(labels, kind="stable")
        present, starts = np.unique(labels[order], return_index=True)
        found[:, present] = np.add.reduceat(counts[:, order], starts, axis=1)
        return found

    def _draw_counts(self, resamples: int, rng: np.random.Generator) -> np.ndarray:
        """Draw counts of kinds, not units: the same distribution, far less work."""
        records, kind, counts = self._kinds()
        units = counts.sum()
        size = max(1, CHUNK // max(len(kind), self.classes))
        scores = []
        for start in range(0, resamples, size):
            rows = min(size, resamples - start)
            # U draws with replacement ~ Multinomial(U, counts / U)
            drawn = rng.multinomial(units, counts / units, rows)
            scores.append(self._by_counts(records, drawn[:, kind]))
        return np.concatenate(scores)

    def _draw_records(
        self,
        metric: Callable[[np.ndarray, np.ndarray], float],
        resamples: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        members: list[np.ndarray] = []  # U arrays of records
        if self.units is not None:
            ends = np.cumsum(np.bincount(self.units))[:-1]
            members = np.split(np.argsort(self.units, kind="stable"), ends)
        n = len(members) or len(self.true)
        scores = np.empty((resamples, len(self.preds)))
        for row in scores:
            chosen = rng.integers(n, size=n)
            if members:
                chosen = np.concatenate([members[unit] for unit in chosen])
            row[:] = [metric(self.true[chosen], pred[chosen]) for pred in self.preds]
        return scores


def joined(units: ArrayLike | None, records: int) -> np.ndarray | None:
    """Return the units (N,), numbered 0 .. U-1; None where each record is its own.

    Raises:
        DataError: not one integer for each of the ``records``.
    """
    if units is None:
        return None
    found = np.asarray(units)
    if found.shape != (records,) or found.dtype.kind not in "iu":
        raise DataError(
            f"units must hold one integer for each of the {records} records, not shape "
            f"{found.shape} of {found.dtype}."
        )
    names, numbers = np.unique(found, return_inverse=True)
    return None if len(names) == records else numbers


def drawn_together(parts: Mapping[str, ArrayLike]) -> str | None:
    """Say that units are drawn; None where each record is a unit of its own.

    ``parts`` is what the records are called, ``"test record"``, -> their units (N,).
    """
    told, fewest = [], FEW
    for name, units in parts.items():
        records, independent = len(np.asarray(units)), len(np.unique(units))
        if independent < records:
            many = "unit" if independent == 1 else "units"
            told.append(
                f"the {records:,} {name}s form {independent:,} independent {many}"
            )
            fewest = min(fewest, independent)
    if not told:
        return None
    said = " and ".join(told)
    few = ""
    if fewest < LEAST:
        few = f" Fewer than {LEAST} units tell nothing: intervals hold all that can be."
    elif fewest < FEW:
        few = f" With fewer than {FEW} units intervals are too narrow."
    return (
        f"{said[0].upper()}{said[1:]}, because equal texts and records of one group "
        f"stay together: intervals draw units, not records.{few}"
    )


def design_effect(values: np.ndarray, units: ArrayLike | None) -> float:
    """Return how many records are worth one independent record (Kish, 1965), from 1 up.

    The variance of the mean of ``values`` (N,) when ``units`` (N,) are drawn, over that
    when records are: N divided by it is the effective number of records. Where all
    values are equal, or there are fewer than ``LEAST`` units, whose sums are alike by
    luck, the records of a unit count as copies: N / U.

    Raises:
        DataError: not one integer for each of the records.
    """
    found = joined(units, len(values))
    if found is None:
        return 1.0
    apart = values - values.mean()
    independent = int(found.max()) + 1
    if not apart.any() or independent < LEAST:
        return len(values) / independent
    # sum over units of (sum of their deviations)^2 / sum of the squared deviations
    sums = np.bincount(found, weights=apart)
    return max(1.0, float(sums @ sums / (apart @ apart)))


def check_resamples(resamples: int) -> None:
    """Raise UsageError where there is none."""
    if resamples < 1:
        raise UsageError(f"resamples is {resamples}; an interval needs at least 1.")
