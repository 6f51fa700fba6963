"""``chapter2 finetune``: labelled texts in, a fine-tuned and measured model out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.cli import run_folder, sources
from chapter2.cli.console import Console
from chapter2.cli.options import (
    BatchSize,
    Data,
    Encoder,
    Encoding,
    Epochs,
    GroupColumn,
    Json,
    LabelColumn,
    LearningRate,
    Limit,
    MaxLength,
    Out,
    Patience,
    Precision,
    Quiet,
    Resume,
    Seed,
    TextColumn,
    Track,
)

if TYPE_CHECKING:
    from chapter2.data import TextDataset

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
    model: Encoder = "minilm",
    out: Out = Path("model"),
    epochs: Epochs = 2,
    batch_size: BatchSize = 32,
    learning_rate: LearningRate = 5e-5,
    max_length: MaxLength = None,
    precision: Precision = "auto",
    patience: Patience = None,
    seed: Seed = 0,
    limit: Limit = None,
    encoding: Encoding = None,
    resume: Resume = False,
    track: Track = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fine-tune a pretrained encoder on labelled texts, and measure it.

    The file is split by a seed into 80 % training, 10 % validation and 10 % test; no
    text and no group stands in two parts. The scores stand beside those of two
    baselines; intervals are 95 % bootstrap intervals over the records.
    """
    given = dict(locals())  # the parameters alone: nothing else is named yet
    start(Request(**{**given, "track": tuple(name.value for name in track or ())}))


def start(request: Request) -> None:
    """Read and split the data, then train: a bad file is refused before torch loads."""
    from chapter2.data import split

    console = Console(request.json, request.quiet)
    run_folder.open_run(request.out, request.resume)
    dataset = sources.read(
        request.data,
        request.text,
        request.label,
        request.group,
        request.limit,
        request.encoding,
        request.seed,
    )
    parts = split(dataset, seed=request.seed)
    console.notice(*dataset.notices, *parts.notices)

    from chapter2.cli.experiment import run

    run(request, dataset, parts, console)
