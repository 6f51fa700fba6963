"""The arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A .csv, .tsv, .jsonl or .parquet file, or a name of the catalogue.",
    ),
]
Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="The folder of a fine-tuned model.")
]
TextColumn = Annotated[
    str | None, typer.Option("--text", help="Column of the texts, if not found.")
]
LabelColumn = Annotated[
    str | None, typer.Option("--label", help="Column of the labels, if not found.")
]
GroupColumn = Annotated[
    str | None,
    typer.Option("--group", help="Column of the source; its records stay together."),
]
Encoding = Annotated[
    str | None,
    typer.Option(help="Encoding of the file, if not detected: gb18030, say."),
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Use so many records, drawn at random.")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of every random choice.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No notices, no progress.")]

# of finetune alone
Encoder = Annotated[
    str,
    typer.Option("--model", help="minilm, a folder, or a Hugging Face Hub name."),
]
Out = Annotated[Path, typer.Option(help="Folder for the model.")]
Epochs = Annotated[int, typer.Option(min=1, help="Passes over the training part.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Records per batch at most.")]
LearningRate = Annotated[
    float | None,
    typer.Option(help="Peak of the rate; else what suits method and optimizer."),
]
Optimizer = Annotated[
    Literal["adamw", "sgd", "adafactor"], typer.Option(help="Who takes the steps.")
]
Schedule = Annotated[
    Literal["linear", "cosine", "inverse_sqrt", "constant"],
    typer.Option(help="How the rate falls after its warmup."),
]
MaxLength = Annotated[
    int | None, typer.Option(min=3, help="Tokens kept of each text; else all it reads.")
]
Precision = Annotated[
    Literal["auto", "bf16", "fp32"],
    typer.Option(help="auto measures whether bf16 is faster on this machine."),
]
Patience = Annotated[
    int | None,
    typer.Option(min=1, help="Stop after so many validations without a better one."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the unfinished run in --out.")
]


# of finetune, for what is trained
Method = Annotated[
    Literal[
        "full",
        "head",
        "bitfit",
        "gradual",
        "adapters",
        "prefix",
        "prompt",
        "lora",
        "adalora",
    ],
    typer.Option(help="What of the model is trained, and what is frozen."),
]
Backend = Annotated[
    Literal["chapter2", "peft"],
    typer.Option(help="Whose code; peft has lora, adalora and prompt here."),
]
Rank = Annotated[
    int | None, typer.Option(help="Of lora, 8; of adalora at its end, 8 on average.")
]
InitialRank = Annotated[int | None, typer.Option(help="Of adalora at first; 12.")]
Alpha = Annotated[
    float | None,
    typer.Option(help="lora's change counts alpha / rank times; 16."),
]
Target = Annotated[
    list[str] | None,
    typer.Option(help="Map that lora or adalora changes; repeatable; query and value."),
]
Bottleneck = Annotated[int | None, typer.Option(help="Width of adapters; 64.")]
Length = Annotated[int | None, typer.Option(help="Of a prefix or a prompt; 20.")]
Decay = Annotated[
    float | None,
    typer.Option(help="gradual: rate of a layer over that of the one above; 0.95."),
]


class Tracker(StrEnum):
    """Where curves go; an enumeration, because typer takes no list of literals."""

    tensorboard = "tensorboard"
    wandb = "wandb"


Track = Annotated[
    list[Tracker] | None, typer.Option(help="Write curves to --out; repeatable.")
]
