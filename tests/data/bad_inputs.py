"""The table of bad inputs: what is wrong with a file, and what must be said about it.

Plain data, for the tests of the reader and of every door that leads to it. Each case
is either refused (one sentence, with these fragments) or noticed (records are read,
and some notice has these fragments). ``{file}`` stands for the path of the file.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class BadInput(NamedTuple):
    id: str
    name: str  # of the file
    content: bytes | Callable[[], bytes] | None  # None: there is no such file
    says: tuple[str, ...]  # fragments of the one sentence, or of one notice
    records: int | None = None  # how many are read; None: the file is refused
    args: Mapping[str, Any] = MappingProxyType({})  # of read_file
    usage: bool = False  # refused as an argument without meaning, not as data


def rows(n: int = 24, label: tuple = ("good", "bad")) -> list[tuple[str, str]]:
    """n different texts with alternating labels; line i + 2 of a CSV file each."""
    return [(f"this is text number {i}", label[i % len(label)]) for i in range(n)]


def csv(
    records: list, header: str | None = "text,label", end: str = "\n", by: str = ","
) -> bytes:
    lines = [header] if header is not None else []
    lines += [one if isinstance(one, str) else by.join(one) for one in records]
    return "".join(line + end for line in lines).encode()


def jsonl(records: list) -> bytes:
    lines = [
        one
        if isinstance(one, str)
        else json.dumps(dict(zip(("text", "label"), one, strict=True)))
        for one in records
    ]
    return "".join(line + "\n" for line in lines).encode()


def parquet(columns: list[str], *values: list) -> Callable[[], bytes]:
    def build() -> bytes:
        import pyarrow as pa
        import pyarrow.parquet as pq

        out = io.BytesIO()
        pq.write_table(pa.Table.from_arrays([*map(pa.array, values)], columns), out)
        return out.getvalue()

    return build


TEXTS, NAMES = [text for text, _ in rows()], [label for _, label in rows()]
FRENCH = [("très réussi, où l'on rêve à la fin " + str(i), y) for i, (_, y) in
          enumerate(rows())]  # fmt: skip
CHINESE = [("酒店非常不错，早餐也很好，下次还会来住" + "好" * i, y) for i, (_, y) in
           enumerate(rows())]  # fmt: skip
QUOTED_FRENCH = [(f'"{text}"', label) for text, label in FRENCH]

FILES = [
    BadInput("missing file", "no.csv", None, ("{file} does not exist", "check")),
    BadInput("empty file", "a.csv", b"", ("{file} is empty",)),
    BadInput("blank lines only", "a.csv", b"\n \n\n", ("{file} holds nothing",)),
    BadInput("blank JSON lines", "a.jsonl", b"\n\n", ("{file} holds no records",)),
    BadInput(
        "header only", "a.csv", b"text,label\n", ("{file} holds a header but no",)
    ),
    BadInput(
        "Excel by name", "a.xlsx", b"PK\x03\x04", ("{file}", "export the sheet as CSV")
    ),
    BadInput("Word by name", "a.docx", b"PK\x03\x04", ("{file}", "CSV")),
    BadInput("PDF by name", "a.pdf", b"%PDF-1.7", ("one text in each row",)),
    BadInput("ZIP by name", "a.zip", b"PK\x03\x04", ("{file}", "unpack it first")),
    BadInput("plain text", "a.txt", b"one\ntwo\n", ("one text in each row",)),
    BadInput("unknown ending", "a.data", csv(rows()), ("{file} is not a CSV",)),
    BadInput("no ending", "data", csv(rows()), ("name's ending say which",)),
    BadInput("Excel named CSV", "a.csv", b"PK\x03\x04abc", ("ZIP or Excel file",)),
    BadInput("PDF named CSV", "a.csv", b"%PDF-1.7 abc", ("PDF document",)),
    BadInput(
        "Parquet named CSV", "a.csv", b"PAR1abc", ("ending .parquet",)
    ),
    BadInput("gzip named CSV", "a.csv", gzip.compress(csv(rows())), ("ending .gz",)),
    BadInput("web page", "a.csv", b"<!DOCTYPE html><p>404", ("an error page",)),
    BadInput("binary", "a.csv", bytes(range(32)) * 9, ("control characters",)),
    BadInput(
        "gzip cut short", "a.csv.gz", gzip.compress(csv(rows(999)))[:-40],
        ("{file} is damaged or cut short",),
    ),
    BadInput("gzip by name only", "a.csv.gz", csv(rows()), ("{file} is damaged",)),
    BadInput("packed Parquet", "a.parquet.gz", b"\x1f\x8b", ("{file} is not a",)),
    BadInput("broken Parquet", "a.parquet", b"PAR1 no", ("not a readable Parquet",)),
    BadInput(
        "Parquet cut short", "a.parquet",
        lambda: parquet(["text", "label"], TEXTS, NAMES)()[:-20],
        ("{file} is not a readable Parquet",),
    ),
    BadInput(
        "Parquet damaged inside", "a.parquet",
        lambda: parquet(["text", "label"], TEXTS, NAMES)()
        .replace(b"text n", b"\xff" * 6).replace(b"number", b"\xff" * 6),
        ("{file}, row 1", "damaged or not UTF-8"),
    ),
]  # fmt: skip

ENCODINGS = [
    BadInput(
        "UTF-8 with BOM", "a.csv", b"\xef\xbb\xbf" + csv(rows()),
        ("byte order mark", "utf-8"), 24,
    ),
    BadInput(
        "UTF-16 with BOM", "a.csv", csv(rows()).decode().encode("utf-16"),
        ("byte order mark", "utf-16"), 24,
    ),
    BadInput(
        "UTF-16 without BOM", "a.csv", csv(rows()).decode().encode("utf-16-le"),
        ("read as utf-16-le",), 24,
    ),
    BadInput(
        "gb18030", "a.csv", csv(CHINESE).decode().encode("gb18030"),
        ("read as gb18030", "detected"), 24,
    ),
    BadInput(
        "cp1252", "a.csv", csv(QUOTED_FRENCH).decode().encode("cp1252"),
        ("read as cp1252", "detected"), 24,
    ),
    BadInput(
        "encoding that cannot be told", "a.csv",
        csv([("podoba³ mi siê film " + str(i), y) for i, (_, y) in enumerate(rows())])
        .decode().encode("latin-1"),
        ("{file}, line 2", "cannot be told", "state the encoding"),
    ),
    BadInput(
        "one byte that is not UTF-8", "a.csv",
        csv(QUOTED_FRENCH) + b"caf\xe9,good\n",
        ("{file}, line 26", "a byte is not UTF-8"),
    ),
    BadInput(
        "wrong encoding stated", "a.csv",
        csv(QUOTED_FRENCH).decode().encode("cp1252"),
        ("{file}, line 2", "byte 0xe8 is not utf-8"), args={"encoding": "utf-8"},
    ),
    BadInput(
        "wrong encoding that decodes", "a.csv", csv(QUOTED_FRENCH),
        ("stated", "valid UTF-8", "leave the encoding out"), 24,
        args={"encoding": "latin-1"},
    ),
    BadInput(
        "stated against the BOM", "a.csv", b"\xef\xbb\xbf" + csv(rows()),
        ("{file} starts with the byte order mark", "stated is gb18030"),
        args={"encoding": "gb18030"},
    ),
    BadInput(
        "unknown encoding", "a.csv", csv(rows()), ("'utf-9' is not known",),
        args={"encoding": "utf-9"}, usage=True,
    ),
    BadInput(
        "codec that is no encoding", "a.csv", csv(rows()), ("'base64' is not known",),
        args={"encoding": "base64"}, usage=True,
    ),
    BadInput(
        "codec that escapes", "a.csv", csv(rows()), ("'unicode_escape' is not known",),
        args={"encoding": "unicode_escape"}, usage=True,
    ),
    BadInput(
        "UTF-16 stated without its order", "a.csv",
        csv(rows()).decode().encode("utf-16-be"),
        ("{file} has no byte order mark", "state utf-16-le or utf-16-be"),
        args={"encoding": "utf-16"},
    ),
    BadInput(
        "half a character at the end", "a.csv",
        csv(rows()).decode().encode("utf-16-le")[:-1],
        ("{file}, line 25", "not utf-16-le"), args={"encoding": "utf-16-le"},
    ),
    BadInput(
        "encoding of Parquet", "a.parquet", parquet(["text", "label"], TEXTS, NAMES),
        ("{file} is Parquet", "leave out"), args={"encoding": "gb18030"}, usage=True,
    ),
]  # fmt: skip

COLUMNS = [
    BadInput(
        "missing column", "a.csv", csv(rows()),
        ("{file} has no column 'review'", "'text', 'label'"), args={"text": "review"},
    ),
    BadInput(
        "missing group column", "a.csv", csv(rows()),
        ("{file} has no column 'title'", "group column"), args={"group": "title"},
    ),
    BadInput(
        "missing key", "a.jsonl", jsonl(rows()),
        ("{file} has no column 'stars'", "'text', 'label'"), args={"label": "stars"},
    ),
    BadInput(
        "column named in other case", "a.csv", csv(rows(), " Text ,LABEL"),
        ("'text' was read from ' Text '",), 24, args={"text": "text"},
    ),
    BadInput(
        "columns found", "a.csv", csv(rows(), "review,sentiment"),
        ("text is the column 'review'", "label is the column 'sentiment'"), 24,
    ),
    BadInput(
        "columns found by content", "a.csv", csv(rows(), "what,verdict"),
        ("text is the column 'what'", "label is the column 'verdict'"), 24,
    ),
    BadInput(
        "two columns of texts", "a.csv",
        csv([(text, "other " + text, y) for text, y in rows()], "text,review,label"),
        ("{file}: the text column is not clear", "'text', 'review', 'label'"),
    ),
    BadInput(
        "no column of labels", "a.csv", csv([(t,) for t, _ in rows()], "text"),
        ("{file}: the label column is not clear", "'text'"),
    ),
    BadInput(
        "no header", "a.csv", csv(rows(), header=None),
        ("{file}, line 1", "looks like a record", "add a header line"),
    ),
    BadInput(
        "text and label the same", "a.csv", csv(rows()),
        ("'text' is named for both text and label",),
        args={"text": "text", "label": "text"}, usage=True,
    ),
    BadInput(
        "duplicated text column", "a.csv",
        csv([(t, t, y) for t, y in rows()], "text,text,label"),
        ("{file}, line 1: columns 1 and 2 are both called 'text'", "rename"),
    ),
    BadInput(
        "duplicated other column", "a.csv",
        csv([(t, y, "1", "2") for t, y in rows()], "text,label,note,note"),
        ("{file}, line 1", "'note' stands more than once"), 24,
    ),
    BadInput(
        "a column that may be a source", "a.csv",
        csv([(t, y, f"p{i // 2}") for i, (t, y) in enumerate(rows())],
            "text,label,product_id"),
        ("'product_id' may name a source",), 24,
    ),
    BadInput(
        "semicolons", "a.csv", csv(rows(), "text;label", by=";"),
        ("the delimiter is ';'",), 24,
    ),
    BadInput(
        "tabs", "a.csv", csv(rows(), "text\tlabel", by="\t"),
        ("the delimiter is '\\t'",), 24,
    ),
    BadInput(
        "commas in TSV", "a.tsv", csv(rows()), ("the delimiter is ','",), 24,
    ),
    BadInput(
        "bars", "a.csv", csv(rows(), "text|label", by="|"), ("delimiter is '|'",), 24
    ),
]  # fmt: skip

LINES = [
    BadInput(
        "header in the middle", "a.csv", csv([*rows()[:9], "text,label", *rows()[9:]]),
        ("{file}, line 11", "header is repeated"), 24,
    ),
    BadInput(
        "one record too short", "a.csv", csv([*rows(), "alone"]),
        ("{file}, line 26", "number of fields"), 24,
    ),
    BadInput(
        "one record too long", "a.csv", csv([*rows(), "one, two, three,good"]),
        ("{file}, line 26", "number of fields"), 24,
    ),
    BadInput(
        "many records too long", "a.csv", csv([*rows(), *["well, no,bad"] * 9]),
        ("{file}, line 26", "3 field(s) where the header has 2", "9 of 33"),
    ),
    BadInput(
        "unclosed quotation mark", "a.csv", csv([*rows(), '"open,good', "b,good"]),
        ("{file}, line 26", "opened and not closed"),
    ),
    BadInput(
        "quotation mark not doubled", "a.csv", csv([*rows(), '"a "b" c",good']),
        ("{file}, line 26", "double each quotation mark"),
    ),
    BadInput(
        "plain quotation marks in TSV", "a.tsv",
        csv([*rows(), ('"Great" film', "good")], "text\tlabel", by="\t"),
        ("quotation marks are read as plain characters",), 25,
    ),
    BadInput(
        "quotation marks of two records in TSV", "a.tsv",
        csv([(f'"Great film {i}' if y == "good" else f'A bad one {i}"', y)
             for i, (_, y) in enumerate(rows(20))], "text\tlabel", by="\t"),
        ("quotation marks are read as plain characters",), 20,
    ),
    BadInput(
        "a quotation mark opened in the head of a TSV", "a.tsv",
        csv([*rows(198), ('"Great film', "good"), ('A bad one"', "bad")],
            "text\tlabel", by="\t"),
        ("quotation marks are read as plain characters",), 200,
    ),
    BadInput(
        "quotation marks of two records far down a TSV", "a.tsv",
        csv([*rows(300), ('"Great film', "good"), ('A bad one"', "bad")],
            "text\tlabel", by="\t"),
        ("{file}, line 302", "lines were read as one record"), 301,
    ),
    BadInput(
        "NUL bytes", "a.csv", csv([*rows(), "a\0b,good"]),
        ("{file}, line 26, column 'text'", "NUL characters"), 25,
    ),
    BadInput(
        "control characters", "a.csv", csv([*rows(), "a\x07b,good"]),
        ("{file}, line 26, column 'text'", "control characters"), 25,
    ),
    BadInput(
        "lines that end in carriage returns", "a.csv", csv([*rows(), "b"], end="\r"),
        ("{file}, line 26", "number of fields"), 24,
    ),
    BadInput(
        "a header of 140,000 characters", "a.csv",
        csv([*rows(), "b"], "text,label" + "l" * 140_000),
        ("{file}, line 26", "number of fields"), 24,
    ),
    BadInput(
        "a quotation mark before 12 million characters", "a.csv",
        lambda: csv([*rows(), '"' + ("a" * 6_000_000 + "\n") * 2]),
        ("{file}, line 26", "opened and not closed"),
    ),
    BadInput(
        "line of 11 million characters", "a.csv",
        lambda: csv([*rows(), "a" * 11_000_000 + ",good"]),
        ("{file}, line 26", "longer than"),
    ),
    BadInput(
        "invalid JSON on one line", "a.jsonl", jsonl([*rows(), '{"text": "a']),
        ("{file}, line 25", "not valid JSON"), 24,
    ),
    BadInput(
        "invalid JSON on many lines", "a.jsonl", jsonl([*rows(), *['{"text": a}'] * 9]),
        ("{file}, line 25", "not valid JSON at character 10", "9 of 33"),
    ),
    BadInput(
        "JSON that is no object", "a.jsonl", jsonl([*rows(), "5"]),
        ("{file}, line 25", "no JSON object"), 24,
    ),
    BadInput(
        "JSON strings", "a.jsonl", jsonl(['"one"', '"two"']),
        ("{file}, line 1", "valid JSON but not an object"),
    ),
    BadInput(
        "JSON array", "a.json", json.dumps([{"text": "a", "label": "b"}]).encode(),
        ("{file}, line 1", "one JSON document", "one object per line"),
    ),
    BadInput(
        "indented JSON", "a.json", json.dumps({"text": "a"}, indent=1).encode(),
        ("{file}, line 1", "one JSON document"),
    ),
    BadInput(
        "deeply nested JSON", "a.jsonl", jsonl([*rows(), "[" * 99_999 + "]" * 99_999]),
        ("{file}, line 25", "not valid JSON"), 24,
    ),
    BadInput(
        "CSV named JSONL", "a.jsonl", csv(rows()), ("{file}, line 1", "not valid JSON")
    ),
    BadInput(
        "lone surrogate", "a.jsonl",
        jsonl([*rows(), '{"text": "a \\ud83d b", "label": "good"}']),
        ("{file}, line 25, column 'text'", "lone surrogates"), 25,
    ),
]  # fmt: skip

VALUES = [
    BadInput(
        "empty texts", "a.csv", csv([*rows(), ",good", "  ,bad"]),
        ("{file}, line 26, column 'text'", "text is empty", "(2 in all)"), 24,
    ),
    BadInput(
        "NUL-only texts", "a.csv", csv([*rows(), "\0,good", "\0 \x07,bad"]),
        ("{file}, line 26, column 'text'", "text is empty", "(2 in all)"), 24,
    ),
    BadInput(
        "NUL-only labels", "a.csv", csv([*rows(), "one,\0", "two,\0"]),
        ("{file}, line 26, column 'label'", "label is missing", "(2 in all)"), 24,
    ),
    BadInput(
        "no text at all", "a.csv", csv([",good", ",bad"]),
        ("{file}, line 2, column 'text'", "none of the records"),
    ),
    BadInput(
        "missing labels", "a.csv", csv([*rows(), "unlabelled text,"]),
        ("{file}, line 26, column 'label'", "label is missing"), 24,
    ),
    BadInput(
        "missing key in a record", "a.jsonl", jsonl([*rows(), '{"text": "alone"}']),
        ("{file}, line 25, column 'label'", "label is missing"), 24,
    ),
    BadInput(
        "null and NaN", "a.jsonl",
        jsonl([*rows(), ("text", None), '{"text": "a", "label": NaN}']),
        ("{file}, line 25, column 'label'", "(2 in all)"), 24,
    ),
    BadInput(
        "nulls in Parquet", "a.parquet",
        parquet(["text", "label"], [*TEXTS, None], [*NAMES, "good"]),
        ("{file}, row 25, column 'text'", "text is empty"), 24,
    ),
    BadInput(
        "missing groups", "a.csv",
        csv([(t, y, "g" if i == 3 else "") for i, (t, y) in enumerate(rows())],
            "text,label,title"),
        ("{file}, line 2, column 'title'", "group is missing"), 24,
        args={"group": "title"},
    ),
    BadInput(
        "one class only", "a.csv", csv(rows(label=("good",))),
        ("{file}, line 2, column 'label'", "'good'", "second label"),
    ),
    BadInput(
        "one record", "a.csv", csv(rows(1)), ("{file}, line 2", "1 usable record"),
        args={"text": "text", "label": "label"},
    ),
    BadInput(
        "a class with one record", "a.csv", csv([*rows(), "odd one,neutral"]),
        ("{file}, line 26, column 'label'", "'neutral'", "merge it"),
    ),
    BadInput(
        "a class with two records", "a.csv",
        csv([*rows(), "odd one,neutral", "odd two,neutral"]),
        ("a.csv", "'neutral' has 2 record", "too few for 3 parts", "merge it"),
    ),
    BadInput(
        "one group only", "a.csv",
        csv([(t, y, "all") for t, y in rows()], "text,label,title"),
        ("a.csv", "24 records form 1 independent", "another group"),
        args={"group": "title"},
    ),
    BadInput(
        "as many classes as records", "a.csv",
        csv([(t, f"id{i}") for i, (t, _) in enumerate(rows())]),
        ("{file}, line 2, column 'label'", "24 different labels", "IDs"),
    ),
    BadInput(
        "measurements as labels", "a.csv",
        csv([(t, str(i / 4)) for i, (t, _) in enumerate(rows())]),
        ("{file}, line 3, column 'label'", "0.25", "regression is not supported"),
    ),
    BadInput(
        "whole floats as labels", "a.csv",
        csv([(t, f"{i % 2}.0") for i, (t, _) in enumerate(rows())]),
        ("{file}, column 'label'", "'0.0' as '0'"), 24,
    ),
    BadInput(
        "numbers and strings as labels", "a.jsonl",
        jsonl([(t, (1, "1", 0)[i % 3]) for i, (t, _) in enumerate(rows())]),
        ("{file}, column 'label'", "mixed types", "'1' as a string"), 24,
    ),
    BadInput(
        "true and strings as labels", "a.jsonl",
        jsonl([(t, (True, "True", False)[i % 3]) for i, (t, _) in enumerate(rows())]),
        ("{file}, column 'label'", "mixed types", "'true'"), 24,
    ),
    BadInput(
        "labels in two cases", "a.csv", csv(rows(label=("good", "bad", "Good", "bad"))),
        ("{file}, column 'label'", "'Good' and 'good' as"), 24,
    ),
    BadInput(
        "labels with blanks", "a.csv", csv(rows(label=("good", " bad"))),
        ("{file}, column 'label'", "blanks around labels", "12 in all"), 24,
    ),
    BadInput(
        "lists as labels", "a.jsonl", jsonl([(t, [y]) for t, y in rows()]),
        ("{file}, line 1, column 'label'", "type list", "one label"),
    ),
    BadInput(
        "numbers as texts", "a.csv",
        csv([(str(i), y) for i, (_, y) in enumerate(rows())], "text,label"),
        ("{file}, line 2, column 'text'", "the texts are numbers"),
    ),
    BadInput(
        "JSON numbers as texts", "a.jsonl",
        jsonl([(i, y) for i, (_, y) in enumerate(rows())]),
        ("{file}, line 1, column 'text'", "type number, not a string"),
    ),
    BadInput(
        "nested JSON as texts", "a.jsonl", jsonl([({"en": t}, y) for t, y in rows()]),
        ("{file}, line 1, column 'text'", "type object, not a string"),
    ),
    BadInput(
        "one list as text", "a.jsonl", jsonl([*rows(), (["a"], "good")]),
        ("{file}, line 25, column 'text'", "not a string"), 24,
    ),
    BadInput(
        "numbers as texts in Parquet", "a.parquet",
        parquet(["text", "label"], list(range(24)), NAMES),
        ("{file}, row 1, column 'text'", "type number, not a string"),
    ),
]  # fmt: skip

LIMITS = [
    BadInput(
        "limit of 0", "a.csv", csv(rows()), ("limit is 0", "1 or more"),
        args={"limit": 0}, usage=True,
    ),
    BadInput(
        "a sample", "a.csv", csv(rows()),
        ("{file} holds 24 usable records", "sample of 12"), 12, args={"limit": 12},
    ),
    BadInput(
        "a sample without a class", "a.csv",
        csv([*rows(), "odd one,neutral", "odd two,neutral", "odd three,neutral"]),
        ("{file}: a sample of 6 records", "'neutral'", "raise the limit"),
        args={"limit": 6},
    ),
]  # fmt: skip

BAD_INPUTS = [*FILES, *ENCODINGS, *COLUMNS, *LINES, *VALUES, *LIMITS]
