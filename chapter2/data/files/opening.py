"""Opening a reader's own file: which kind it is, and what stands in the way."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from io import BufferedReader
from pathlib import Path

from chapter2.errors import DataError

KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",  # one object per line; an array is refused by its first line
    ".parquet": "parquet",
    ".pq": "parquet",
}
READABLE = "CSV, TSV, JSONL or Parquet (.csv .tsv .jsonl .parquet, text also .gz)"
REMEDIES = {
    "export the sheet as CSV (UTF-8)": ".xlsx .xls .xlsm .ods .numbers",
    "unpack it first": ".zip .bz2 .xz .zst .7z .rar .tar .tgz",
    "put one text in each row of a CSV file": ".txt .doc .docx .odt .rtf .pdf .html",
    "export the table as CSV": ".db .sqlite .sav .dta .sas7bdat .xml .yaml .yml",
    "write the table as CSV or Parquet": ".pkl .pickle .feather .arrow .orc .npy .h5",
}
# how a file begins that is not what its name says, and what to do
MAGIC = {
    b"PK\x03\x04": "a ZIP or Excel file; export the sheet as CSV, or unpack it first",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file; export it as CSV",
    b"%PDF": "a PDF document; put one text in each row of a CSV file",
    b"PAR1": "a Parquet file; give its name the ending .parquet",
    b"\x1f\x8b": "packed with gzip; give its name the ending .gz as well",
    b"version https://git-lfs": "a Git LFS pointer; run `git lfs pull` to get the file",
    b"<!doctype html": "a web page, perhaps an error page; download the file again",
    b"<html": "a web page, perhaps an error page; download the file again",
}


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn the system's and gzip's errors into one sentence about ``path``."""
    try:
        yield
    except PermissionError:
        raise DataError(
            f"{path} may not be read; change its permissions or copy it."
        ) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(
            f"{path} is damaged or cut short as a gzip file; fetch or pack it again."
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path} cannot be read: {reason}; check the path.") from None


def check_file(path: Path) -> None:
    """Raise DataError unless ``path`` is a file that can be opened and is not empty."""
    with file_errors(path):
        if path.is_dir():
            raise DataError(f"{path} is a folder; name a file in it.")
        if not path.exists():
            raise DataError(f"{path} does not exist; check the path.")
        if not path.is_file():
            raise DataError(
                f"{path} is not a regular file; save its content as a file first."
            )
        with path.open("rb") as raw:
            if not raw.read(1):
                raise DataError(
                    f"{path} is empty; text, or a header and records, must be in it."
                )


def file_kind(path: Path) -> str:
    """Return ``csv``, ``tsv``, ``jsonl`` or ``parquet``, from the name of the file.

    Raises:
        DataError: the ending is another one, or the content contradicts it.
    """
    ending = _ending(path)
    kind = kind_by_name(path)
    if kind is None or (kind == "parquet" and path.suffix.lower() == ".gz"):
        raise DataError(f"{path} is not a {READABLE} file; {_remedy(ending)}.")
    if kind != "parquet":
        check_beginning(path)
    return kind


def kind_by_name(path: Path) -> str | None:
    """Return the kind of table that the name of the file says, None where none."""
    return KINDS.get(_ending(path))


def _ending(path: Path) -> str:
    """Return the last suffix, or the one before ``.gz``, in lower case."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def _remedy(ending: str) -> str:
    for remedy, endings in REMEDIES.items():
        if ending in endings.split():
            return remedy
    return "export the data as one of these, and let the name's ending say which"


def check_beginning(path: Path) -> None:
    """Raise DataError where the first bytes are those of no text file."""
    with file_errors(path), open_binary(path) as raw:
        start = raw.read(64)
    for magic, what in MAGIC.items():
        if start.lstrip().lower().startswith(magic.lower()):
            raise DataError(f"{path} is {what}.")


def open_binary(path: Path) -> BufferedReader | GzipFile:
    """Open ``path`` for reading bytes, unpacked where its name ends in ``.gz``."""
    if path.suffix.lower() == ".gz":
        return GzipFile(path, "rb")
    return path.open("rb")
