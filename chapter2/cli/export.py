"""``chapter2 export``: a fine-tuned model as ONNX, small, fast, and still as good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chapter2.cli import sources
from chapter2.cli.console import Console
from chapter2.cli.evaluate import align, seen
from chapter2.cli.measure import together
from chapter2.cli.options import (
    Encoding,
    GroupColumn,
    Json,
    LabelColumn,
    Limit,
    Model,
    Out,
    Quiet,
    Seed,
    TextColumn,
)
from chapter2.deployment.whole import refuse_occupied
from chapter2.errors import UsageError

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.deployment.export import Exported


LossData = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="Labelled texts to measure the loss on: a file or a catalogue name.",
    ),
]
Int8 = Annotated[bool, typer.Option("--int8", help="Weights of 8 bits; needs --data.")]
MaxLoss = Annotated[
    float, typer.Option(min=0, max=100, help="Points of the metric that may be lost.")
]
Metric = Annotated[
    str, typer.Option(help="accuracy, macro_f1, macro_recall, weighted_f1, ...")
]


def export(
    model: Model,
    out: Out,
    data: LossData = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    group: GroupColumn = None,
    int8: Int8 = False,
    max_loss: MaxLoss = 0.5,
    metric: Metric = "accuracy",
    limit: Limit = None,
    encoding: Encoding = None,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a fine-tuned model as ONNX, which runs without torch.

    Probabilities are compared with the original's first. With --data both are measured
    on the same records, and a model that lost more than --max-loss is not written.
    """
    refuse_occupied(out)
    dataset = None
    if data is not None:
        dataset = sources.read(
            data, text, label, group, limit, encoding, seed, trainable=False
        )
    elif text or label or group or limit or encoding:
        raise UsageError(
            "--text, --label, --group, --limit and --encoding belong to --data."
        )
    how = {"int8": int8, "max_loss": max_loss, "metric": metric, "seed": seed}
    report, notices = exported(model, out, dataset, how)
    console = Console(json, quiet)
    console.notice(*notices)
    found = {"model": model, "data": data, **report.to_dict(), "notices": notices}
    console.result(as_text(report), found)
    console.notice(f"To predict: chapter2 predict {out} texts.txt")


def exported(
    model: str, out: Path, dataset: TextDataset | None, how: dict[str, Any]
) -> tuple[Exported, list[str]]:
    """Export; return what was written, and what is to be said about it."""
    from chapter2.data import unit_numbers
    from chapter2.deployment.export import export as write

    classifier: Any = sources.load_model(model)
    notices: list[str] = []
    if dataset is not None:
        notices = [*dataset.notices, *seen(Path(model), dataset)]
        dataset, absent = align(dataset, classifier.label_names, model)
        notices += [*absent, *together(unit_numbers(dataset))]
    report = write(classifier, out, dataset, **how)
    return report, [*notices, *report.notices]


def as_text(report: Exported) -> str:
    """Return what was written and how it compares, for people."""
    from chapter2.deployment.export import in_points

    lines = [
        f"model: {report.folder} ({report.precision}, {report.size_mb:,.1f} MB)",
        "largest difference of a probability, before any rounding to 8 bits: "
        f"{report.parity:.0e}",
    ]
    if report.change is None:
        return "\n".join((*lines, "no labelled texts: its quality was not measured"))
    before, after = (
        100 * x for x in (report.original, report.exported) if x is not None
    )
    lines.append(
        f"{report.metric} on {report.records:,} records: {before:.1f} % before,"
        f" {after:.1f} % exported, change {in_points(report.change)}"
        " (95 % interval, paired)"
    )
    return "\n".join(lines)
