"""How a command ends: codes, one sentence on stderr, no traceback, no torch in help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import chapter2
from chapter2 import cli as door
from chapter2.errors import (
    DataError,
    FetchError,
    InterruptedTraining,
    ModelError,
    TrainingError,
    UsageError,
)

COMMANDS = [
    (),
    ("finetune",),
    ("evaluate",),
    ("predict",),
    ("doctor",),
    ("data",),
    ("data", "list"),
    ("data", "fetch"),
    ("data", "verify"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_an_example_that_names_the_command(cli, command):
    done = cli(*command, "--help")
    example = [line for line in done.out.splitlines() if "Example:" in line]
    assert (done.code, done.err) == (0, "")
    assert len(example) == 1
    assert " ".join(("chapter2", *command)) in example[0]


def test_each_example_is_a_command_line_that_parses(cli, monkeypatch):
    group = typer.main.get_command(door.app)
    for command in COMMANDS[1:]:
        text = cli(*command, "--help").out
        example = next(line for line in text.splitlines() if "Example:" in line)
        arguments = example.partition("chapter2 ")[2].partition(" > ")[0].split()
        found = group
        while arguments and arguments[0] in getattr(found, "commands", {}):
            found = found.commands[arguments.pop(0)]
        context = found.make_context("chapter2", arguments)  # raises where it cannot
        assert context.command is found


def test_without_arguments_the_help_is_shown(cli):
    assert cli().out == cli("--help").out


def test_help_loads_no_heavy_library():
    program = (
        "import sys; from chapter2.cli import run; code = run(['finetune', '--help']);"
        "heavy = {'torch', 'transformers', 'numpy', 'pandas', 'sklearn', 'matplotlib'};"
        "sys.exit(code or ' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_version(cli):
    assert cli("--version").out == f"chapter2 {chapter2.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["fintune"], "Did you mean 'finetune'?"),
        (["finetune"], "Missing argument 'DATA'"),
        (["finetune", "x.csv", "--epoch", "2"], "No such option: --epoch"),
        (["finetune", "x.csv", "--epochs", "0"], "'--epochs'"),
        (["finetune", "x.csv", "--epochs", "two"], "'--epochs'"),
        (["finetune", "x.csv", "--precision", "fp8"], "'fp8' is not one of"),
        (["finetune", "x.csv", "--track", "paper"], "'paper' is not one of"),
        (["predict", "model", "a", "b"], "unexpected extra argument"),
        (["data"], "Missing command"),
        (["data", "fetch"], "Name the entries to fetch"),
        (["data", "fetch", "no-such"], "no-such"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_code_2(cli, arguments, part):
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert part in done.err
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("No."), 2, "Error: No."),
        (DataError("Two\nlines."), 3, "Error: Two lines."),
        (FetchError("No."), 4, "Error: No."),
        (TrainingError("No."), 5, "Error: No."),
        (ModelError("No."), 6, "Error: No."),
        (InterruptedTraining("Stopped."), 130, "Stopped."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (
            OSError(28, "No space left on device", "m"),
            1,
            "No space left on device (m).",
        ),
        (MemoryError(), 1, "memory ran out"),
        (ZeroDivisionError("oops"), 70, "Internal error: ZeroDivisionError: oops"),
        (BrokenPipeError(), 0, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_each_ending_has_its_code_and_one_line(cli, monkeypatch, error, code, said):
    def fail(arguments):
        raise error

    monkeypatch.setattr(door, "_invoke", fail)
    monkeypatch.setattr(door, "_detach", lambda *streams: None)  # stderr is the test's
    done = cli("doctor")
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert done.err.count("\n") == (1 if said else 0)


def test_debug_shows_the_traceback(cli, monkeypatch):
    def fail(arguments):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(door, "_invoke", fail)
    monkeypatch.setenv("CHAPTER2_DEBUG", "1")
    done = cli("doctor")
    assert done.code == 70
    assert "Traceback" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_full_disk_under_the_result_is_one_sentence():
    program = "from chapter2.cli import main; main()"
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", program, "data", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert done.returncode == 1
    assert done.stderr == b"Error: No space left on device.\n"


def test_help_into_a_closed_pipe_is_silent():
    program = "from chapter2.cli import main; main()"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
