"""DATA and MODEL on the command line: what the two arguments name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chapter2.cli.run_folder import read_record
from chapter2.errors import DataError, ModelError, UsageError

if TYPE_CHECKING:
    from chapter2.data import Corpus, TextDataset
    from chapter2.deployment.predictor import Predictor


def read(
    source: str,
    text: str | None = None,
    label: str | None = None,
    group: str | None = None,
    limit: int | None = None,
    encoding: str | None = None,
    seed: int = 0,
    trainable: bool = True,
) -> TextDataset:
    """Return the labelled texts that ``source`` names; a file goes before an entry.

    ``trainable=False`` also takes a file that serves only to evaluate on.

    Raises:
        UsageError: an option has no meaning for the source.
        DataError: there is no such source, or its records carry no label each.
        FetchError: an entry of the catalogue cannot be had.
    """
    from chapter2.data import names, read_file

    if Path(source).exists() or _looks_like_a_path(source):
        return read_file(
            source,
            text=text,
            label=label,
            group=group,
            limit=limit,
            encoding=encoding,
            seed=seed,
            trainable=trainable,
        )
    if source not in names():
        raise _no_source(source)
    _refuse(source, text=text, group=group, encoding=encoding)
    return _load(source, label, limit, seed)


def read_corpus(
    source: str,
    text: str | None = None,
    title: str | None = None,
    limit: int | None = None,
    encoding: str | None = None,
    seed: int = 0,
) -> Corpus:
    """Return the running text that ``source`` names; a file goes before an entry.

    Raises:
        UsageError: an option has no meaning for the source.
        DataError: there is no such source, or it holds no text.
        FetchError: an entry of the catalogue cannot be had.
    """
    from chapter2 import data

    if Path(source).exists() or _looks_like_a_path(source):
        return data.read_corpus(source, text, title, limit, encoding, seed)
    known = data.names()
    if source not in known:
        raise _no_source(source)
    _refuse(source, text=text, title=title, encoding=encoding)
    found = None
    if data.card(source).task in ("corpus", "classification"):
        found = data.load(source)
    if isinstance(found, data.TextDataset):  # its texts, without their labels
        titles = found.groups or [""] * len(found)
        documents = tuple(map(data.Document, titles, found.texts))
        found = data.Corpus(found.name, documents, found.notices)
    if not isinstance(found, data.Corpus):
        raise DataError(
            f"{source} holds no running text (its task is {data.card(source).task});"
            " use encyclopaedia, or texts of your own."
        )
    return found.take(limit, seed)


def load_model(folder: str) -> Predictor:
    """Return the fine-tuned or shipped model in ``folder``, on a GPU if there is one.

    Raises:
        ModelError: the folder holds none, or an unfinished run.
    """
    record = read_record(Path(folder))
    if record and not record["finished"]:
        raise ModelError(
            f"{folder} holds an unfinished run; repeat its `chapter2 finetune` with"
            " --resume first."
        )
    from chapter2.deployment.shipped import load_model

    return load_model(folder, device=None)


def _no_source(source: str) -> DataError:
    return DataError(
        f"There is neither a file {source!r} nor a catalogue entry of that name;"
        " run `chapter2 data list` to see the entries."
    )


def _looks_like_a_path(source: str) -> bool:
    return Path(source).suffix != "" or len(Path(source).parts) > 1


def _refuse(source: str, **options: str | None) -> None:
    stated = [f"--{name}" for name, value in options.items() if value is not None]
    if stated:
        raise UsageError(
            f"{source} is a catalogue entry with columns of its own; leave out"
            f" {' and '.join(stated)}."
        )


def _load(name: str, label: str | None, limit: int | None, seed: int) -> TextDataset:
    from chapter2.data import TextDataset, card, load, names

    if card(name).task != "classification":
        usable = [each for each in names() if card(each).task == "classification"]
        raise DataError(
            f"{name} has no label for each text (its task is {card(name).task}); use"
            f" one of {', '.join(usable)}."
        )
    dataset = load(name, label=label)
    assert isinstance(dataset, TextDataset)  # the task says so
    return dataset.take(limit, seed)
