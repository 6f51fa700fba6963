"""Measure recommenders on a task: each against the first ones, over the same users.

Shapes: B users, k places, I items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from chapter2.applications.recommendation import metrics
from chapter2.applications.recommendation.base import Recommender, recommend
from chapter2.applications.recommendation.likes import Task
from chapter2.errors import UsageError
from chapter2.evaluation.intervals import Interval, mean_interval
from chapter2.evaluation.tables import markdown_table, text_table


@dataclass(frozen=True, eq=False)
class Measured:
    """The lists of one recommender, and how good they are for each user."""

    lists: np.ndarray  # (B, k)
    recall: np.ndarray  # (B,)
    ndcg: np.ndarray  # (B,)
    diversity: np.ndarray  # (B,)
    coverage: float

    @classmethod
    def of(
        cls, lists: np.ndarray, wanted: csr_matrix, features: np.ndarray
    ) -> Measured:
        """Measure lists (B, k) by what was wanted (B, I) and by features (I, V)."""
        return cls(
            lists,
            metrics.recall(lists, wanted),
            metrics.ndcg(lists, wanted),
            metrics.diversity(lists, features),
            metrics.coverage(lists, len(features)),
        )


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several recommenders on one task; the first ones are what others must beat."""

    measured: Mapping[str, Measured]
    resamples: int
    level: float = 0.95
    seed: int = 0
    references: int = 1  # how many of the first

    def __post_init__(self) -> None:
        if not 1 <= self.references <= len(self.measured):
            raise UsageError(
                f"references is {self.references}; give 1 to {len(self.measured)}, "
                "the recommenders there are."
            )

    @property
    def reference(self) -> str:
        """The name of the first."""
        return next(iter(self.measured))

    def interval(self, name: str, metric: str = "ndcg") -> Interval:
        """Return the mean of a metric over the users, with its interval."""
        values = getattr(self.measured[name], metric)
        return mean_interval(values, self.resamples, self.level, self.seed)

    def against(
        self, name: str, other: str | None = None, metric: str = "ndcg"
    ) -> Interval:
        """Return ``name`` - ``other`` (None: the first) by the paired bootstrap."""
        a, b = self.measured[name], self.measured[other or self.reference]
        difference = getattr(a, metric) - getattr(b, metric)
        return mean_interval(difference, self.resamples, self.level, self.seed)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        k = next(iter(self.measured.values())).lists.shape[1]
        beaten = list(self.measured)[: self.references]
        header = ["model", f"recall@{k}", f"NDCG@{k}"]
        header += [f"against {other}" for other in beaten]
        rows = []
        for name, found in self.measured.items():
            scores = [f"{self.interval(name, m):.3f}" for m in ("recall", "ndcg")]
            gains = [
                "" if name == other else f"{self.against(name, other):+.3f}"
                for other in beaten
            ]
            spread = f"{self.interval(name, 'diversity'):.2f}"
            rows.append([name, *scores, *gains, f"{found.coverage:.1%}", spread])
        return [*header, "coverage", "diversity"], rows

    def __str__(self) -> str:
        return text_table(*self._table())

    def _repr_markdown_(self) -> str:
        return markdown_table(*self._table())


def measure(
    model: Recommender, task: Task, features: np.ndarray, k: int = 10
) -> Measured:
    """Return the lists of ``model`` for the users of ``task``, and their quality.

    ``features`` (I, V) are what diversity is measured by.
    """
    lists = recommend(model, task.histories(), task.seen[task.users], k)
    return Measured.of(lists, task.wanted[task.users], features)


def compare(
    models: Mapping[str, Recommender],
    task: Task,
    features: np.ndarray,
    k: int = 10,
    resamples: int = 1000,
    references: int = 1,
) -> Comparison:
    """Measure all models on the same users; the first ``references`` are baselines.

    Raises:
        UsageError: no reference, or more than models.
    """
    found = {name: measure(m, task, features, k) for name, m in models.items()}
    return Comparison(found, resamples, references=references)
