"""Scores with their intervals, as the commands print them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chapter2.cli.console import table

if TYPE_CHECKING:
    import numpy as np

    from chapter2.data import TextDataset
    from chapter2.evaluation import Interval

SHOWN = (("validation", "accuracy"), ("test", "accuracy"), ("test", "macro_f1"))
RESAMPLES = 1000  # an interval's ends then vary by about a twentieth of its width


@dataclass(frozen=True)
class Scores:
    """Two scores of one predictor on one part, each with its 95 % interval."""

    accuracy: Interval
    macro_f1: Interval

    def to_dict(self) -> dict[str, Any]:
        """Return the scores by name (ready for JSON)."""
        return asdict(self)


def measure(
    dataset: TextDataset, units: np.ndarray, predictions: np.ndarray, seed: int
) -> Scores:
    """Return the scores of ``predictions`` (N,) with bootstrap intervals.

    Records with the same number in ``units`` (N,) are drawn together. Where all records
    are right, or all wrong, each resample is too; the interval of the accuracy is then
    Wilson's, which keeps its width.
    """
    from chapter2.evaluation import accuracy_interval, bootstrap_interval

    accuracy, macro_f1 = (
        bootstrap_interval(
            metric,
            dataset.labels,
            predictions,
            RESAMPLES,
            seed=seed,
            classes=len(dataset.label_names),
            units=units,
        )
        for metric in ("accuracy", "macro_f1")
    )
    if accuracy.low == accuracy.high in (0, 1):
        accuracy = accuracy_interval(predictions == dataset.labels, units)
    return Scores(accuracy, macro_f1)


def difference(
    dataset: TextDataset,
    units: np.ndarray,
    ours: np.ndarray,
    theirs: np.ndarray,
    seed: int,
) -> Interval:
    """Return accuracy(ours) - accuracy(theirs) on the same records."""
    from chapter2.evaluation import paired_bootstrap

    return paired_bootstrap(
        "accuracy", dataset.labels, ours, theirs, RESAMPLES, seed=seed, units=units
    )


def together(units: np.ndarray, name: str = "record") -> list[str]:
    """Return the notice that intervals draw ``units`` (N,); none where they do not."""
    from chapter2.evaluation.resampling import drawn_together

    said = drawn_together({name: units})
    return [] if said is None else [said]


def verdict(gain: Interval, baseline: str, units: np.ndarray) -> str:
    """Say in one sentence whether the fine-tuned model has earned its cost."""
    points = f"{_points(gain)} points of test accuracy over {baseline}"
    if gain.low > 0:
        return f"The fine-tuned model is better: {points}."
    if gain.high < 0:
        return f"The baseline is better, use that: {points}."
    independent = int(units.max()) + 1
    many = "test records" if independent == len(units) else "units of test records"
    return (
        f"The baseline is as good as far as {independent:,} {many} can tell: {points}."
    )


def _points(gain: Interval) -> str:
    value, low, high = (100 * x for x in (gain.value, gain.low, gain.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def percent(interval: Interval) -> str:
    """Return an interval for people: ``85.5 [84.0, 87.1]``, in per cent."""
    value, low, high = (100 * x for x in (interval.value, interval.low, interval.high))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def score_table(scores: dict[str, dict[str, Any]]) -> str:
    """Return rows of predictors and columns of scores, in per cent.

    ``scores`` is predictor -> part -> what :meth:`Scores.to_dict` gave.
    """
    from chapter2.evaluation import Interval

    rows = []
    for name, by_part in scores.items():
        cells = [percent(Interval(**by_part[part][kind])) for part, kind in SHOWN]
        rows.append([name, *cells])
    heads = [f"{part} {kind.replace('_f1', ' F1')}" for part, kind in SHOWN]
    return table(["% [95 % interval]", *heads], rows)
