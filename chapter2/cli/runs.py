"""One run of a command that trains: begun, gone on with, or told again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from chapter2.cli import run_folder
from chapter2.cli.console import Console
from chapter2.training.distributed import Alone, processes


@dataclass(frozen=True)
class Run:
    """What the work of a run goes by, beside the request and the data."""

    precision: str  # fp32 or bf16
    settings: dict[str, Any]  # what decides the weights, the precision too
    console: Console
    processes: Alone


def carry_out(
    request: Any,
    settings: dict[str, Any],
    console: Console,
    work: Callable[[Run], dict[str, Any]],
    as_text: Callable[[dict[str, Any]], str],
) -> dict[str, Any]:
    """Return and print what ``work`` returns, or what a run that has ended did.

    Of several processes the first holds the folder, and writes and prints.

    Raises:
        UsageError: the folder or the settings do not serve.
    """
    mine = processes()
    with run_folder.locked(request.out) if mine.writes else nullcontext():
        record = mine.same(run_folder.open_run(request.out, request.resume))
        if record:
            run_folder.require_same(request.out, record, settings)
        if record and record["finished"]:
            console.notice(f"The run in {request.out} has ended; this is its result.")
            result = record["result"]
        else:
            if request.resume and not record:
                console.notice(
                    f"There is no run in {request.out} to go on with; this is one."
                )
            used = mine.same(run_folder.precision(record, request.precision))
            settings = {**settings, "precision_used": used}
            result = work(Run(used, settings, console, mine))
            if mine.writes:
                run_folder.write_record(request.out, settings, result)
    if mine.writes:
        console.result(as_text(result), result)
    return result
