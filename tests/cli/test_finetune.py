"""``chapter2 finetune`` and ``evaluate``: what they make, say, refuse and resume."""

import json
import signal
import subprocess
import sys
import time
from hashlib import sha256

import pytest
from children import COMMAND_LINE

from chapter2.training import TrainingConfig

pytestmark = pytest.mark.timeout(900)  # processes start slowly on a busy machine
FAST = ("--model", "tiny-random", "--precision", "fp32")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, reviews):
    """A finished run: its folder, and what it printed with --json."""
    out = tmp_path_factory.mktemp("runs") / "model"
    command = ["finetune", str(reviews), "--out", str(out), "--json", *FAST]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND_LINE, *command], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout), done.stderr


def test_the_result_is_measured_beside_two_baselines(trained, reviews):
    out, result, _ = trained
    assert result["records"] == {"train": 48, "validation": 6, "test": 6}
    assert result["labels"] == {"blame": 30, "praise": 30}
    tuned, majority, tfidf = result["scores"].values()
    assert list(result["scores"])[1:] == [
        "majority class",
        "TF-IDF + logistic regression",
    ]
    assert majority["test"]["accuracy"]["value"] == 0.5
    assert tfidf["test"]["accuracy"]["value"] == 1  # one word decides
    for interval in (tuned["test"]["accuracy"], tuned["validation"]["macro_f1"]):
        assert interval["low"] <= interval["value"] <= interval["high"]
        assert interval["level"] == 0.95
    gain = tuned["test"]["accuracy"]["value"] - tfidf["test"]["accuracy"]["value"]
    assert result["gain"]["value"] == pytest.approx(gain)
    assert "baseline is better" in result["verdict"]
    assert (result["data"], result["out"]) == (str(reviews), str(out))


def test_stdout_is_the_json_alone_and_stderr_holds_notices_and_progress(trained):
    _, _, err = trained
    assert "48 training, 6 validation and 6 test records." in err
    assert "training: 100%" in err
    assert "Traceback" not in err
    assert "To predict: chapter2 predict" in err


def test_the_folder_is_a_plain_one_of_hugging_face(trained):
    from transformers import pipeline

    out, _, _ = trained
    assert not (out / "checkpoints").exists()
    assert not (out / ".lock").exists()
    found = pipeline("text-classification", str(out))("a good film")
    assert found[0]["label"] in ("blame", "praise")


def test_the_text_result_and_silence(cli, reviews, tmp_path):
    done = cli("finetune", reviews, "--out", tmp_path / "m", "--quiet", *FAST)
    assert (done.code, done.err) == (0, "")
    assert f"{reviews}: 60 records of 2 labels; 6 in the test part" in done.out
    rows = done.out.splitlines()
    assert rows[1].split("  ")[-1] == "test macro F1"
    assert [row[:8] for row in rows[2:5]] == ["fine-tun", "majority", "TF-IDF +"]
    assert done.out.endswith(f"model: {tmp_path / 'm'}\n")


def test_a_finished_model_is_not_overwritten(cli, trained, reviews):
    out, result, _ = trained
    before = sha256((out / "model.safetensors").read_bytes()).hexdigest()
    refused = cli("finetune", reviews, "--out", out, *FAST)
    assert (refused.code, refused.out) == (2, "")
    assert "holds a finished model" in refused.err
    again = cli("finetune", reviews, "--out", out, "--resume", "--json", *FAST)
    assert again.json() == result
    other = cli("finetune", reviews, "--out", out, "--resume", "--epochs", 3, *FAST)
    assert (other.code, other.out) == (2, "")
    assert "began with --epochs 2, not 3" in other.err
    fewer = cli("finetune", reviews, "--out", out, "--resume", "--limit", 30, *FAST)
    assert "began with other records" in fewer.err
    assert sha256((out / "model.safetensors").read_bytes()).hexdigest() == before


def test_somebody_elses_folder_is_left_alone(cli, reviews, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    for option in ([], ["--resume"]):
        done = cli("finetune", reviews, "--out", tmp_path, *option, *FAST)
        assert (done.code, done.out) == (2, "")
        assert "is not empty and holds no run" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    done = cli("finetune", reviews, "--out", tmp_path / "thesis.txt", *FAST)
    assert "is a file; give --out a folder" in done.err


def test_a_run_that_fails_early_leaves_nothing_in_its_way(cli, reviews, tmp_path):
    out = tmp_path / "m"
    done = cli("finetune", reviews, "--out", out, "--model", tmp_path / "none")
    assert (done.code, done.out) == (6, "")
    assert not out.exists()
    done = cli("finetune", reviews, "--out", out, "--learning-rate", 11, *FAST)
    assert (done.code, done.out) == (2, "")
    assert not out.exists()


def test_interrupted_and_killed_and_resumed_gives_the_same_weights(
    cli, reviews, tmp_path
):
    """Ctrl-C, then kill -9, then the end: bit for bit as if nothing had happened."""
    options = ("finetune", reviews, "--epochs", 12, "--quiet", *FAST)
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
            assert err.count(b"\n") == 1
            assert b"run the same again with --resume" in err
            refused = cli(*options, "--out", out)
            assert refused.code == 2
            assert "holds an unfinished run; add --resume" in refused.err
            unready = cli("predict", out, reviews, "--text", "text")
            assert (unready.code, unready.out) == (6, "")
            assert "holds an unfinished run" in unready.err
        else:
            assert process.returncode == -signal.SIGKILL
    resumed = cli(*options, "--out", out, "--resume", "--json")
    straight = cli(*options, "--out", whole, "--json")
    assert resumed.code == straight.code == 0
    assert weights(out) == weights(whole)
    assert resumed.json()["scores"] == straight.json()["scores"]


def newest(out) -> int:
    """Return the step of the newest checkpoint, 0 where there is none."""
    steps = [int(path.name[5:]) for path in out.glob("checkpoints/step-*")]
    return max(steps, default=0)


def weights(out) -> str:
    return sha256((out / "model.safetensors").read_bytes()).hexdigest()


def test_the_defaults_are_those_of_the_library(cli):
    import inspect

    from chapter2.cli.finetune import finetune

    ours = inspect.signature(finetune).parameters
    theirs = TrainingConfig()
    names = ("epochs", "batch_size", "optimizer", "schedule", "patience", "precision")
    for name in names:
        assert ours[name].default == getattr(theirs, name)
    assert ours["learning_rate"].default is None  # that of method and optimizer


@pytest.mark.parametrize(
    ("source", "options", "code", "said"),
    [
        ("no-such-name", [], 3, "neither a file 'no-such-name' nor a catalogue entry"),
        ("no/such/file", [], 3, "does not exist"),
        ("minilm", [], 3, "its task is weights"),
        ("chinese-entities", [], 3, "its task is tagging"),
        ("movie-snippets", ["--text", "t"], 2, "leave out --text"),
    ],
)
def test_a_source_that_does_not_serve(cli, tmp_path, source, options, code, said):
    done = cli("finetune", source, "--out", tmp_path / "m", *options, *FAST)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_a_name_of_the_catalogue(cli, tmp_path):
    done = cli(
        "finetune", "tweets", "--limit", 60, "--json", "--out", tmp_path / "m", *FAST
    )
    result = done.json()
    assert sum(result["records"].values()) == 60
    assert result["labels"] == {"negative": 19, "positive": 41}


def test_texts_without_words_have_the_majority_class_for_their_only_baseline(
    cli, tmp_path
):
    path = tmp_path / "faces.csv"
    faces = [f"{'!' * i},{'sad' if i % 2 else 'glad'}\n" for i in range(1, 41)]
    path.write_text("text,label\n" + "".join(faces))
    done = cli("finetune", path, "--out", tmp_path / "m", "--json", *FAST)
    assert done.code == 0, done.err
    assert "only baseline is the majority class" in done.err
    assert list(done.json()["scores"])[1:] == ["majority class"]


def test_curves_are_written_where_asked(cli, reviews, tmp_path):
    pytest.importorskip("tensorboard")
    done = cli(
        "finetune", reviews, "--out", tmp_path / "m", "--track", "tensorboard", *FAST
    )
    assert done.code == 0, done.err
    assert list((tmp_path / "m" / "tracking" / "tensorboard").glob("events.*"))


def test_evaluate_prints_the_report_with_intervals(cli, tiny, reviews):
    from sklearn.metrics import accuracy_score

    from chapter2.data import read_file
    from chapter2.models import Classifier

    done = cli("evaluate", tiny, reviews, "--json")
    result = done.json()
    dataset = read_file(reviews)
    expected = accuracy_score(
        dataset.labels, Classifier.load(tiny).predict(dataset.texts)
    )
    assert result["accuracy"]["value"] == pytest.approx(expected)
    assert result["report"]["labels"] == ["blame", "praise"]
    assert result["records"] == 60
    text = cli("evaluate", tiny, reviews)
    assert text.code == 0
    assert f"accuracy {100 * expected:.1f} [" in text.out
    assert "praise" in text.out


def test_evaluate_matches_labels_by_name_not_by_order(cli, tmp_path, reviews):
    from chapter2.models import load_encoder

    model = load_encoder("tiny-random", ("praise", "other", "blame"))
    model.save(tmp_path / "m")
    lines = reviews.read_text().splitlines()
    path = tmp_path / "praise.csv"
    path.write_text("\n".join(line for line in lines if "blame" not in line) + "\n")
    done = cli("evaluate", tmp_path / "m", path, "--json")
    assert done.code == 0, done.err
    assert "no record of 'other', 'blame'" in done.err
    per_class = done.json()["report"]["per_class"]
    assert {name: row["support"] for name, row in per_class.items()} == {
        "praise": 30,
        "other": 0,
        "blame": 0,
    }


def test_evaluate_refuses_labels_that_the_model_does_not_know(cli, tiny, tmp_path):
    path = tmp_path / "stars.csv"
    path.write_text("text,label\na good film,five\na bad one,one\nso so,praise\n")
    done = cli("evaluate", tiny, path)
    assert (done.code, done.out) == (3, "")
    assert "'five', 'one'" in done.err
    assert "it predicts 'blame', 'praise'" in done.err
    assert done.err.count("\n") == 1


def test_evaluate_warns_of_the_data_the_model_was_made_from(cli, trained, reviews):
    out, _, _ = trained
    done = cli("evaluate", out, reviews, "--json")
    assert "is the data that the model was fine-tuned on" in done.err
    assert any("fine-tuned on" in notice for notice in done.json()["notices"])
