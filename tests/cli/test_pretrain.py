"""``chapter2 pretrain``: what it makes, says, refuses and resumes."""

import json
import os
import signal
import subprocess
import sys
import time
from hashlib import sha256

import numpy as np
import pytest
import torch
from children import COMMAND_LINE

from chapter2.models.language_model import FAMILIES, SIZES, load_language_model

pytestmark = pytest.mark.timeout(900)  # processes start slowly on a busy machine
SMALL = ("--length", 16, "--batch-size", 8, "--precision", "fp32")
NEW = (*SMALL, "--vocabulary", 120)
THINGS = ["cat", "dog", "horse", "fish", "bird", "cow"]
DEEDS = ["meows", "barks", "neighs", "bubbles", "sings", "moos"]


def documents(count=120):
    """Texts in which a thing decides what it does, each beginning with its number."""
    draw = np.random.default_rng(0)
    return [
        f"{i} . " + " ".join(
            f"the {THINGS[k]} {DEEDS[k]} on day {n}"
            for n, k in zip(
                draw.integers(9999, size=4), draw.integers(6, size=4), strict=True
            )
        )
        for i in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "animals.txt"
    path.write_text("\n\n".join(documents()) + "\n")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory, corpus):
    """A finished run of bert: its folder, what it printed with --json, its stderr."""
    out = tmp_path_factory.mktemp("runs") / "bert"
    command = ["pretrain", corpus, "--tokens", 6000, "--out", out, "--json", *NEW]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND_LINE, *map(str, command)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout), done.stderr


def test_the_result_is_measured_on_unseen_text_beside_a_baseline(trained, corpus):
    out, result, err = trained
    assert sum(result["documents"].values()) == 120
    assert result["measure"] == "masked accuracy"
    assert result["tokens_seen"] == 47 * 128  # 6,000 rounded up to whole batches
    assert result["steps"] == 47
    assert (result["family"], result["continued_from"]) == ("bert", None)
    assert (result["corpus"], result["out"]) == (str(corpus), str(out))
    for scores in result["scores"].values():
        for part in ("validation", "test"):
            interval = scores[part]["accuracy"]
            assert 0 <= interval["low"] <= interval["value"] <= interval["high"] <= 1
    assert list(result["scores"]) == ["bert model", "unigram baseline"]
    assert "training: 100%" in err
    assert "Traceback" not in err
    assert "To fine-tune: chapter2 finetune DATA --model" in err


def test_the_folder_is_a_plain_one_of_hugging_face(trained):
    from transformers import BertForMaskedLM, pipeline

    out, result, _ = trained
    assert not (out / "checkpoints").exists()
    assert not (out / ".lock").exists()
    model = BertForMaskedLM.from_pretrained(out)
    assert model.config.vocab_size == result["vocabulary"]
    fill = pipeline("fill-mask", str(out), device="cpu")
    assert fill("the cat [MASK] on day 1")[0]["score"] > 0


def test_a_pretrained_model_is_fine_tuned(cli, trained, reviews, tmp_path):
    out, _, _ = trained
    done = cli(
        *("finetune", reviews, "--model", out, "--out", tmp_path / "m"),
        *("--precision", "fp32", "--json"),
    )
    assert done.code == 0, done.err
    assert done.json()["model"] == str(out)


@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "bert"])
def test_every_other_family_is_measured_by_perplexity(cli, corpus, tmp_path, family):
    out = tmp_path / family
    options = ("--family", family, "--tokens", 6000, "--out", out, "--quiet", *NEW)
    done = cli("pretrain", corpus, *options)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith(f"{corpus}: 120 documents; ")
    assert "test perplexity" in lines[1]
    assert [line[:8] for line in lines[2:4]] == [f"{family} model"[:8], "unigram "]
    assert lines[4] == f"model: {out}"
    result = json.loads((out / "run.json").read_text())["result"]
    model, unigram = (s["test"]["perplexity"] for s in result["scores"].values())
    assert model["value"] < unigram["value"]
    subject = load_language_model(out)
    logits = subject.model(torch.tensor([[2, 7, 8]]))
    assert logits.shape == (1, 3, result["vocabulary"])


def test_going_on_shows_the_scores_before(cli, corpus, trained, tmp_path):
    out, result, _ = trained
    options = ("--continue-from", out, "--tokens", 1000, "--json", *SMALL)
    done = cli("pretrain", corpus, "--out", tmp_path / "m", *options)
    assert done.code == 0, done.err
    again = done.json()
    assert again["continued_from"] == str(out)
    assert again["vocabulary"] == result["vocabulary"]
    key = "bert model"
    assert again["before"][key] == {
        part: {k: result["scores"][key][part][k] for k in ("accuracy", "loss")}
        for part in ("validation", "test")
    }


def test_a_finished_model_is_not_overwritten(cli, trained, corpus):
    out, result, _ = trained
    before = weights(out)
    same = ("pretrain", corpus, "--tokens", 6000, "--out", out, *NEW)
    refused = cli(*same)
    assert (refused.code, refused.out) == (2, "")
    assert "holds a finished model" in refused.err
    again = cli(*same, "--resume", "--json")
    assert again.json() == result
    other = cli(*same, "--resume", "--seed", 3)
    assert "began with" in other.err
    assert (other.code, other.out) == (2, "")
    assert weights(out) == before


def test_the_folder_of_another_command_is_refused(cli, corpus, reviews, tmp_path):
    out = tmp_path / "m"
    tiny = ("--model", "tiny-random", "--precision", "fp32", "--out", out)
    assert cli("finetune", reviews, *tiny).code == 0
    done = cli("pretrain", corpus, "--out", out, "--resume", *NEW)
    assert (done.code, done.out) == (2, "")
    assert "began with another command" in done.err


def newest(out):
    steps = [int(path.name[5:]) for path in out.glob("checkpoints/step-*")]
    return max(steps, default=0)


def weights(out):
    return sha256((out / "model.safetensors").read_bytes()).hexdigest()


def test_interrupted_and_killed_and_resumed_gives_the_same_weights(
    cli, corpus, tmp_path
):
    """Ctrl-C, then kill -9, then the end: bit for bit as if nothing had happened."""
    options = ("pretrain", corpus, "--tokens", 40_000, "--quiet", *NEW)
    out, whole = tmp_path / "broken", tmp_path / "whole"
    for resume, sent in (((), signal.SIGINT), (("--resume",), signal.SIGKILL)):
        before = newest(out)
        command = [*map(str, (*options, "--out", out)), *resume]
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND_LINE, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        while newest(out) <= before and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(sent)
        said, err = process.communicate(timeout=600)
        assert said == b""
        assert newest(out) > before
        if sent == signal.SIGINT:
            assert process.returncode == 130
            assert b"run the same again with --resume" in err
            assert err.count(b"\n") == 1
        else:
            assert process.returncode == -signal.SIGKILL
    resumed = cli(*options, "--out", out, "--resume", "--json")
    straight = cli(*options, "--out", whole, "--json")
    assert resumed.code == straight.code == 0
    assert weights(out) == weights(whole)
    assert resumed.json()["scores"] == straight.json()["scores"]


def test_two_processes_make_the_model_that_one_makes(corpus, tmp_path):
    """No dropout in a new model: what differs is the order of sums."""
    launch = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", 2)
    launch += ("--num_machines", 1, "--mixed_precision", "no", "--dynamo_backend", "no")
    launch += ("--main_process_port", 0)
    command = ("-m", "chapter2", "pretrain", corpus, "--tokens", 2000, "--json", *NEW)
    results, models = [], []
    for name, launcher in (("one", ()), ("two", launch)):
        done = subprocess.run(
            [str(part) for part in (sys.executable, *launcher, *command)]
            + ["--out", str(tmp_path / name)],
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        )
        assert done.returncode == 0, done.stderr
        results.append(json.loads(done.stdout))  # one process prints, not both
        models.append(load_language_model(tmp_path / name).model.state_dict())
    for part in ("validation", "test"):
        one, two = (each["scores"]["bert model"][part]["loss"] for each in results)
        assert one == pytest.approx(two, abs=1e-4)
    for name, value in models[0].items():
        assert torch.allclose(value, models[1][name], atol=1e-4), name


@pytest.mark.parametrize(
    ("source", "options", "code", "said"),
    [
        ("no-such-name", [], 3, "neither a file 'no-such-name' nor a catalogue entry"),
        ("no/such.txt", [], 3, "does not exist"),
        ("minilm", [], 3, "minilm holds no running text (its task is weights)"),
        ("encyclopaedia", ["--text", "t"], 2, "leave out --text"),
        ("{corpus}", ["--text", "t"], 2, "plain text without columns"),
        ("{corpus}", ["--family", "bart"], 2, "'bart' is not one of"),
        ("{corpus}", ["--size", "huge"], 2, "'huge' is not one of"),
        ("{corpus}", ["--tokens", "0"], 2, "greater than or equal to 1"),
        ("{corpus}", ["--length", "5000"], 3, "do not fill one block of 4999"),
        ("{corpus}", ["--vocabulary", "12"], 2, "vocab_size is 12"),
        ("{corpus}", ["--mask-rate", "1.5"], 2, "must lie between 0 and 1"),
        ("{corpus}", ["--mask-rate", "0.3", "--family", "gpt"], 2, "are for bert"),
        ("{corpus}", ["--whole-words", "--family", "lstm"], 2, "are for bert"),
        ("{corpus}", ["--learning-rate", "0"], 2, "learning_rate is 0"),
        ("{corpus}", ["--learning-rate", "1", "--family", "ngram"], 2, "which counts"),
        ("{corpus}", ["--continue-from", "./none"], 6, "no model here"),
        ("{corpus}", ["--continue-from", "bert-tiny", "--size", "tiny"], 2, "leave ou"),
        ("{empty}", [], 3, "{empty} is empty"),
        ("{blank}", [], 3, "{blank} holds nothing but blanks"),
        ("{few}", [], 3, "parts need at least 3"),
        ("{binary}", [], 3, "{binary}"),
        ("{table}", [], 3, "column"),
        ("{table}", ["--text", "nothing"], 3, "nothing"),
    ],
)
def test_what_does_not_serve_is_refused_in_one_sentence(
    cli, corpus, tmp_path, source, options, code, said
):
    contents = {
        "empty": b"",
        "blank": b"\n \n\t\n",
        "few": b"one single document\n",
        "binary": bytes(range(256)) * 20,
        "table": b"a,b\n1,2\n3,4\n",
    }
    paths = {"corpus": corpus}
    for name, content in contents.items():
        paths[name] = tmp_path / f"{name}{'.csv' if name == 'table' else '.txt'}"
        paths[name].write_bytes(content)
    out = tmp_path / "m"
    done = cli("pretrain", source.format(**paths), "--out", out, *SMALL, *options)
    assert (done.code, done.out) == (code, ""), done.err
    lines = done.err.splitlines()
    assert lines[-1].startswith("Error: ")
    assert said.format(**paths) in lines[-1]
    assert not [line for line in lines[:-1] if "rror" in line]
    assert not out.exists()


def test_an_n_gram_model_cannot_go_on(cli, corpus, tmp_path):
    out = tmp_path / "n"
    assert cli("pretrain", corpus, "--family", "ngram", "--out", out, *NEW).code == 0
    more = ("--continue-from", out, "--out", tmp_path / "m", *SMALL)
    done = cli("pretrain", corpus, *more)
    assert (done.code, done.out) == (2, "")
    assert "counts and cannot go on" in done.err


def test_texts_of_a_classification_set_and_of_a_table_serve(cli, tmp_path):
    path = tmp_path / "texts.csv"
    rows = "\n".join(f'"{text}",{i // 3}' for i, text in enumerate(documents(60)))
    path.write_text(f"text,article\n{rows}\n")
    made = ("--family", "ngram", "--json", *NEW)
    done = cli("pretrain", path, "--title", "article", "--out", tmp_path / "a", *made)
    assert done.code == 0, done.err
    assert sum(done.json()["documents"].values()) == 60
    done = cli("pretrain", "tweets", "--limit", 90, "--out", tmp_path / "b", *made)
    assert done.code == 0, done.err
    assert sum(done.json()["documents"].values()) == 90


def test_the_choices_are_those_of_the_library():
    from chapter2.cli.pretrain import Family, Size

    assert sorted(each.value for each in Family) == sorted(FAMILIES)
    assert [each.value for each in Size] == list(SIZES)
