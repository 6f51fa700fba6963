"""Every bad input is refused with one sentence or handled with a notice."""

import gzip
import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data.files.reader import read_file
from chapter2.data.records import TextDataset
from chapter2.data.splits import split
from chapter2.errors import Chapter2Error, DataError, UsageError

spec = importlib.util.spec_from_file_location(
    "bad_inputs", Path(__file__).with_name("bad_inputs.py")
)
bad_inputs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bad_inputs)
CASES = bad_inputs.BAD_INPUTS


def read_and_split(path: Path, args: Mapping) -> TextDataset:
    dataset = read_file(path, **args)
    split(dataset)
    return dataset


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_bad_input(case, tmp_path):
    path = tmp_path / case.name
    if case.content is not None:
        content = case.content() if callable(case.content) else case.content
        path.write_bytes(content)
    fragments = [part.replace("{file}", str(path)) for part in case.says]
    if case.records is None:
        with pytest.raises(UsageError if case.usage else DataError) as caught:
            read_and_split(path, case.args)
        sentences = [str(caught.value)]
    else:
        dataset = read_and_split(path, case.args)
        assert len(dataset) == case.records
        sentences = list(dataset.notices)
    whole = [s for s in sentences if all(part in s for part in fragments)]
    assert whole, sentences
    for sentence in sentences:
        assert sentence.endswith(".")
        assert "\n" not in sentence


def test_the_table_is_long_and_its_names_differ():
    assert len(CASES) >= 45
    assert len({case.id for case in CASES}) == len(CASES)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="is a folder; name a file in it"):
        read_file(tmp_path)


def test_a_pipe_is_refused(tmp_path):
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    with pytest.raises(DataError, match="not a regular file"):
        read_file(path)


def test_a_file_without_permission_is_refused(tmp_path, monkeypatch):
    """The superuser may read everything, so the refusal is feigned."""
    path = tmp_path / "a.csv"
    path.write_bytes(bad_inputs.csv(bad_inputs.rows()))

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"a\.csv may not be read; change its perm"):
        read_file(path)


def test_a_failing_disk_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_bytes(bad_inputs.csv(bad_inputs.rows()))

    def fail(*args, **kwargs):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(DataError, match="cannot be read: Input/output error"):
        read_file(path)


PLAIN = {
    "a.csv": bad_inputs.csv(bad_inputs.rows()),
    "a.tsv": bad_inputs.csv(bad_inputs.rows(), "text\tlabel", by="\t"),
    "a.jsonl": bad_inputs.jsonl(bad_inputs.rows()),
    "a.csv.gz": gzip.compress(bad_inputs.csv(bad_inputs.rows()), mtime=0),
    "a.parquet": bad_inputs.parquet(
        ["text", "label"], bad_inputs.TEXTS, bad_inputs.NAMES
    )(),
}
PIECES = (b"\0", b'"', b"\xff", b"\r", b"\n", b",", b"\t", b"{", b"]", b"\xe9\xe8", b"")


@given(
    st.sampled_from(sorted(PLAIN)),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES)), max_size=6),
    st.sampled_from([None, "utf-8", "utf-16", "gb18030", "latin-1", "utf-7"]),
)
def test_a_damaged_file_gives_a_data_set_or_a_sentence(
    tmp_path_factory, name, damage, encoding
):
    content = bytearray(PLAIN[name])
    for place, piece in damage:
        start = int(place * len(content))
        content[start : start + max(1, len(piece))] = piece
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(content)
    sentence = None
    try:
        dataset = read_and_split(path, {"encoding": encoding})
    except Chapter2Error as error:
        sentence = str(error)
    if sentence is None:
        assert 0 < len(dataset) <= 30
    else:
        assert sentence.endswith(".")
        assert "\n" not in sentence
