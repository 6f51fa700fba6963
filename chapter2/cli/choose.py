"""``chapter2 choose``: labelled texts and limits in, a measured recommendation out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chapter2.cli import run_folder
from chapter2.cli.choose_records import records, test_records
from chapter2.cli.console import Console
from chapter2.cli.options import (
    Data,
    Encoding,
    GroupColumn,
    Json,
    LabelColumn,
    Limit,
    Quiet,
    Seed,
    TextColumn,
)
from chapter2.errors import UsageError

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.selection.choose import Options
    from chapter2.selection.requirements import Requirements

REPORT = "report.json"  # stands in a folder whose choice has ended
TRIALS = "trials"  # what was measured: of an ended run, and of one that was killed

Test = Annotated[
    str | None,
    typer.Option(help="Labelled texts that only report; else a fifth of DATA."),
]
Budget = Annotated[
    str | None,
    typer.Option(help="Time for everything: 90s, 10m, 1h.  [default: 10m]"),
]
Least = Annotated[
    list[str] | None,
    typer.Option("--min", help="A quality it must reach: f1_macro=0.8; repeatable."),
]
Most = Annotated[
    list[str] | None,
    typer.Option("--max", help="A cost it may have: latency_ms_p95=20; repeatable."),
]
Limits = Annotated[
    Path | None,
    typer.Option("--requirements", help="A YAML file with the limits and the budget."),
]
Metric = Annotated[str, typer.Option(help="The quality by which candidates compete.")]
Margin = Annotated[
    float, typer.Option(help="Loss against the best that a simpler one may have.")
]
Names = Annotated[
    str | None,
    typer.Option(
        "--candidates",
        help="Only these, divided by commas; all: whatever suits; hub:NAME@REVISION or"
        " hub:FOLDER: an encoder; endpoint:MODEL@https://ADDRESS: an OpenAI-compatible"
        " service, which is sent the texts.",
    ),
]
Kind = Annotated[
    str | None,
    typer.Option(help="Of task: classification; else told from the columns."),
]
Language = Annotated[
    str | None, typer.Option(help="Of the texts: en, zh, ...; else detected.")
]
Explainable = Annotated[
    bool, typer.Option("--explainable", help="Only models whose weights can be read.")
]
Licence = Annotated[
    str | None,
    typer.Option("--licence", help="Allowed licences of weights, divided by commas."),
]
Private = Annotated[
    bool, typer.Option("--private", help="No text may leave this machine.")
]
Price = Annotated[
    float | None,
    typer.Option(help="What an hour of the machine costs, for cost_per_1000."),
]
Device = Annotated[
    str | None,
    typer.Option(
        help="To train and measure on: cpu, cuda, mps.  [default: the GPU, if any]"
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Trials at a time.  [default: one for each core]"),
]
Study = Annotated[
    str | None,
    typer.Option(
        help="Share the trials with other machines through this file, on a folder that"
        " all can reach, or database (sqlite:///..., postgresql://...)."
    ),
]
Join = Annotated[
    bool,
    typer.Option("--join", help="Carry out trials for the choice at --study."),
]
Out = Annotated[Path, typer.Option(help="Folder for the model and the report.")]


def choose(
    data: Data,
    text: TextColumn = None,
    label: LabelColumn = None,
    group: GroupColumn = None,
    test: Test = None,
    budget: Budget = None,
    min: Least = None,
    max: Most = None,
    requirements: Limits = None,
    metric: Metric = "f1_macro",
    margin: Margin = 0.01,
    candidates: Names = None,
    kind: Kind = None,
    language: Language = None,
    explainable: Explainable = False,
    licence: Licence = None,
    private: Private = False,
    price_per_hour: Price = None,
    device: Device = None,
    out: Out = Path("choice"),
    seed: Seed = 0,
    jobs: Jobs = None,
    study: Study = None,
    join: Join = False,
    limit: Limit = None,
    encoding: Encoding = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say which language model to use for your texts, labels and limits, measured.

    Candidates from TF-IDF to fine-tuned encoders are measured on the same folds, within
    the budget. Recommended is the simplest that keeps every limit and is shown not to
    lose more than the margin against the best. --out receives the model, report.html
    and report.json. Its folder trials holds your texts and may be deleted at the end;
    the report quotes a few of them, the model none but the examples of a prompt.

    A run that was stopped goes on when its command is repeated; its time counts. With
    --study other machines may carry out trials too: the same command with --join does
    so there until the choice has ended, and writes nothing.
    """
    began = time.monotonic()
    given = dict(locals())
    console = Console(json, quiet)
    limits, options = _limits(given), _options(given)
    if join:
        return _join(given, limits, options, console)
    with run_folder.locked(out):
        open_choice(out, console)
        dataset, tested = records(given, console), test_records(given, console)
        _measure(dataset, tested, limits, options, out, began, study, console)


def _limits(given: dict[str, Any]) -> Requirements:
    """Return the limits, of the options or of the file; both at once are refused."""
    from chapter2.selection.requirements import Requirements

    flags = {
        "min": given["min"] or (),
        "max": given["max"] or (),
        "budget": given["budget"],
        "licences": given["licence"],
        "explainable": given["explainable"],
        "private": given["private"],
        "price_per_hour": given["price_per_hour"],
        "device": given["device"],
    }
    if given["requirements"] is None:
        return Requirements.from_flags(**flags)
    stated = [name for name, value in flags.items() if value]
    if stated:
        raise UsageError(
            f"{given['requirements']} states the limits; leave out"
            f" --{stated[0].replace('_', '-')}, or write it into that file."
        )
    return Requirements.from_yaml(given["requirements"])


def _options(given: dict[str, Any]) -> Options:
    from chapter2.selection.choose import Options

    named = given["candidates"]
    stated: dict[str, Any] = {
        name: given[name] for name in ("metric", "margin", "kind", "language", "seed")
    }
    if named is not None:
        stated["candidates"] = tuple(n.strip() for n in named.split(",") if n.strip())
    if given["jobs"] is not None:
        stated["jobs"] = given["jobs"]
    return Options(**stated)


def open_choice(out: Path, console: Console) -> None:
    """Say whether ``out`` holds a run to go on with.

    Raises:
        UsageError: it holds something that a new run would overwrite.
    """
    if (out / REPORT).exists():
        raise UsageError(
            f"{out} holds a finished choice; choose another --out, or move it away."
        )
    held = {path.name for path in out.iterdir()} - {run_folder.LOCK}
    if held and TRIALS not in held:
        raise UsageError(
            f"{out} is not empty and holds no choice of chapter2; choose another --out."
        )
    if done := len(list((out / TRIALS).glob("*-f*.npz"))):
        console.notice(
            f"{out} holds {done} trials of a run that was stopped; those on the same"
            " records are used again, and their time counts."
        )


def _measure(
    dataset: TextDataset,
    test: TextDataset | None,
    limits: Requirements,
    options: Options,
    out: Path,
    began: float,
    study: str | None,
    console: Console,
) -> None:
    """Choose, write the report, print the result."""
    from chapter2.selection.choose import choose as measure
    from chapter2.selection.report import as_record, as_text, write_report

    try:
        choice = measure(
            dataset,
            limits,
            test=test,
            out=out,
            options=options,
            used=time.monotonic() - began,
            study=study,
            say=console.notice,
            report=lambda choice: write_report(choice, out),
        )
    except KeyboardInterrupt:
        console.notice(
            f"What was measured is kept in {out}; repeat the command to go on with it."
        )
        raise
    said = dataset.notices  # before anything was measured
    console.notice(*(each for each in choice.notices if each not in said))
    places = f"model: {out / 'model'}\nreport: {out / 'report.html'}"
    console.result(f"{as_text(choice)}\n\n{places}", as_record(choice))
    console.notice(f"To predict: chapter2 predict {out / 'model'} texts.txt")


def _join(
    given: dict[str, Any], limits: Requirements, options: Options, console: Console
) -> None:
    """Carry out trials of the choice that another process leads."""
    from chapter2.selection.join import join

    if (study := given["study"]) is None:
        raise UsageError(
            "--join carries out trials of a choice that is under way; say where, with"
            " --study."
        )
    dataset, test = records(given, console), test_records(given, console)
    say = console.notice
    done = join(dataset, study, limits, test=test, options=options, say=say)
    seconds = sum(outcome.seconds for outcome in done)
    trials = [{"trial": o.trial.title, "seconds": o.seconds} for o in done]
    console.result(
        f"The choice has ended; {len(done)} of its trials were carried out here, in"
        f" {seconds:.0f} s.",
        {"trials": trials},
    )
