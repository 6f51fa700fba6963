"""``chapter2 finetune --method``: each is trained, saved whole, used, and refused."""

import json
import shutil
from typing import get_args

import pytest

from chapter2.training import TrainingConfig
from chapter2.training.config import CHOICES
from chapter2.tuning import METHODS
from chapter2.tuning.door import BACKENDS
from chapter2.tuning.rates import usual_rate

pytestmark = pytest.mark.timeout(600)
FAST = ("--model", "tiny-random", "--precision", "fp32", "--epochs", 1)
LORA = ("--method", "lora", "--optimizer", "sgd", "--schedule", "cosine", "--rank", 4)


@pytest.fixture
def tuned(cli, reviews, tmp_path):
    """Return a function that fine-tunes so; it gives the folder and what was said."""

    def run(*options):
        out = tmp_path / "model"
        done = cli("finetune", reviews, "--out", out, "--json", *FAST, *options)
        assert done.code == 0, done.err
        return out, done

    return run


def answers(cli, folder, reviews):
    """Return what ``predict`` says of each text."""
    done = cli("predict", folder, reviews, "--text", "text", "--json")
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_lora_is_merged_into_a_plain_folder_that_everything_reads(cli, tuned, reviews):
    from transformers import pipeline

    out, done = tuned(*LORA)
    assert done.json()["method"] == "lora"
    assert "lora trains 2,146 of " in done.err
    assert "it is 0.1, a usual one for sgd" in done.err
    settings = json.loads((out / "run.json").read_text())["settings"]
    assert (settings["optimizer"], settings["schedule"]) == ("sgd", "cosine")
    assert (settings["rank"], settings["learning_rate"]) == (4, 0.1)
    assert not (out / "base").exists()
    rows = answers(cli, out, reviews)
    theirs = pipeline("text-classification", str(out))([row["text"] for row in rows])
    for row, other in zip(rows, theirs, strict=True):
        assert row["label"] == other["label"]
        assert row["probability"] == pytest.approx(other["score"], abs=1e-5)
    measured = cli("evaluate", out, reviews, "--json")
    assert measured.code == 0, measured.err
    assert measured.json()["records"] == 60


@pytest.mark.parametrize(
    ("method", "backend", "option"),
    [
        ("adapters", "chapter2", ("--bottleneck", 8)),
        ("prefix", "chapter2", ("--length", 5)),
        ("prompt", "peft", ("--length", 5)),
    ],
)
def test_what_cannot_be_merged_has_its_base_with_it(
    cli, tuned, reviews, method, backend, option
):
    from chapter2.models import load_encoder

    out, _ = tuned("--method", method, "--backend", backend, *option)
    rows = answers(cli, out, reviews)
    assert len(rows) == 60
    shutil.move(out, moved := out.with_name("moved"))  # it needs no other folder
    assert answers(cli, moved, reviews) == rows
    assert cli("evaluate", moved, reviews).code == 0
    load_encoder("tiny-random", ("blame", "praise"), seed=5).save(moved / "base")
    done = cli("predict", moved, reviews, "--text", "text")
    assert (done.code, done.out) == (6, "")
    assert "was tuned on a base of other weights" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("method", "backend"), [("gradual", "chapter2"), ("adalora", "peft")]
)
def test_the_others_are_plain_too(cli, tuned, reviews, method, backend):
    out, _ = tuned("--method", method, "--backend", backend)
    assert (out / "config.json").exists()
    assert len(answers(cli, out, reviews)) == 60


def test_a_run_that_was_killed_before_its_result_stood_is_taken_up(cli, tuned, reviews):
    out, done = tuned(*LORA)
    record = json.loads((out / "run.json").read_text())
    unfinished = {**record, "finished": False, "result": None}
    (out / "run.json").write_text(json.dumps(unfinished))
    (out / "config.json").unlink()
    again = cli("finetune", reviews, "--out", out, "--resume", "--json", *FAST, *LORA)
    assert again.code == 0, again.err
    assert again.json()["scores"] == done.json()["scores"]
    other = cli("finetune", reviews, "--out", out, "--resume", *FAST)
    assert (other.code, other.out) == (2, "")
    assert "began with --" in other.err


@pytest.mark.parametrize("written", [0, 1], ids=["at its end", "when merged"])
def test_a_full_disk_under_the_model_is_a_reason_to_resume(
    cli, reviews, tmp_path, monkeypatch, written
):
    from chapter2.tuning import tuned

    real, calls = tuned.save_file, []

    def full(tensors, path):
        calls.append(path)
        if len(calls) > written:
            raise OSError(28, "No space left on device")
        real(tensors, path)

    monkeypatch.setattr(tuned, "save_file", full)
    command = ("finetune", reviews, "--out", tmp_path / "m", *FAST, *LORA)
    done = cli(*command, "--quiet")
    assert (done.code, done.out) == (5, "")
    assert "([Errno 28] No space left on device); make space there" in done.err
    assert "another folder" not in done.err
    assert len(calls) == written + 1
    monkeypatch.undo()
    again = cli(*command, "--json", "--resume")
    assert again.code == 0, again.err
    assert "training began afresh" not in again.err
    assert len(answers(cli, tmp_path / "m", reviews)) == 60


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--method", "lora", "--rank", 33), "rank is 33 and encoder.layer.0"),
        (("--method", "lora", "--rank", 0), "rank is 0; it must be at least 1"),
        (("--method", "lora", "--target", "querry"), "no target 'querry'; this model"),
        (("--method", "adapters", "--bottleneck", 99), "bottleneck is 99"),
        (("--rank", 4), "full has no option 'rank'; it has none"),
        (("--method", "bitfit", "--backend", "peft"), "peft has no method 'bitfit'"),
        (("--method", "lora", "--decay", 0.5), "lora has no option 'decay'; it has"),
        (("--method", "lorra"), "'lorra' is not one of"),
        (("--optimizer", "adam"), "'adam' is not one of"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    cli, reviews, tmp_path, options, said
):
    done = cli("finetune", reviews, "--out", tmp_path / "m", "--quiet", *FAST, *options)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_a_rate_that_diverges_is_named_with_its_step_and_the_last_good_state(
    cli, reviews, tmp_path
):
    from chapter2.training import checkpoint

    out = tmp_path / "m"
    options = ("--model", "tiny-random", "--precision", "fp32", "--quiet")
    options += ("--epochs", 9, "--batch-size", 4, "--schedule", "constant")
    options += ("--optimizer", "sgd", "--learning-rate", 9)
    done = cli("finetune", reviews, "--out", out, *options)
    assert (done.code, done.out) == (5, "")
    assert "Training stopped after step" in done.err
    assert "diverges" in done.err
    assert "the model is back at" in done.err
    assert done.err.count("\n") == 1
    kept = checkpoint.latest(out / "checkpoints")
    assert kept is not None
    assert checkpoint.is_whole(kept)


def test_the_choices_are_those_of_the_library(cli):
    from chapter2.cli import options

    def choices(option):
        return get_args(get_args(option)[0])

    assert choices(options.Method) == tuple(METHODS)
    assert choices(options.Backend) == tuple(BACKENDS)
    assert choices(options.Optimizer) == CHOICES["optimizer"]
    assert choices(options.Schedule) == CHOICES["schedule"]


def test_the_help_states_the_defaults_of_the_library(cli):
    from chapter2.cli import options
    from chapter2.tuning.adalora import AdaLoRAOptions
    from chapter2.tuning.adapters import AdapterOptions
    from chapter2.tuning.gradual import GradualOptions
    from chapter2.tuning.lora import LoRAOptions
    from chapter2.tuning.prefix import PrefixOptions
    from chapter2.tuning.prompt import PromptOptions

    stated = [
        (options.Rank, LoRAOptions().rank, AdaLoRAOptions().rank),
        (options.InitialRank, AdaLoRAOptions().initial_rank),
        (options.Alpha, LoRAOptions().alpha, AdaLoRAOptions().alpha),
        (options.Target, *LoRAOptions().targets, *AdaLoRAOptions().targets),
        (options.Bottleneck, AdapterOptions().bottleneck),
        (options.Length, PrefixOptions().length, PromptOptions().length),
        (options.Decay, GradualOptions().decay),
    ]
    for option, *defaults in stated:
        words = get_args(option)[1].help
        for default in defaults:
            said = default if isinstance(default, str) else f"{default:g}"
            assert said in words, words


def test_every_method_has_a_rate_to_begin_with():
    rate, why = usual_rate("full", "adamw")
    assert (rate, why) == (TrainingConfig().learning_rate, None)
    for method in METHODS:
        for optimizer in CHOICES["optimizer"]:
            rate, why = usual_rate(method, optimizer)
            TrainingConfig(learning_rate=rate, optimizer=optimizer)
            assert why is None or f"{rate:g}" in why
    assert usual_rate("lora", "adamw")[0] > 5e-5  # what is new takes larger steps
