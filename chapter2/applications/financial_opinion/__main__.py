"""``python -m chapter2.applications.financial_opinion``: count a file, show it live.

    ... calibrate REFERENCE.jsonl --model FOLDER --store NEW.db
    ... run STREAM.jsonl --model FOLDER --store S.db --speed 60 --port 8001

``calibrate`` makes the store, with the references of the topics from a stretch of
stream in which nothing happened; ``run`` goes on where the last run ended.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from chapter2.applications.financial_opinion import store
from chapter2.applications.financial_opinion.calibration import settings_from
from chapter2.applications.financial_opinion.live import serving
from chapter2.applications.financial_opinion.monitor import BATCH, Monitor
from chapter2.applications.financial_opinion.scorers import load_scorer
from chapter2.errors import Chapter2Error


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        prog="python -m chapter2.applications.financial_opinion",
        description=__doc__.splitlines()[0].partition(": ")[2],
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (("calibrate", "make a store"), ("run", "count into a store")):
        add = commands.add_parser(name, help=words).add_argument
        add("source", type=Path, help="messages, one line of JSON each")
        add("--model", type=Path, required=True, help="folder of a saved scorer")
        add("--store", type=Path, required=True, help="SQLite file")
        if name == "calibrate":
            add("--window", type=int, default=3600, help="seconds")
            add("--allowance", type=int, default=900, help="seconds a text may be late")
            add("--false-alarms", type=float, default=1000, help="windows between two")
        else:
            add("--speed", type=float, help="replay so many times as fast as written")
            add("--follow", action="store_true", help="wait for further lines")
            add("--port", type=int, help="show a live view there; 0: any port")
            add("--batch", type=int, default=BATCH, help="lines in a transaction")
    return parser.parse_args(given)


def calibrate(options: argparse.Namespace) -> None:
    """Make a store from a reference.

    Raises:
        Chapter2Error: the reference or the model cannot be used.
    """
    settings = settings_from(
        options.source,
        load_scorer(options.model),
        window=options.window,
        allowance=options.allowance,
        run_length=options.false_alarms,
    )
    store.make(options.store, settings)
    watched = ", ".join(settings.references)
    print(f"{options.store} is made; watched: {watched or 'no topic'}.")


def run(options: argparse.Namespace) -> None:
    """Count a source into its store, with a live view if asked for.

    Raises:
        Chapter2Error: the source, the store or the model cannot be used.
    """
    monitor = Monitor(options.store, load_scorer(options.model))
    shown = options.port is not None
    view = serving(options.store, options.port) if shown else nullcontext("")
    with view as address:
        if address:
            print(f"Live view: {address} (end with Ctrl-C)", flush=True)
        monitor.run(options.source, options.speed, options.follow, options.batch)
        if address:
            print("All is counted; the view stays until Ctrl-C.", flush=True)
            threading.Event().wait()


def main(given: Sequence[str] | None = None) -> int:
    """Run a command; say in one sentence what went wrong."""
    options = arguments(given)
    try:
        (calibrate if options.command == "calibrate" else run)(options)
    except Chapter2Error as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130  # all whole batches are counted; the next run goes on
    return 0


if __name__ == "__main__":
    sys.exit(main())
