"""``chapter2 evaluate``: a fine-tuned model on labelled texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.cli import run_folder, sources
from chapter2.cli.console import Console
from chapter2.cli.measure import measure, percent, together
from chapter2.cli.options import (
    Data,
    Encoding,
    GroupColumn,
    Json,
    LabelColumn,
    Limit,
    Model,
    Quiet,
    Seed,
    TextColumn,
)
from chapter2.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from chapter2.data import TextDataset


def evaluate(
    model: Model,
    data: Data,
    text: TextColumn = None,
    label: LabelColumn = None,
    group: GroupColumn = None,
    limit: Limit = None,
    encoding: Encoding = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a fine-tuned model on labelled texts that it has not seen.

    Prints precision, recall and F1 of each label, and accuracy and macro F1 with 95 %
    bootstrap intervals. Equal texts and records of one group are drawn together.
    """
    from chapter2.data import unit_numbers

    console = Console(json, quiet)
    read_set = sources.read(
        data, text, label, group, limit, encoding, seed, trainable=False
    )
    classifier = sources.load_model(model)
    dataset, absent = align(read_set, classifier.label_names, model)
    units = unit_numbers(dataset)
    notices = [*read_set.notices, *absent, *seen(Path(model), read_set)]
    notices += together(units)
    console.notice(*notices)
    predictions = classifier.predict_proba(dataset.texts).argmax(axis=1)
    printed, values = _measured(dataset, units, predictions, seed)
    given = {"model": model, "data": data}
    console.result(printed, {**given, **values, "notices": notices})


def _measured(
    dataset: TextDataset, units: np.ndarray, predictions: np.ndarray, seed: int
) -> tuple[str, dict[str, Any]]:
    """Return report and scores with their intervals, for people and for programs."""
    from chapter2.evaluation import classification_report

    report = classification_report(dataset.labels, predictions, dataset.label_names)
    scores = measure(dataset, units, predictions, seed)
    printed = (
        f"{report}\n\naccuracy {percent(scores.accuracy)} %,"
        f" macro F1 {percent(scores.macro_f1)} %"
        f" (95 % intervals, {len(dataset):,} records)"
    )
    values = {"records": len(dataset), **scores.to_dict(), "report": report.to_dict()}
    return printed, values


def align(
    dataset: TextDataset, known: tuple[str, ...], model: str
) -> tuple[TextDataset, list[str]]:
    """Return ``dataset`` with the label indices of the model, and notices.

    Raises:
        DataError: the data has a label that the model does not know.
    """
    counts = dataset.counts()
    unknown = [name for name in counts if counts[name] and name not in known]
    if unknown:
        raise DataError(
            f"{dataset.name} has the label(s) {', '.join(map(repr, unknown))}, which"
            f" {model} does not know: it predicts {', '.join(map(repr, known))}; name"
            " another column by --label, or rename the labels in the data."
        )
    index = [known.index(name) if name in known else -1 for name in dataset.label_names]
    aligned = replace(
        dataset, labels=tuple(index[i] for i in dataset.labels), label_names=known
    )
    absent = [name for name, count in aligned.counts().items() if not count]
    if not absent:
        return aligned, []
    return aligned, [f"{dataset.name} has no record of {', '.join(map(repr, absent))}."]


def seen(model: Path, dataset: TextDataset) -> list[str]:
    """Warn where the model was trained on these very records."""
    if run_folder.trained_on(model) != dataset.fingerprint():
        return []
    return [
        f"{dataset.name} is the data that the model was fine-tuned on, so these scores"
        " say little about new texts; `chapter2 finetune` reported the test part alone."
    ]
