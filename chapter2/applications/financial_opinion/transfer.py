"""What an opinion model loses outside its domain: two test sets, one model.

The two sets have other texts, raters and shares of the classes, so macro F1 is compared
beside accuracy: each class counts alike in it, whatever its share. Copies of a text
and texts of one source are drawn together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chapter2.data.dealing import unit_numbers
from chapter2.data.records import TextDataset
from chapter2.errors import UsageError
from chapter2.evaluation import Interval, paired_bootstrap
from chapter2.evaluation.intervals import percentile_interval
from chapter2.evaluation.resampling import Resample

CLASSES = 3


@dataclass(frozen=True)
class Transfer:
    """The score of one model on texts of its own domain and of another one."""

    model: str
    home: Interval
    away: Interval
    loss: Interval  # home - away; the two sets are resampled apart
    home_gain: Interval  # over the baseline, on the same records
    away_gain: Interval


def transfers(
    predicted: Mapping[str, tuple[np.ndarray, np.ndarray]],
    baseline: str,
    home: TextDataset,
    away: TextDataset,
    metric: str = "macro_f1",
    resamples: int = 1000,
    seed: int = 0,
) -> list[Transfer]:
    """Return what each model scores and loses.

    Args:
        predicted: by model, its labels of the texts of ``home`` and of ``away``.
        baseline: the one of them that the others are compared with.
        home: texts of the domain that the models learnt from, held out.
        away: texts of another domain, with the same labels.
        metric: a name in ``chapter2.evaluation.METRICS``.
        resamples: of each bootstrap.
        seed: of all draws.

    Raises:
        UsageError: the labels of the sets differ, or there is no such baseline.
    """
    if home.label_names != away.label_names:
        raise UsageError(
            f"{home.name} has the labels {', '.join(home.label_names)} and {away.name} "
            f"{', '.join(away.label_names)}; compare sets with the same ones."
        )
    if baseline not in predicted:
        raise UsageError(
            f"There is no model {baseline!r}; there are {', '.join(predicted)}."
        )
    truth = [(np.asarray(each.labels), unit_numbers(each)) for each in (home, away)]
    against = predicted[baseline]
    return [
        _transfer(name, truth, labels, against, metric, resamples, seed)
        for name, labels in predicted.items()
    ]


def _transfer(
    name: str,
    truth: Sequence[tuple[np.ndarray, np.ndarray]],  # labels and units, of both sets
    labels: Sequence[np.ndarray],
    against: Sequence[np.ndarray],
    metric: str,
    resamples: int,
    seed: int,
) -> Transfer:
    own, gains, draws = [], [], []
    for i, ((true, units), pred) in enumerate(zip(truth, labels, strict=True)):
        resample = Resample(metric, true, np.asarray(pred)[None], CLASSES, units)
        draws.append(resample.draw(resamples, seed + i)[:, 0])
        value = float(resample.observed()[0])
        own.append(percentile_interval(value, draws[-1], 0.95))
        gains.append(
            paired_bootstrap(
                metric,
                true,
                pred,
                against[i],
                resamples,
                seed=seed,
                classes=CLASSES,
                units=units,
            )
        )
    home, away = own
    loss = percentile_interval(home.value - away.value, draws[0] - draws[1], 0.95)
    return Transfer(name, home, away, loss, *gains)
