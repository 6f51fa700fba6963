"""Texts one at a time: as they arrive, in constant memory, faults with their place."""

import io

import pytest

from chapter2.data.files.streaming import LINE_LIMIT, stream_parquet, stream_texts
from chapter2.errors import DataError, UsageError


def texts(content: bytes, column: str | None = None, encoding: str | None = None):
    return list(stream_texts(io.BytesIO(content), "in", column, encoding))


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
            "in, line 3: 3 cells where the header has 2",
        ),
        (b'id,text\n1,"a' + b"\nx" * 90_000, "text", "a quote that is not closed"),
        (b'id,text\n1,"a', "text", "a quote that is not closed"),
        (b'{"text": "a"}\n{"text": \n', "text", "in, line 2, column 1"),
        (b'{"text": "a"}\n["b"]\n', "text", "in, line 2: not a JSON object"),
        (b'{"review": "a"}\n', "text", "in, line 1: no column 'text' among review"),
        (b'{"text": 5}\n', "text", "in, line 1: 'text' holds a int"),
    ],
)
def test_a_fault_is_refused_with_its_place(content, column, place):
    with pytest.raises(DataError) as caught:
        texts(content, column)
    assert place in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_encoding_is_refused():
    with pytest.raises(UsageError, match="no encoding 'klingon'"):
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
    with pytest.raises(DataError, match="record 1: 'n' holds a int"):
        list(stream_parquet(path, "n"))
    path.write_bytes(b"PAR1 not at all")
    with pytest.raises(DataError, match="is not a Parquet file"):
        list(stream_parquet(path, "text"))
