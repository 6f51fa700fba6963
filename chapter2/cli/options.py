"""The arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

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
    typer.Option("--group", help="Column of the source, which a split never divides."),
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
