"""``chapter2 finetune``: labelled texts in, a fine-tuned and measured model out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

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

if TYPE_CHECKING:
    from chapter2.data import TextDataset

Precision = Literal["auto", "bf16", "fp32"]


class Tracker(StrEnum):
    """Where curves go; an enumeration, for typer takes no list of literals."""

    tensorboard = "tensorboard"
    wandb = "wandb"


# the options that decide the weights, beside the records
DECISIVE = (
    "group",
    "model",
    "epochs",
    "batch_size",
    "learning_rate",
    "max_length",
    "precision",
    "patience",
    "seed",
)


@dataclass(frozen=True)
class Request:
    """What the command line asks for; the fields are the options' names."""

    data: str
    text: str | None
    label: str | None
    group: str | None
    model: str
    out: Path
    epochs: int
    batch_size: int
    learning_rate: float
    max_length: int | None
    precision: str
    patience: int | None
    seed: int
    limit: int | None
    encoding: str | None
    resume: bool
    track: tuple[str, ...]
    json: bool
    quiet: bool

    def settings(self, dataset: TextDataset) -> dict[str, Any]:
        """Return what decides the weights: a resumed run must have the same."""
        chosen = {name: getattr(self, name) for name in DECISIVE}
        return {"data_sha256": dataset.fingerprint(), **chosen}


def finetune(
    data: Data,
    text: TextColumn = None,
    label: LabelColumn = None,
    group: GroupColumn = None,
    model: Annotated[
        str, typer.Option(help="minilm, a folder, or a name on the Hugging Face Hub.")
    ] = "minilm",
    out: Annotated[Path, typer.Option(help="Folder for the model.")] = Path("model"),
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data.")] = 2,
    batch_size: Annotated[int, typer.Option(min=1, help="Records per batch.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="Peak of the rate.")] = 5e-5,
    max_length: Annotated[
        int | None, typer.Option(min=3, help="Tokens kept of a text.")
    ] = None,
    precision: Annotated[
        Precision, typer.Option(help="auto measures whether bf16 is faster here.")
    ] = "auto",
    patience: Annotated[
        int | None,
        typer.Option(
            min=1, help="Stop after so many validations without a better one."
        ),
    ] = None,
    seed: Seed = 0,
    limit: Limit = None,
    encoding: Encoding = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the unfinished run in --out.")
    ] = False,
    track: Annotated[
        list[Tracker] | None, typer.Option(help="Write curves there; repeatable.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fine-tune a pretrained encoder on labelled texts, and measure it.

    The file is split by a seed into 80 % training, 10 % validation and 10 % test; no
    text and no group stands in two parts. The scores stand beside those of two
    baselines; intervals are 95 % bootstrap intervals over the records.
    """
    given = dict(locals())  # the parameters alone: nothing else is named yet
    from chapter2.cli.experiment import run

    run(Request(**{**given, "track": tuple(t.value for t in track or ())}))
