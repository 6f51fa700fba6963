"""Texts one at a time: as they arrive, in constant memory, faults with their place."""

import csv
import io

import pytest

from chapter2.data.files.reader import read_file
from chapter2.data.files.streaming import stream_file, stream_parquet, stream_texts
from chapter2.data.files.tables import LINE_LIMIT
from chapter2.errors import DataError, UsageError


def texts(
    content: bytes,
    column: str | None = None,
    encoding: str | None = None,
    notice=lambda sentence: None,
):
    source = io.BufferedReader(io.BytesIO(content))
    return list(stream_texts(source, "in", column, encoding, notice))


@pytest.mark.parametrize(
    ("content", "column", "encoding", "expected"),
    [
        (b"a\nb\n", None, None, ["a", "b"]),
        (b"a\r\nb", None, None, ["a", "b"]),
        (b"a\n\nb\n", None, None, ["a", "", "b"]),
        (b"a\rb\n", None, None, ["a\rb"]),
        (b"", None, None, []),
        (b"\xef\xbb\xbfa\n", None, None, ["a"]),
        ("好\n坏\n".encode("gb18030"), None, "gb18030", ["好", "坏"]),
        ("a\nb\n".encode("utf-16"), None, "utf-16", ["a", "b"]),
        (b"id,text\n1,a\n2,b\n", "text", None, ["a", "b"]),
        (b"\xef\xbb\xbftext,id\na,1\n", "text", None, ["a"]),
        (b"id\ttext\n1\ta, b\n", "text", None, ["a, b"]),
        (b"id;text\n1;a, b\n", "text", None, ["a, b"]),
        (b'id,text\r\n1,"two\r\nlines, ""quoted"""\r\n', "text", None, 0),
        (b"id,text\n1,a\n\n2,b\n", "text", None, ["a", "b"]),
        (b'{"text": "a"}\n\n{"text": null}\n', "text", None, ["a", ""]),
        (b'{"text": "a"}\r{"text": "b"}\r', "text", None, ["a", "b"]),
        (b"id,text\r1,a\r2,b\r", "text", None, ["a", "b"]),
    ],
)
def test_texts_are_found(content, column, encoding, expected):
    expected = expected or (['two\r\nlines, "quoted"'] if expected == 0 else [])
    assert texts(content, column, encoding) == expected


@pytest.mark.parametrize(
    ("content", "column", "place"),
    [
        (b"good\nb\xffd\n", None, "in, line 2, column 2: not utf-8"),
        (b"a" * (LINE_LIMIT + 1), None, "in, line 1: longer than"),
        (b"", "text", "in is empty"),
        (b"id,review\n1,a\n", "text", "no column 'text' among id, review"),
        (
            b"id,text\n1,a\n2,b,c\n",
            "text",
            "in, line 3: the record has 3 field(s) where the header has 2",
        ),
        (
            b'id,text\n1,"a' + b"\nx" * 90_000,
            "text",
            "line 2: a quotation mark is opened and not closed",
        ),
        (b'id,text\n1,"a', "text", "line 2: a quotation mark is opened and not closed"),
        (b'{"text": "a"}\n{"text": \n', "text", "in, line 2, column 1"),
        (b'{"text": "a"}\n["b"]\n', "text", "in, line 2: not a JSON object"),
        (b'{"review": "a"}\n', "text", "in, line 1: no column 'text' among review"),
        (b'{"text": 5}\n', "text", "in, line 1: 'text' holds a int"),
        (b'{"text": ' + b"[" * 99_999, "text", "in, line 1: not JSON (nested too deep"),
        (b'{"text": ' + b"9" * 9_999, "text", "in, line 1: not JSON (nested too deep"),
        (b"text,text\na,b\n", "text", "in, line 1: columns 1 and 2 are both called"),
        (bytes(range(32)) * 9, None, "in is not text"),
    ],
)
def test_a_fault_is_refused_with_its_place(content, column, place):
    with pytest.raises(DataError) as caught:
        texts(content, column)
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "column", "expected", "sentence"),
    [
        (b"a\0b\ngood film\n", None, ["a b", "good film"], "in, line 1: NUL"),
        (b'{"text": "a\\u0000b"}\n', "text", ["a b"], "in, line 1, column 'text': NUL"),
        (b'id,text\n1,"a\nb"\n2,\x07\n', "text", ["a\nb", " "], "in, line 4, column"),
        (b"text,n\na,1\ntext,n\nb,2\n", "text", ["a", "b"], "in, line 3: the header"),
        ("a\nb\n".encode("utf-16-be"), None, ["a", "b"], "in was read as utf-16-be"),
        ("a\nb\n".encode("utf-16"), None, ["a", "b"], "byte order mark"),
    ],
)
def test_what_is_mended_is_said(content, column, expected, sentence):
    said = []
    assert texts(content, column, notice=said.append) == expected
    assert len(said) == 1
    assert sentence in said[0]


def test_what_is_mended_is_a_warning_where_nobody_asked_for_it():
    with pytest.warns(UserWarning, match="NUL characters were replaced"):
        assert list(
            stream_texts(io.BufferedReader(io.BytesIO(b"so\0so it was\n")), "in")
        )


ACCEPTED = {
    "quotes.tsv": b'text\tlabel\n"Great" film\tpos\nso "so"\tneg\n',
    "joined.tsv": b'text\tlabel\n"Great film\tpos\nA bad one"\tneg\n',
    "tail.csv": b"text,label\na,pos,\nb,neg,,\n",
    "train.parquet.csv": b"text,label\na,pos\nb,neg\n",
    "one.tsv": b"text\na, b\nc\n",
    "blank.csv": b"\n \ntext,label\na,pos\n \nb,neg\n",
    "header.csv": b'text,"the\nlabel"\na,pos\nb,neg\n',
    "broad.csv": b"text," + b"n" * 140_000 + b"\na,pos\nb,neg\n",
    "long.csv": b"text,label\n" + b"ab " * 400_000 + b",pos\nb,neg\n",
    "old.csv": b"text,label\ra,pos\rb,neg\r",
    "old.jsonl": b'{"text": "a", "label": 1}\r{"text": "b", "label": 2}\r',
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_file_gives_the_texts_that_the_reader_of_labelled_files_finds(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(ACCEPTED[name])
    csv.field_size_limit(131_072)  # csv's own, however the process came here
    found = list(stream_file(path, "text", notice=lambda sentence: None))
    assert len(found) == 2
    assert tuple(found) == read_file(path, text="text", labelled=False).texts


def test_a_fault_in_the_head_waits_for_the_texts_before_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text\na\nb\n\xff\n")
    stream = stream_file(path, "text")
    assert [next(stream), next(stream)] == ["a", "b"]
    with pytest.raises(DataError, match="line 4, column 1: not utf-8"):
        next(stream)


def test_an_unknown_encoding_is_refused():
    with pytest.raises(UsageError, match="encoding 'klingon' is not known"):
        texts(b"a\n", encoding="klingon")


def test_utf_16_cut_in_the_middle_is_refused():
    with pytest.raises(DataError, match="not utf-16"):
        texts("a\nb\n".encode("utf-16")[:-1], encoding="utf-16")


def test_a_text_is_handed_on_before_the_next_line_is_read():
    class Endless(io.RawIOBase):
        """A pipe that gives one line a read and never ends."""

        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            Endless.given += 1
            line = b"7,text\n" if Endless.given > 1 else b"id,text\n"
            buffer[: len(line)] = line
            return len(line)

    stream = stream_texts(io.BufferedReader(Endless()), "in", "text")
    assert [next(stream) for _ in range(1000)] == ["text"] * 1000
    assert Endless.given <= 1002


def test_parquet(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"text": ["a", None, "c"], "n": [1, 2, 3]}), path)
    assert list(stream_parquet(path, "text")) == ["a", "", "c"]
    with pytest.raises(DataError, match="no column 'review' among text, n"):
        list(stream_parquet(path, "review"))
    with pytest.raises(DataError, match="row 1: 'n' holds a int"):
        list(stream_parquet(path, "n"))
    path.write_bytes(b"PAR1 not at all")
    with pytest.raises(DataError, match="is not a readable Parquet file"):
        list(stream_parquet(path, "text"))
