"""The reader's own running text: read, or refused with one sentence."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from chapter2.data import read_corpus
from chapter2.data.corpus import Document
from chapter2.data.files import corpora
from chapter2.errors import DataError, UsageError

PLAIN = "It rains.\nWe stay.\n\nIt is dry.\n \n\nWe go.\n"
TABLE = (
    "title,text\nTea,A hot drink\nTea,From leaves of a bush\nRain,Falls from clouds\n"
)
FRENCH = "\n\n".join(f"C'était très réussi, où l'on rêve {i}." for i in range(30))
TAIL = "a few more words\n"


class Case(NamedTuple):
    id: str
    name: str
    content: bytes | None  # None: there is no such file
    says: tuple[str, ...]  # fragments of the one sentence, or of one notice
    documents: int | None = None  # None: refused
    args: Mapping[str, Any] = MappingProxyType({})
    usage: bool = False


CASES = [
    Case("missing", "a.txt", None, ("{file} does not exist",)),
    Case("empty", "a.txt", b"", ("{file} is empty",)),
    Case("blank", "a.txt", b" \n\n\t\n", ("{file} holds nothing but blanks",)),
    Case("mark alone", "a.txt", b"\xef\xbb\xbf\n", ("holds nothing but blanks",)),
    Case("binary", "a.txt", bytes(range(32)) * 9, ("{file} is not text",)),
    Case(
        "binary, encoding stated", "a.txt", bytes(range(256)) * 9,
        ("{file} is not text",), args={"encoding": "latin-1"},
    ),
    Case("PDF", "a.txt", b"%PDF-1.7 abc", ("PDF document",)),
    Case("web page", "a.txt", b"<!doctype html><p>404", ("an error page",)),
    Case("gzip", "a.txt", gzip.compress(PLAIN.encode()), ("ending .gz",)),
    Case(
        "gzip cut short", "a.txt.gz", gzip.compress(FRENCH.encode())[:-9],
        ("{file} is damaged or cut short",),
    ),
    Case(
        "not UTF-8", "a.txt", (FRENCH + "\n").encode() + b"caf\xe9\n",
        ("{file}, line 60: a byte is not UTF-8",),
    ),
    Case(
        "wrong encoding stated", "a.txt", FRENCH.encode("cp1252"),
        ("{file}, line 1: the byte 0xe9 is not utf-8",), args={"encoding": "utf-8"},
    ),
    Case(
        "encoding detected", "a.txt", FRENCH.encode("cp1252"),
        ("read as cp1252", "detected"), 30,
    ),
    Case(
        "unknown encoding", "a.txt", PLAIN.encode(), ("'utf-9' is not known",),
        args={"encoding": "utf-9"}, usage=True,
    ),
    Case(
        "UTF-16", "a.txt", PLAIN.encode("utf-16"), ("byte order mark", "utf-16"), 3
    ),
    Case(
        "NUL", "a.txt", PLAIN.encode() + b"\na\0b " + TAIL.encode() * 9,
        ("{file}, line 9: NUL characters were replaced by blanks",), 4,
    ),
    Case(
        "column of plain text", "a.txt", PLAIN.encode(),
        ("{file} is plain text without columns; leave out 'body'.",),
        args={"text": "body"}, usage=True,
    ),
    Case(
        "no blank line", "a.txt", b"one line\nanother line\n",
        ("{file} has no blank line", "one document"), 1,
    ),
    Case(
        "limit of 0", "a.txt", PLAIN.encode(), ("limit is 0",), args={"limit": 0},
        usage=True,
    ),
    Case(
        "a sample", "a.txt", PLAIN.encode(), ("a random sample of 2 of them",), 2,
        args={"limit": 2},
    ),
    Case("no ending", "data", PLAIN.encode(), ("{file} is not a CSV",)),
    Case("Word", "a.docx", b"PK\x03\x04", ("{file} is not a CSV",)),
    Case("empty table", "a.csv", b"", ("{file} is empty",)),
    Case("header alone", "a.csv", b"title,text\n", ("but no records",)),
    Case(
        "no such column", "a.csv", TABLE.encode(),
        ("{file} has no column 'body'; name the text column as one of 'title'",),
        args={"text": "body"},
    ),
    Case(
        "no such title", "a.csv", TABLE.encode(), ("{file} has no column 'article'",),
        args={"title": "article"},
    ),
    Case(
        "no such key", "a.jsonl", b'{"text": "one"}\n', ("has no column 'body'",),
        args={"text": "body"},
    ),
    Case(
        "column not clear", "a.csv", b"a,b\nwords of one,words of two\n",
        ("the text column is not clear",),
    ),
    Case(
        "all texts blank", "a.csv", b"title,text\nTea,\nRain,  \n",
        ("{file}, line 2, column 'text': none of the records has a text",),
    ),
    Case(
        "some texts blank", "a.csv", TABLE.encode() + b"Snow,\n",
        ("{file}, line 5, column 'text': the text is empty",), 3,
    ),
    Case(
        "numbers", "a.jsonl", b'{"text": 1}\n{"text": 2}\n',
        ("type number, not a string",),
    ),
    Case("no JSON", "a.jsonl", b"It rains.\n", ("{file}, line 1", "not valid JSON")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_bad_input(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.name
    if case.content is not None:
        path.write_bytes(case.content)
    if case.documents is None:
        with pytest.raises(UsageError if case.usage else DataError) as caught:
            read_corpus(path, **case.args)
        sentences = [str(caught.value)]
    else:
        corpus = read_corpus(path, **case.args)
        assert len(corpus) == case.documents
        sentences = list(corpus.notices)
    fragments = [part.replace("{file}", str(path)) for part in case.says]
    assert [s for s in sentences if all(part in s for part in fragments)], sentences
    for sentence in sentences:
        assert sentence.endswith(".")
        assert "\n" not in sentence


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_plain_text_is_parted_by_blank_lines(tmp_path: Path) -> None:
    texts = ["It rains.\nWe stay.", "It is dry.", "We go."]
    for name, content in {
        "a.txt": PLAIN,
        "A.TXT": PLAIN.replace("\n", "\r\n"),
        "a.md": PLAIN.rstrip("\n"),
        "a.txt.gz": gzip.compress(PLAIN.encode()),
    }.items():
        corpus = read_corpus(written(tmp_path, name, content))
        assert corpus.texts() == texts
        assert {d.title for d in corpus.documents} == {""}
        assert corpus.name == name
        assert corpus.notices == ()


def test_a_table_gives_texts_and_titles(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", TABLE)
    documents = read_corpus(path, title="title").documents
    assert documents[1] == Document("Tea", "From leaves of a bush")
    assert [d.title for d in documents] == ["Tea", "Tea", "Rain"]
    assert read_corpus(path).documents[0] == Document("", "A hot drink")


def test_json_lines_give_texts_and_titles(tmp_path: Path) -> None:
    lines = [json.dumps({"name": f"n{i}", "body": f"one\ntwo {i}"}) for i in range(3)]
    path = written(tmp_path, "a.jsonl", "\n".join(lines))
    corpus = read_corpus(path, text="body", title="name")
    assert corpus.documents[2] == Document("n2", "one\ntwo 2")


def test_the_sample_depends_on_the_seed_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "\n\n".join(f"text {i}" for i in range(50)))
    samples = [read_corpus(path, limit=5, seed=seed).texts() for seed in (0, 0, 1)]
    assert samples[0] == samples[1] != samples[2]


def test_a_file_without_blank_lines_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpora, "DOCUMENT_LIMIT", 100)
    path = written(tmp_path, "a.txt", "short\n\n" + "a line of text\n" * 9)
    with pytest.raises(DataError, match=r"line 3: the document .* longer than 100"):
        read_corpus(path)


def test_a_block_of_control_characters_is_no_document(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(PLAIN + "\n\0 \0\n")
    assert len(read_corpus(path)) == 3
