"""Data sets and weights of the Hugging Face Hub, for the ``full`` profile.

A repository is read at a pinned revision (a commit), once, into our own cache; then
neither the Hub nor the network is needed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from chapter2 import runtime
from chapter2.data.records import TextDataset
from chapter2.data.sources import store
from chapter2.errors import DataError, FetchError

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class HubSource:
    """What both kinds of Hub source share: repository, revision, cache entry."""

    repository: str  # owner/name; a local folder of the same layout serves as well
    revision: str  # commit: a branch would change under us
    embedded: ClassVar[bool] = False  # not in the Python package index
    sha256: ClassVar[None] = None  # the commit stands for the content

    def __str__(self) -> str:
        return f"{self.repository} at {self.revision[:8]} (Hugging Face Hub)"

    @property
    def version(self) -> str:
        """The revision."""
        return self.revision

    @property
    def folder(self) -> Path:
        """The folder of the cache that holds the files, fetched or not."""
        name = self.repository.strip("/").replace("/", "--")
        return runtime.cache_dir() / "hub" / f"{name}-{self.revision[:8]}"

    @property
    def files(self) -> tuple[str, ...]:
        """The names of the files of the cache entry."""
        raise NotImplementedError

    def fetch(self) -> Path:
        """Return the folder of the files; only the first call needs the network.

        Raises:
            FetchError: the Hub cannot be reached, or the cache cannot be written.
        """
        return store.obtain(self.folder, self.files, self._build)

    def problems(self) -> list[str]:
        """Return what is wrong with the cached files, one clause each."""
        return store.problems(self.folder, self.files)

    def _build(self, new: Path, scratch: Path) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class HubDataset(HubSource):
    """A data set: ``datasets.load_dataset``, one Parquet file a part."""

    parts: tuple[str, ...] = ("train", "test")

    @property
    def files(self) -> tuple[str, ...]:
        """One Parquet file a part."""
        return tuple(f"{part}.parquet" for part in self.parts)

    def _build(self, new: Path, scratch: Path) -> None:
        with reaching(self.repository):
            for part, file in zip(self.parts, self.files, strict=True):
                self._read(part, scratch).to_parquet(new / file)

    def _read(self, part: str, scratch: Path) -> Dataset:
        import datasets
        from datasets.exceptions import DatasetGenerationError

        try:
            return datasets.load_dataset(
                self.repository,
                revision=self.revision,
                split=part,
                cache_dir=str(scratch),
            )
        except DatasetGenerationError as error:  # it hides a full disk, or the Hub
            raise (error.__cause__ or error) from None


@dataclass(frozen=True)
class HubWeights(HubSource):
    """A folder of weights that ``from_pretrained`` of transformers reads."""

    names: tuple[str, ...] = (
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
    )

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are fetched: no pickles, no weights of other frameworks."""
        return self.names

    def _build(self, new: Path, scratch: Path) -> None:
        import huggingface_hub

        with reaching(self.repository):
            huggingface_hub.snapshot_download(
                self.repository,
                revision=self.revision,
                allow_patterns=list(self.names),
                local_dir=new,
            )
        shutil.rmtree(new / ".cache", ignore_errors=True)  # its own bookkeeping
        if missing := [name for name in self.names if not (new / name).is_file()]:
            raise FetchError(
                f"{self} lacks {', '.join(missing)}, so nothing of it was kept: the "
                "catalogue and the repository disagree, update chapter2."
            )


def unreachable() -> tuple[type[Exception], ...]:
    """Return what the Hub's client raises where it cannot be asked; not all OSError."""
    from huggingface_hub.errors import HTTPError

    return HTTPError, OSError, RuntimeError, ValueError


@contextmanager
def reaching(repository: str) -> Iterator[None]:
    """Turn what the Hub's clients raise into one sentence.

    Raises:
        FetchError: the repository cannot be read; a full disk stays an OSError.
    """
    try:
        yield
    except unreachable() as error:
        if isinstance(error, OSError) and error.errno in store.NO_SPACE:
            raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise FetchError(
            f"{repository} cannot be read from the Hugging Face Hub "
            f"({lines[0].rstrip('.:')}): go online once and try again, or set "
            "CHAPTER2_SCALE=book, which needs no Hub."
        ) from error


def parse(
    folder: Path,
    name: str,
    label_names: tuple[str, ...],
    parts: tuple[str, ...] = ("train", "test"),
) -> TextDataset:
    """Read the parts, columns ``text`` and ``label``, into one set that names them.

    Raises:
        DataError: a column is missing, or a label is no index of ``label_names``.
    """
    texts: list[str] = []
    labels: list[int] = []
    origin: list[str] = []
    for part in parts:
        columns = _columns(folder / f"{part}.parquet", name)
        texts += columns["text"]
        labels += columns["label"]
        origin += [part] * len(columns["text"])
    if wrong := set(labels) - set(range(len(label_names))):
        raise DataError(
            f"{name} has the labels {sorted(wrong, key=str)} beside 0 to "
            f"{len(label_names) - 1}: do not train on it, report it."
        )
    return TextDataset(
        name, tuple(texts), tuple(labels), label_names, parts=tuple(origin)
    )


def _columns(path: Path, name: str) -> dict[str, list]:
    import pyarrow.parquet as pq

    found = pq.read_schema(path).names
    for column in ("text", "label"):
        if column not in found:
            raise DataError(
                f"{name}, {path.name}: there is no column {column!r} but "
                f"{', '.join(found)}; do not train on it, report it."
            )
    return pq.read_table(path, columns=["text", "label"]).to_pydict()
