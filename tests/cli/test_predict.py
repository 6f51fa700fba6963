"""``chapter2 predict``: as texts arrive, from files and from pipes."""

import gzip
import json
import os
import signal
import subprocess
import sys
from itertools import count

import pytest
from children import COMMAND_LINE

from chapter2.cli.predict import arriving, chunks
from chapter2.deployment.predictor import labelled
from chapter2.errors import DataError

pytestmark = pytest.mark.timeout(900)  # processes start slowly on a busy machine


@pytest.fixture
def start(tiny):
    """Start ``chapter2 predict`` in a process of its own; kill it afterwards."""
    processes = []

    def begin(*options: str, **streams) -> subprocess.Popen:
        command = [sys.executable, "-c", COMMAND_LINE, "predict", str(tiny), *options]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE} | streams
        process = subprocess.Popen(command, stderr=subprocess.PIPE, **streams)
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def feed(monkeypatch):
    """Make bytes the standard input, through a pipe."""
    opened = []

    def give(content: bytes) -> None:
        reader, writer = os.pipe()
        os.write(writer, content)  # less than a pipe holds
        os.close(writer)
        opened.append(os.fdopen(reader))
        monkeypatch.setattr(sys, "stdin", opened[-1])

    yield give
    for stream in opened:
        stream.close()


def test_a_prediction_comes_before_the_next_text_and_ctrl_c_ends_it(start):
    process = start("--json")
    for index, text in enumerate(["a good film", "好电影", "a bad film"]):
        process.stdin.write(f"{text}\n".encode())
        process.stdin.flush()
        found = json.loads(process.stdout.readline())
        assert (found["index"], found["text"]) == (index, text)
        assert found["label"] in ("blame", "praise")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out, err) == (130, b"", b"Interrupted.\n")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_is_json_whatever_stdout_can_print(start, monkeypatch, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    texts = ["café 😀", "好电影 é"]
    out, _ = start("--json", "--quiet").communicate("\n".join(texts).encode())
    lines = out.decode(encoding).splitlines()
    assert [json.loads(line)["text"] for line in lines] == texts
    assert ("é" in lines[0]) == (encoding == "utf-8")


def test_a_closed_pipe_ends_it_in_silence(start, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("a film\n" * 20_000)
    process = start(str(texts))
    assert process.stdout.readline().endswith(b"\ta film\n")
    process.stdout.close()
    assert process.wait(timeout=600) == 0
    assert process.stderr.read() == b""


def test_lines_of_standard_input(cli, tiny, feed):
    feed(b"a good film\n\nso\tso\r\n")
    done = cli("predict", tiny)
    assert done.code == 0
    cells = [line.split("\t") for line in done.out.splitlines()]
    assert [row[2] for row in cells] == ["a good film", "", "so so"]
    assert cells[1] == ["", "", ""]
    assert all(0.5 <= float(row[1]) <= 1 for row in (cells[0], cells[2]))
    assert done.err == "1 of 3 texts were empty and have no label.\n"


def test_json_lines_hold_every_label(cli, tiny, feed):
    feed(b"a good film\n\n")
    done = cli("predict", tiny, "-", "--json", "--quiet")
    first, second = map(json.loads, done.out.splitlines())
    assert first["probability"] == max(first["probabilities"].values())
    assert sum(first["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert second == {"index": 1, "label": None, "probability": None, "text": ""}
    assert done.err == ""


def test_quotes_are_told_from_the_head_of_a_file_on_standard_input(
    cli, tiny, tmp_path, monkeypatch
):
    path = tmp_path / "t.tsv"
    path.write_text('text\tlabel\n"Great" film\tpraise\n')
    with path.open() as opened:
        monkeypatch.setattr(sys, "stdin", opened)
        done = cli("predict", tiny, "-", "--text", "text")
    assert done.out.endswith('\t"Great" film\n')
    assert (done.code, done.err.count("plain characters")) == (0, 1)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.txt", "t.csv.gz"])
def test_each_kind_of_file_gives_the_same(cli, tiny, tmp_path, name):
    separator = "\t" if name == "t.tsv" else ","
    content = f"id{separator}text\n1{separator}a good film\n2{separator}a bad one\n"
    if name == "t.jsonl":
        content = '{"text": "a good film"}\n{"text": "a bad one"}\n'
    if name == "t.txt":
        content = "a good film\na bad one\n"
    packed = gzip.compress(content.encode()) if ".gz" in name else content.encode()
    (tmp_path / name).write_bytes(packed)
    column = [] if name == "t.txt" else ["--text", "text"]
    done = cli("predict", tiny, tmp_path / name, *column)
    assert [line.split("\t")[2] for line in done.out.splitlines()] == [
        "a good film",
        "a bad one",
    ]
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("name", "content", "options", "code", "said"),
    [
        ("no.txt", None, [], 3, "There is no file"),
        ("t.csv", b"text\na\n", [], 2, "name the column of its texts by --text"),
        ("t.csv", b"text\na\n", ["--text", "review"], 3, "no column 'review'"),
        ("t.txt", b"a\n\xff\n", [], 3, "line 2, column 1: not utf-8"),
        (
            "t.txt",
            b"a\n",
            ["--encoding", "klingon"],
            2,
            "encoding 'klingon' is not known",
        ),
        ("t.csv.gz", b"not gzip", ["--text", "text"], 3, "damaged or cut short"),
        ("t.parquet", b"PAR1", ["--text", "text"], 3, "is not a readable Parquet file"),
    ],
)
def test_a_bad_file_is_one_sentence(
    cli, tiny, tmp_path, name, content, options, code, said
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = cli("predict", tiny, tmp_path / name, *options)
    assert done.code == code
    assert said in done.err
    assert done.err.count("\n") == 1


def test_what_came_before_a_bad_line_is_predicted(cli, tiny, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b"}\n{"text"\n')
    done = cli("predict", tiny, path, "--text", "text")
    assert done.code == 3
    assert [line.split("\t")[2] for line in done.out.splitlines()] == ["a", "b"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: None, "is not a folder"),
        (lambda folder: folder.mkdir(), "has no config.json"),
    ],
)
def test_a_bad_model_is_one_sentence_and_code_6(cli, tmp_path, feed, make, said):
    make(tmp_path / "model")
    feed(b"a\n")
    done = cli("predict", tmp_path / "model")
    assert (done.code, done.out) == (6, "")
    assert said in done.err


def test_memory_stays_bounded_however_many_texts_come():
    taken = count()
    endless = (str(next(taken)) for _ in iter(int, 1))
    batches = arriving(endless, 8)
    got = [next(batches) for _ in range(50)]
    assert [int(text) for batch in got for text in batch] == list(
        range(sum(map(len, got)))
    )
    assert max(map(len, got)) <= 8
    # at most 4 batches wait in the queue, and one text at its door
    assert next(taken) <= sum(map(len, got)) + 4 * 8 + 2


@pytest.mark.parametrize("batched", [chunks, arriving])
def test_an_error_comes_after_the_texts_before_it(batched):
    def texts():
        yield from "abc"
        raise DataError("bad")

    batches = batched(texts(), 3)
    found = next(batches)
    while len(found) < 3:  # as many batches as the thread's pace made
        found += next(batches)
    assert found == ["a", "b", "c"]
    with pytest.raises(DataError, match="bad"):
        next(batches)


def test_labels_do_not_depend_on_what_else_is_in_the_batch(tiny):
    from chapter2.models import Classifier

    classifier = Classifier.load(tiny)
    texts = ["a film", "", "a much longer text about the same film and its story"]
    together = labelled(classifier, texts)
    alone = [labelled(classifier, [text])[0] for text in texts]
    for a, b in zip(together, alone, strict=True):
        assert a["label"] == b["label"]
        assert a["probability"] == pytest.approx(b["probability"], abs=2e-6)
