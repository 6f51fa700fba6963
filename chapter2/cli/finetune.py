"""``chapter2 finetune``: labelled texts in, a fine-tuned and measured model out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chapter2.cli import run_folder, sources
from chapter2.cli.options import (
    Alpha,
    Backend,
    BatchSize,
    Bottleneck,
    Data,
    Decay,
    Encoder,
    Encoding,
    Epochs,
    GroupColumn,
    InitialRank,
    Json,
    LabelColumn,
    LearningRate,
    Length,
    Limit,
    MaxLength,
    Method,
    Optimizer,
    Out,
    Patience,
    Precision,
    Quiet,
    Rank,
    Resume,
    Schedule,
    Seed,
    Target,
    TextColumn,
    Track,
)

if TYPE_CHECKING:
    from chapter2.data import TextDataset


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
    learning_rate: float | None
    optimizer: str
    schedule: str
    method: str
    backend: str
    rank: int | None
    initial_rank: int | None
    alpha: float | None
    target: tuple[str, ...]
    bottleneck: int | None
    length: int | None
    decay: float | None
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

    def method_options(self) -> dict[str, Any]:
        """Return what is asked of the method, by the names of its options."""
        names = ("rank", "initial_rank", "alpha", "bottleneck", "length", "decay")
        given = {name: getattr(self, name) for name in names}
        given["targets"] = self.target or None
        return {name: value for name, value in given.items() if value is not None}

    def settings(self, dataset: TextDataset) -> dict[str, Any]:
        """Return what decides the weights: a resumed run must have the same."""
        return run_folder.settings_of(self, "finetune", dataset.fingerprint())


def finetune(
    data: Data,
    text: TextColumn = None,
    label: LabelColumn = None,
    group: GroupColumn = None,
    model: Encoder = "minilm",
    out: Out = Path("model"),
    epochs: Epochs = 2,
    batch_size: BatchSize = 32,
    learning_rate: LearningRate = None,
    optimizer: Optimizer = "adamw",
    schedule: Schedule = "linear",
    method: Method = "full",
    backend: Backend = "chapter2",
    rank: Rank = None,
    initial_rank: InitialRank = None,
    alpha: Alpha = None,
    target: Target = None,
    bottleneck: Bottleneck = None,
    length: Length = None,
    decay: Decay = None,
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
    baselines, with 95 % bootstrap intervals; equal texts and the records of one group
    are drawn together.

    Several processes share the work when it is started by
    accelerate launch --multi_gpu --num_processes 2 -m chapter2 finetune ...
    """
    given = dict(locals())  # the parameters alone: nothing else is named yet
    followers = tuple(name.value for name in track or ())
    start(Request(**{**given, "track": followers, "target": tuple(target or ())}))


def start(request: Request) -> None:
    """Read and split the data, then train: a bad file is refused before torch loads."""
    from chapter2.data import split

    console = run_folder.begin(request)
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
