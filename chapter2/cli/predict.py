"""``chapter2 predict``: one label for each text, as the texts arrive."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Annotated, Any

import typer

from chapter2.cli.console import Console, one_line, to_json
from chapter2.cli.options import Encoding, Json, Model, Quiet
from chapter2.cli.sources import load_model
from chapter2.errors import Chapter2Error

BATCH = 64  # texts in one forward pass, where as many have arrived


def predict(
    model: Model,
    source: Annotated[
        str,
        typer.Argument(
            metavar="[FILE|-]",
            help="Texts, one a line; - is standard input; a .csv, .tsv, .jsonl or"
            " .parquet file needs --text.",
        ),
    ] = "-",
    text: Annotated[
        str | None,
        typer.Option(help="Column of the texts, in a table or in JSON lines."),
    ] = None,
    encoding: Encoding = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Predict the label of each text, one line out for each text in.

    Columns: label, its probability, the text. With --json one object a line, which
    also holds the index of the text and the probability of every label.
    """
    from chapter2.deployment.predictor import labelled

    console = Console(json, quiet)
    batches = open_batches(source, text, encoding, console)
    classifier = load_model(model)
    if source == "-" and sys.stdin.isatty():
        console.notice("Type one text a line; Ctrl-D ends.")
    empty = index = 0
    for batch in batches:
        for row in labelled(classifier, batch):
            print(_line(row, index, json))
            index += 1
            empty += row["label"] is None
        sys.stdout.flush()
    if empty:
        console.notice(f"{empty} of {index} texts were empty and have no label.")


def _line(row: dict[str, Any], index: int, as_json: bool) -> str:
    if as_json:
        return to_json({"index": index, **row})
    if row["label"] is None:
        return "\t\t"
    return (
        f"{one_line(row['label'])}\t{row['probability']:.4f}\t{one_line(row['text'])}"
    )


def open_batches(
    source: str, column: str | None, encoding: str | None, console: Console
) -> Iterator[list[str]]:
    """Return batches of texts: full ones from a file, what has arrived from a pipe.

    What had to be mended in them is said to ``console`` at their end.

    Raises:
        DataError: the file cannot be read.
        UsageError: it is a table and no column is named.
    """
    from chapter2.data.files import stream_file, stream_texts

    if source == "-":
        name = "standard input"
        mode = os.fstat(sys.stdin.fileno()).st_mode
        # a buffer of our own: one that a waiting thread holds cannot be closed at exit
        stream = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
        texts = stream_texts(
            stream, name, column, encoding, console.notice, stat.S_ISREG(mode)
        )
    else:
        texts = stream_file(Path(source), column, encoding, console.notice)
        mode = os.stat(source).st_mode
    return chunks(texts, BATCH) if stat.S_ISREG(mode) else arriving(texts, BATCH)


def chunks(texts: Iterator[str], size: int) -> Iterator[list[str]]:
    """Yield lists of ``size`` texts; a bad record ends them, not those before it."""
    failure: Chapter2Error | None = None
    while failure is None:
        batch: list[str] = []
        try:
            for text in islice(texts, size):
                batch.append(text)  # not extend: an error must leave what came before
        except Chapter2Error as error:
            failure = error
        if batch:
            yield batch
        elif failure is None:
            return
    raise failure


def arriving(texts: Iterator[str], size: int) -> Iterator[list[str]]:
    """Yield the texts that have arrived, at most ``size``; wait only for the first."""
    queue: Queue[str | BaseException | None] = Queue(maxsize=4 * size)
    Thread(target=_fill, args=(queue, texts), daemon=True).start()
    while True:
        batch: list[str] = []
        item = queue.get()
        while isinstance(item, str):
            batch.append(item)
            if len(batch) == size:
                break
            try:
                item = queue.get_nowait()
            except Empty:
                break
        if batch:
            yield batch
        if item is None:
            return
        if isinstance(item, BaseException):
            raise item


def _fill(queue: Queue, texts: Iterator[str]) -> None:
    try:
        for text in texts:
            queue.put(text)
        queue.put(None)
    except BaseException as error:
        queue.put(error)
