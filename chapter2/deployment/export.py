"""A classifier in, a folder of ONNX out: proved equal, or measured and then refused.

The float32 graph must give the original's probabilities to 1e-4, on texts of every
kind, alone and in padded batches. One of 8 bits cannot; what it loses is measured on
labelled records, both models on the same ones, and more than the limit is not written.
Shapes: N texts, C classes.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.deployment.onnx_model import OnnxClassifier
from chapter2.deployment.parity import to_int8, write_onnx
from chapter2.deployment.shipped import load_model, write_manifest
from chapter2.deployment.whole import refuse_occupied, whole_folder
from chapter2.errors import ModelError, UsageError
from chapter2.models import Classifier

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.evaluation import Interval


@dataclass(frozen=True)
class Exported:
    """What was written, and how it compares with the original."""

    folder: str
    precision: str  # of the weights: fp32 or int8
    parity: float  # largest difference of a probability, float32 graph to original
    size_mb: float  # of the folder, MB of 10^6 bytes
    metric: str
    records: int = 0  # labelled ones that both were measured on; 0: none were given
    original: float | None = None
    exported: float | None = None
    change: Interval | None = None  # exported - original, on the same records
    notices: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name (ready for JSON)."""
        return asdict(self)


def export(
    model: Classifier | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    data: TextDataset | None = None,
    *,
    int8: bool = False,
    max_loss: float = 0.5,
    metric: str = "accuracy",
    seed: int = 0,
) -> Exported:
    """Write ``model`` to ``folder`` as ONNX, or nothing where it lost too much.

    Args:
        model: a classifier, or the folder of one.
        folder: new, or empty.
        data: labelled texts that the model was not trained on, with its label indices.
        int8: weights of 8 bits: a quarter of the size. Needs ``data``.
        max_loss: points (hundredths) of ``metric`` that may be lost on ``data``.
        metric: one of :data:`chapter2.evaluation.METRICS`.
        seed: of the interval's resamples.

    Raises:
        UsageError: an argument has no meaning, or the folder is not empty.
        ModelError: the model cannot be exported, is not the same afterwards, or lost
            more than ``max_loss``.
    """
    target = Path(folder)
    _check_arguments(target, data, int8, max_loss, metric)
    classifier = as_classifier(model)
    texts = data.texts if data else ()
    with whole_folder(target) as aside:
        parity = write_onnx(classifier, aside, texts)
        if int8:
            to_int8(aside)
        report = _measured(classifier, aside, data, metric, seed)
        _refuse_loss(report, max_loss)
        write_manifest(aside, "onnx", classifier.label_names)
        size = sum(p.stat().st_size for p in aside.iterdir()) / 1e6
    return Exported(
        folder=str(target),
        precision="int8" if int8 else "fp32",
        parity=parity,
        size_mb=round(size, 3),
        metric=metric,
        **report,
        notices=tuple(_notices(report, max_loss)),
    )


def _check_arguments(
    target: Path, data: TextDataset | None, int8: bool, max_loss: float, metric: str
) -> None:
    from chapter2.evaluation import METRICS

    refuse_occupied(target)
    if metric not in METRICS:
        raise UsageError(f"metric is {metric!r}; use one of {', '.join(METRICS)}.")
    if not 0 <= max_loss <= 100:
        raise UsageError(f"max_loss is {max_loss} points; give 0 to 100.")
    if int8 and not data:
        raise UsageError(
            "What 8 bits lose is only known from labelled texts; give data (--data "
            "FILE), or export without int8."
        )


def as_classifier(model: Classifier | str | os.PathLike[str]) -> Classifier:
    """Return the plain classifier that ``model`` is or names, what was added merged.

    Raises:
        UsageError: it is of a kind that has no graph.
        ModelError: the folder holds no model.
    """
    found: Any = model
    if isinstance(model, str | os.PathLike):
        found = load_model(model)
    if not isinstance(found, Classifier):
        raise UsageError(
            f"The {type(found).__name__} has no graph to export; copy its folder, "
            "which runs as it is by `chapter2 predict` and `chapter2 serve`."
        )
    return found.merged() if hasattr(found, "merged") else found


def _measured(
    classifier: Classifier,
    folder: Path,
    data: TextDataset | None,
    metric: str,
    seed: int,
) -> dict[str, Any]:
    """Return both scores and their paired interval; nothing without data."""
    if data is None:
        return {}
    from chapter2.data.dealing import unit_numbers
    from chapter2.evaluation import bootstrap_interval, paired_bootstrap

    shipped = OnnxClassifier.load(folder)  # the very file that stays
    before, after = (
        each.predict_proba(data.texts).argmax(axis=1) for each in (classifier, shipped)
    )
    classes = len(data.label_names)
    scores = [
        bootstrap_interval(metric, data.labels, found, 1, classes=classes).value
        for found in (before, after)
    ]
    change = paired_bootstrap(
        metric,
        data.labels,
        after,
        before,
        seed=seed,
        classes=classes,
        units=unit_numbers(data),
    )
    return {
        "records": len(data),
        "original": scores[0],
        "exported": scores[1],
        "change": change,
    }


def _refuse_loss(report: dict[str, Any], max_loss: float) -> None:
    change = report.get("change")
    # rounded: 0.5 points lost of 200 records must not fail by the 17th digit
    if change is None or round(-100 * change.value, 9) <= max_loss:
        return
    raise ModelError(
        f"The exported model loses {-100 * change.value:.2f} points "
        f"({100 * report['original']:.1f} to {100 * report['exported']:.1f} on "
        f"{report['records']:,} records, change {in_points(change)}), more than the "
        f"{max_loss:g} allowed; nothing was written."
    )


def _notices(report: dict[str, Any], max_loss: float) -> list[str]:
    """Say where the records are too few to exclude a loss above the limit."""
    change = report.get("change")
    if change is None or -100 * change.low <= max_loss:
        return []
    return [
        f"{report['records']:,} records cannot exclude a loss of "
        f"{-100 * change.low:.1f} points; give more labelled texts to be surer."
    ]


def in_points(change: Interval) -> str:
    """Return a difference for people: ``-0.2 [-0.5, +0.1] points``."""
    value, low, high = (100 * x for x in (change.value, change.low, change.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}] points"
