"""Reading well-formed files: every format, every kind of line end, any size."""

import csv
import gzip
import json
import random
import subprocess
import sys
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chapter2.data.files import reader as files
from chapter2.data.files.columns import choose_columns
from chapter2.data.files.defects import Defects
from chapter2.data.files.delimited import DelimitedTable
from chapter2.data.files.encoding import detect
from chapter2.data.files.reader import read_file
from chapter2.data.files.reservoir import Reservoir
from chapter2.data.files.usable import usable
from chapter2.data.files.values import raw_label, unify
from chapter2.errors import DataError, UsageError

TEXTS = [f'text {i}, with a comma\nand a "quoted" line; 你好' for i in range(12)]
LABELS = ["positive", "negative"] * 6
GROUPS = [f"film {i // 3}" for i in range(12)]


def write_csv(path, end="\n", delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
        writer.writerow(["title", "review", "sentiment"])
        writer.writerows(zip(GROUPS, TEXTS, LABELS, strict=True))
    return path


def write_jsonl(path):
    rows = zip(GROUPS, TEXTS, LABELS, strict=True)
    lines = [json.dumps({"title": g, "review": t, "sentiment": y}) for g, t, y in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_parquet(path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"title": GROUPS, "review": TEXTS, "sentiment": LABELS}
    pq.write_table(pa.table(columns), path, row_group_size=5)
    return path


def write_packed(path):
    plain = write_csv(path.with_name("plain.csv"))
    path.write_bytes(gzip.compress(plain.read_bytes()))
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", write_csv),
        ("a.CSV", lambda path: write_csv(path, end="\r\n")),
        ("semicolon.csv", lambda path: write_csv(path, delimiter=";")),
        ("a.tsv", lambda path: write_csv(path, delimiter="\t")),
        ("a.jsonl", write_jsonl),
        ("a.ndjson", write_jsonl),
        ("a.json", write_jsonl),
        ("a.parquet", write_parquet),
        ("a.csv.gz", write_packed),
    ],
)
def test_every_format_gives_the_same_data_set(name, write, tmp_path):
    path = write(tmp_path / name)
    dataset = read_file(path, group="title")
    assert dataset.texts == tuple(TEXTS)
    assert [dataset.label_names[i] for i in dataset.labels] == LABELS
    assert dataset.label_names == ("negative", "positive")
    assert dataset.groups == tuple(GROUPS)
    assert dataset.name == name


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_counts_as_one_line(end, tmp_path):
    path = tmp_path / "a.csv"
    lines = ["text,label"] + [f"text {i},{i % 2}" for i in range(12)] + [",0"]
    path.write_bytes(end.join([*lines, ""]).encode())
    dataset = read_file(path)
    assert dataset.texts == tuple(f"text {i}" for i in range(12))
    assert any("line 14, column 'text'" in notice for notice in dataset.notices)


def test_a_record_of_several_lines_is_named_by_its_first(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f'"one\ntwo\nthree {i}",{i % 2}' for i in range(12)]
    path.write_text("\n".join(["text,label", *rows, '"a\nb",', ""]))
    notices = read_file(path).notices
    assert any("line 38, column 'label'" in notice for notice in notices)


def test_a_long_text_is_read_whole(tmp_path):
    """csv's own limit is 131,072 characters, which long documents exceed."""
    csv.field_size_limit(131_072)
    path = tmp_path / "a.csv"
    long = "word " * 100_000
    path.write_text(f"text,label\n{long},0\nb,1\nc,0\nd,1\n")
    assert read_file(path).texts[0] == long


def test_texts_are_not_changed(tmp_path):
    path = tmp_path / "a.jsonl"
    odd = "  Ünïcode\u00a0 \ttab\nline \u2028 separator 😀 "
    rows = [{"text": odd, "label": "a"}, {"text": "x", "label": "b"}] * 2
    path.write_text("\n".join(map(json.dumps, rows)))
    assert read_file(path).texts[0] == odd


def test_delimiters_at_the_end_of_a_line_lose_nothing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,0,,\nb,1,,\nc,0,\nd,1\n")
    assert read_file(path).texts == ("a", "b", "c", "d")


def test_the_delimiter_inside_texts_does_not_mislead(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"well, this, is, text {i};{i % 2}" for i in range(12)]
    path.write_text("\n".join(["text;label", *rows]))
    assert read_file(path).texts[3] == "well, this, is, text 3"


def test_a_named_column_decides_between_delimiters(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"a|{i};b,{i % 2}" for i in range(12)]
    path.write_text("\n".join(["x|y;text,label", *rows]))
    assert read_file(path, text="x|y;text", label="label").texts[2] == "a|2;b"


def test_an_exact_name_goes_before_a_near_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Text,text,label\na,b,0\nc,d,1\ne,f,0\ng,h,1\n")
    assert read_file(path, text="text").texts == ("b", "d", "f", "h")


def test_chinese_column_names_are_found(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("编号,评论,标签\n1,很好,正\n2,很差,负\n3,不错,正\n4,不行,负\n")
    dataset = read_file(path)
    assert dataset.texts == ("很好", "很差", "不错", "不行")
    assert set(dataset.label_names) == {"正", "负"}


def test_texts_alone(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\nb\na\n\nc\n")
    dataset = read_file(path, labelled=False)
    assert dataset.texts == ("b", "a", "c")
    assert dataset.label_names == ("unlabelled",)
    with pytest.raises(UsageError, match="leave it out"):
        read_file(path, label="text", labelled=False)


def test_a_file_to_evaluate_on_may_have_one_class(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,good\nb,good\n")
    with pytest.raises(DataError, match="all have the label"):
        read_file(path)
    assert read_file(path, trainable=False).label_names == ("good",)


def test_numbers_as_labels_stand_in_numeric_order(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"text {i},{(10, 9, -1)[i % 3]}" for i in range(12)]
    path.write_text("\n".join(["text,label", *rows]))
    assert read_file(path).label_names == ("-1", "9", "10")


def test_the_same_seed_gives_the_same_sample(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"text {i},{i % 2}" for i in range(400)]
    path.write_text("\n".join(["text,label", *rows]))
    first = read_file(path, limit=40, seed=1)
    assert first == read_file(path, limit=40, seed=1)
    assert first.texts != read_file(path, limit=40, seed=2).texts
    assert first.counts() == {"0": 20, "1": 20}


def test_a_limit_above_the_file_takes_it_whole(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,0\nb,1\nc,0\nd,1\n")
    dataset = read_file(path, limit=99)
    assert len(dataset) == 4
    assert not any("sample" in notice for notice in dataset.notices)


@pytest.mark.parametrize("limit", [-1, 1.5, "many"])
def test_a_limit_without_meaning_is_refused(limit, tmp_path):
    with pytest.raises(UsageError, match="set it to 1 or more"):
        read_file(tmp_path / "a.csv", limit=limit)


def stream(n: int):
    for i in range(n):
        yield f"text {i} " + "x" * 400, i % 2


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_memory_is_bounded_by_the_sample_and_not_by_the_file(
    ending, tmp_path, monkeypatch
):
    path = tmp_path / f"big.{ending}"
    with path.open("w") as out:
        out.write("text,label\n" if ending == "csv" else "")
        for text, y in stream(40_000):
            line = (
                f"{text},{y}" if ending == "csv" else f'{{"text":"{text}","label":{y}}}'
            )
            out.write(line + "\n")
    assert path.stat().st_size > 16_000_000
    monkeypatch.setattr(files, "MAX_RECORDS", 500)
    read_file(path)  # what is imported or cached once is no part of it
    tracemalloc.start()
    dataset = read_file(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(dataset) == 500
    assert any("40,000 usable records" in notice for notice in dataset.notices)
    assert peak < 6_000_000


RESIDENT = """
import resource, sys
from chapter2.data.files import reader as files
files.MAX_RECORDS = 100
files.read_file(sys.argv[1], text="text", label="label")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def resident_kilobytes(path) -> int:
    done = subprocess.run(
        [sys.executable, "-c", RESIDENT, path], capture_output=True, check=True
    )
    return int(done.stdout)


def test_parquet_is_not_held_in_memory(tmp_path):
    """One row group of 96 MB, incompressible, must cost far less than its size."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = random.Random(0)
    texts = [source.randbytes(2000).hex() for _ in range(24_000)]
    for name, n in (("small", 1000), ("big", 24_000)):
        table = pa.table({"text": texts[:n], "label": [i % 2 for i in range(n)]})
        pq.write_table(
            table,
            tmp_path / f"{name}.parquet",
            compression="none",
            use_dictionary=False,
        )
    small = resident_kilobytes(tmp_path / "small.parquet")
    big = resident_kilobytes(tmp_path / "big.parquet")
    assert big - small < 48_000


def test_a_reservoir_keeps_each_item_with_the_same_probability():
    kept = Counter()
    for seed in range(2000):
        reservoir = Reservoir(5, most=10**9, seed=seed)
        for item in range(20):
            reservoir.add(item, 1)
        assert len(set(reservoir.items)) == 5
        kept.update(reservoir.items)
    # 2000 draws at p = 1/4: mean 500, standard deviation 19.4
    assert all(abs(kept[item] - 500) < 4 * 19.4 for item in range(20))


def test_a_reservoir_that_grows_too_heavy_shrinks():
    reservoir = Reservoir(1000, most=500, seed=0)
    for item in range(5000):
        reservoir.add(item, 10)
    assert reservoir.seen == 5000
    assert 30 <= len(reservoir.items) <= 50
    assert reservoir.weight == 10 * len(reservoir.items) <= 500
    assert np.mean(reservoir.items) == pytest.approx(2500, abs=900)


FRENCH = "Ce film est très réussi, je l'ai adoré du début à la fin, où l'on rêve."
RUSSIAN = "Отличный фильм, мне очень понравилось, рекомендую всем посмотреть"
SENTENCES = [
    (FRENCH, "cp1252", "cp1252"),
    ("Das Gerät ist schön, aber größere Knöpfe wären nötig.", "cp1252", "cp1252"),
    ("El niño corrió rápido. ¿Qué pasó mañana?", "cp1252", "cp1252"),
    ("Não gostei da programação, atenção à edição", "cp1252", "cp1252"),
    ("It’s a “great” film, as a café is", "cp1252", "cp1252"),
    (RUSSIAN, "cp1251", "cp1251"),
    ("这个酒店非常不错，早餐也很好，下次还会来住", "gb18030", "gb18030"),
    ("這個酒店非常不錯，早餐也很好，下次還會來住", "big5", "big5"),
    # what cannot be told apart from something else is not guessed
    (FRENCH, "mac_roman", None),
    (FRENCH, "cp850", None),
    (RUSSIAN, "koi8_r", None),
    ("Świetny film, bardzo mi się podobał, żółć", "cp1250", None),
    ("Świetny film, bardzo mi się podobał, żółć", "iso8859_2", None),
    ("Velmi dobrý film, skvělé herecké výkony, příště znovu", "cp1250", None),
    ("Nagyon jó film volt, őszintén ajánlom, hűvös estékre", "cp1250", None),
    ("Çok güzel bir film, şiddetle tavsiye, ışıklar ağır", "cp1254", None),
    ("Πολύ καλή ταινία, μου άρεσε πάρα πολύ", "cp1253", None),
    ("فيلم رائع جدا أعجبني كثيرا", "cp1256", None),
    ("この映画はとても面白かったです。", "shift_jis", None),
    ("이 영화는 정말 재미있었습니다", "cp949", None),
]


@pytest.mark.parametrize("n", [3, 40])
@pytest.mark.parametrize(("sentence", "encoding", "told"), SENTENCES)
def test_an_encoding_is_told_rightly_or_not_at_all(sentence, encoding, told, n):
    lines = [f"{sentence[i % 5 :]} {i},positive\n" for i in range(n)]
    assert detect("".join(lines).encode(encoding)) == told


@given(st.lists(st.tuples(st.text(), st.sampled_from("ab")), max_size=30))
def test_whatever_csv_writes_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("written") / "a.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["text", "label"])
        writer.writerows(rows)
    table = DelimitedTable(path, "utf-8", ",", ["text", "label"])
    columns = choose_columns(path, table.names, [], "text", "label", None)
    found = [one.text for one in usable(table, columns, Defects(path, "line"))]
    expected = [t.encode("utf-8", "replace").decode() for t, _ in rows if t.strip()]
    assert found == expected


@given(st.lists(st.sampled_from([1, 1.0, "1", " 1", "1.0", 2, "b", "B", True, "true"])))
def test_unified_labels_agree_exactly_where_their_keys_do(values):
    raw = [raw_label(value) for value in values]
    labels = unify(raw)
    assert len(set(labels.names)) == len(labels.names)
    for one, i in zip(raw, labels.indices, strict=True):
        for other, j in zip(raw, labels.indices, strict=True):
            assert (i == j) == (one.key == other.key)
