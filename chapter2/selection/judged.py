"""The contenders under the limits, and the shipped model on the test part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from chapter2.evaluation import METRICS, bootstrap_interval, confusion_matrix
from chapter2.evaluation.intervals import Interval
from chapter2.selection.contenders import Contender
from chapter2.selection.prepare import Prepared
from chapter2.selection.quantities import QUALITIES
from chapter2.selection.recommend import Drawn, Recommendation, Yardstick, recommend
from chapter2.selection.requirements import Requirements
from chapter2.selection.ship import Shipped

if TYPE_CHECKING:
    from chapter2.selection.choose import Options


def recommendation(
    found: Sequence[Contender],
    prepared: Prepared,
    limits: Requirements,
    options: Options,
    barred: Mapping[str, str] | None = None,
    drawn: Drawn | None = None,
) -> Recommendation:
    """Return the recommendation under the limits: qualities out of fold, and costs.

    ``drawn`` is what :func:`recommend` need not draw again.
    """
    unmet = {
        e.name: tuple(limits.unmet({**qualities(e, prepared), **e.costs}))
        for e in found
    }
    yard = yardstick(prepared, options)
    return recommend(found, yard, options.margin, unmet, options.seed, barred, drawn)


def yardstick(prepared: Prepared, options: Options) -> Yardstick:
    """Return what contenders are held against: the development records."""
    classes = len(prepared.development.label_names)
    metric = QUALITIES[options.metric]
    return Yardstick(prepared.labels, metric, classes, prepared.units)


def qualities(e: Contender, prepared: Prepared) -> dict[str, float]:
    """Return every quality of a contender, on the records that it predicted."""
    classes = len(prepared.development.label_names)
    matrix = confusion_matrix(prepared.labels[e.rows], e.predicted, classes)
    return {name: float(METRICS[m](matrix)) for name, m in QUALITIES.items()}


def test_scores(shipped: Shipped, prepared: Prepared) -> dict[str, Interval]:
    """Return each quality of the shipped model on the test part, with its interval."""
    true = np.asarray(prepared.test.labels)
    predicted = shipped.probabilities.argmax(1)
    classes = len(prepared.test.label_names)
    return {
        name: bootstrap_interval(
            metric, true, predicted, classes=classes, units=prepared.test_units
        )
        for name, metric in QUALITIES.items()
    }
