"""The command line: one door to each room.

Results go to stdout, notices and progress to stderr. A user's error is one sentence
and the exit code of its class in :mod:`chapter2.errors`; Ctrl-C is 130; a closed pipe
(``| head``) is 0; an error of ours is 70. ``CHAPTER2_DEBUG=1`` shows tracebacks.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, TextIO

import typer

import chapter2
from chapter2.cli.choose import choose
from chapter2.cli.console import one_line
from chapter2.cli.data import data_app
from chapter2.cli.doctor import doctor
from chapter2.cli.evaluate import evaluate
from chapter2.cli.export import export
from chapter2.cli.finetune import finetune
from chapter2.cli.predict import predict
from chapter2.cli.pretrain import pretrain
from chapter2.cli.serve import serve
from chapter2.errors import Chapter2Error, InterruptedTraining

__all__ = ["app", "main", "run"]

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
INTERNAL = 70  # EX_SOFTWARE of sysexits.h: the fault is ours
# typer moved its copy of click between versions; the class is reached through its child
CommandLineError: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    help="Choose, pretrain, fine-tune and use a language model on your own texts.",
    epilog="Example:  chapter2 finetune movie-snippets --out model",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"chapter2 {chapter2.__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    pass


def _add(command: Callable[..., None], example: str) -> None:
    """Add ``command``; its docstring is the help, each paragraph one line of it."""
    paragraphs = (command.__doc__ or "").split("\n\n")
    app.command(
        help="\n\n".join(map(one_line, paragraphs)),
        epilog=f"Example:  chapter2 {example}",
    )(command)


_add(choose, "choose reviews.csv --budget 10m --min f1_macro=0.8")
_add(finetune, "finetune reviews.csv --text review --label stars")
_add(pretrain, "pretrain encyclopaedia --family gpt --tokens 1000000 --out gpt")
_add(evaluate, "evaluate model new.csv --text review --label stars")
_add(predict, "predict model texts.txt > labels.tsv")
_add(serve, "serve model --port 8000")
_add(export, "export model --data new.csv --int8 --out small")
_add(doctor, "doctor")
app.add_typer(data_app, name="data", epilog="Example:  chapter2 data list")


def main() -> None:
    """Run the command that the process was started with, and end the process."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a terminal or locale that lacks a character must not end a run
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; every ending is decided here."""
    _silence_libraries()
    try:
        code = _invoke(list(arguments) or ["--help"])
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        _detach(sys.stdout, sys.stderr)
        return 0
    except SystemExit as ending:  # rich's answer to a closed pipe under the help
        if not isinstance(ending.__context__, BrokenPipeError):
            raise
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return _fail("Interrupted.", INTERRUPTED)
    except InterruptedTraining as error:
        return _fail(f"{error}".replace("with resume", "with --resume"), INTERRUPTED)
    except Chapter2Error as error:
        return _fail(f"Error: {error}", error.exit_code)
    except CommandLineError as error:
        return _fail(f"Error: {_usage(error)}", 2)
    except Exception as error:
        return _fail(*_unforeseen(error))


def _invoke(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    try:
        with command.make_context("chapter2", arguments) as context:
            command.invoke(context)
    except typer.Exit as ending:
        return ending.exit_code
    return 0


def _fail(sentence: str, code: int) -> int:
    """Say why on stderr, in one line, and return ``code``."""
    if os.environ.get("CHAPTER2_DEBUG"):
        traceback.print_exc()
    for stream, text in ((sys.stdout, ""), (sys.stderr, one_line(sentence) + "\n")):
        try:
            stream.write(text)
            stream.flush()
        except OSError:  # closed, or its disk is full: the code alone must tell
            _detach(stream)
    return code


def _usage(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    place = context.command_path if context else "chapter2"
    message = one_line(error.format_message())  # type: ignore[attr-defined]
    if message.endswith("?"):  # "Did you mean ...?"
        return f"{message} See {place} --help."
    return f"{message.rstrip('.')}; see {place} --help."


def _unforeseen(error: Exception) -> tuple[str, int]:
    """Return sentence and exit code of an error that no room has named."""
    if type(error).__name__ in ("MemoryError", "OutOfMemoryError"):
        return (
            "Error: memory ran out; lower --batch-size, --max-length or --limit.",
            1,
        )
    if isinstance(error, OSError) and error.strerror:
        place = f" ({error.filename})" if error.filename else ""
        return f"Error: {error.strerror}{place}.", 1
    return (
        f"Internal error: {type(error).__name__}: {str(error)[:300]}"
        " (set CHAPTER2_DEBUG=1 to see the traceback).",
        INTERNAL,
    )


def _detach(*streams: TextIO) -> None:
    """Point the streams nowhere, so that closing them at exit is silent."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):  # a stream without a file, in a test say
            continue


def _silence_libraries() -> None:
    """Keep stderr for our notices: libraries' advice is not for this program's user."""
    if os.environ.get("CHAPTER2_DEBUG"):
        return
    warnings.simplefilter("ignore")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("DATASETS_VERBOSITY", "error")
