"""The monitor of financial opinion: its models, its speed, its alarms, ten kills.

Opinion models learn from rated sentences and are measured on held-out ones and on texts
on a company. The stream is simulated (newswire with rated sentences, times drawn); the
false alarms are counted on a stream without a shift, the delays on streams with one.
The kills are of real processes, at random moments, with SIGKILL.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import contest
import monitor_quality

from chapter2 import data
from chapter2.applications.financial_opinion import Monitor, Settings, alarms, store
from chapter2.applications.financial_opinion import simulation as sim
from chapter2.applications.financial_opinion.calibration import settings_from
from chapter2.applications.financial_opinion.scorers import (
    EncoderScorer,
    LinearScorer,
    first_words,
    rated_sentences,
)
from chapter2.applications.financial_opinion.trend import poisson_interval
from chapter2.models.embedding import load_embedder

STORED = contest.RESULTS / "monitor.json"
ASKED = 200  # windows between false alarms, of all topics together
STRENGTHS = {"weak": (0.4, 0.4, 0.2), "strong": (0.8, 0.15, 0.05)}
TABLES = ("tally", "messages", "windows", "cusum", "alarms", "late", "rejects")


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--records", type=int, help="of each set to learn from; default: all")
    add("--encoder", default="minilm", help="the frozen encoder")
    add("--texts", type=int, default=40_000, help="in the stream without a shift")
    add("--streams", type=int, default=5, help="with a shift, of each strength")
    add("--seconds", type=float, default=60, help="of the paced run")
    add("--rate", type=float, default=200, help="texts a second in the paced run")
    add("--kills", type=int, default=10)
    add("--note", default="", help="stored with the result: what else the machine did")
    add("--json", type=Path, default=STORED, help="where to store")
    return parser.parse_args()


def learn(options: argparse.Namespace) -> dict[str, Any]:
    """Return the scorers, and the held-out parts of the sets that they learnt from."""
    news = data.split(first_words(data.load("reuters-r8").take(options.records)))
    rated = data.split(rated_sentences().take(options.records))
    linear = LinearScorer.fit(news.train, rated.train)
    encoder = load_embedder(options.encoder, 64)
    scorers = {
        "linear": linear,
        "encoder": EncoderScorer.fit(encoder, news.train, rated.train),
    }
    return {"news": news, "rated": rated, "scorers": scorers}


def stream(
    learnt: dict[str, Any], folder: Path, name: str, texts: int, seed: int, **how: Any
) -> Path:
    """Write a simulated stream of the held-out texts and return its file."""
    sent = sim.simulate(
        learnt["news"].test, learnt["rated"].test, texts, seed=seed, **how
    )
    trouble = sim.Trouble()
    return sim.write(folder / name, sim.lines(sent, seed, trouble))


def count(
    source: Path, scorer: Any, settings: Settings, speed: float | None = None
) -> tuple[Path, float]:
    """Count a stream with a new store; return the store and the seconds."""
    path = source.with_suffix(f".{time.monotonic_ns()}.db")
    began = time.perf_counter()
    Monitor(path, scorer, settings).run(source, speed)
    return path, time.perf_counter() - began


def tally(path: Path) -> dict[str, int]:
    """Return how many lines of each fate a store counts."""
    with closing(store.connect(path)) as connection:
        return dict(connection.execute("SELECT name, n FROM tally").fetchall())


def load(
    options: argparse.Namespace, learnt: dict[str, Any], folder: Path
) -> dict[str, Any]:
    """Measure texts a second: as fast as can be, and at the pace that is asked for."""
    found: dict[str, Any] = {}
    lots = int(options.rate * options.seconds)
    for name, texts in (("linear", lots), ("encoder", max(200, lots // 8))):
        scorer = learnt["scorers"][name]
        source = stream(learnt, folder, f"{name}.jsonl", texts, 7)
        path, seconds = count(source, scorer, Settings(scorer.topics))
        found[name] = {
            "texts_per_second": tally(path)["read"] / seconds,
            "texts": texts,
        }
    # so many an hour that they come at the rate when replayed 60 times as fast
    source = stream(learnt, folder, "paced.jsonl", lots, 8, rate=options.rate * 60)
    scorer = learnt["scorers"]["linear"]
    path, seconds = count(source, scorer, Settings(scorer.topics), 60)
    with closing(store.connect(path)) as connection:
        query = "SELECT max(time) - min(time) FROM messages"
        due = connection.execute(query).fetchone()[0] / 60
    found["paced"] = {
        "asked_per_second": options.rate,
        "lines_per_second": tally(path)["read"] / seconds,
        "seconds_due": due,
        "seconds_taken": seconds,
    }
    return found


def false_alarms(
    options: argparse.Namespace, learnt: dict[str, Any], folder: Path
) -> tuple[Settings, dict[str, Any]]:
    """Calibrate on one calm stream; count the alarms on another."""
    scorer = learnt["scorers"]["linear"]
    reference = stream(learnt, folder, "reference.jsonl", options.texts, 1)
    settings = settings_from(reference, scorer, run_length=ASKED)
    calm = stream(learnt, folder, "calm.jsonl", options.texts, 2)
    path, _ = count(calm, scorer, settings)
    with closing(store.connect(path)) as connection:
        (windows,) = connection.execute(
            "SELECT count(DISTINCT start) FROM windows"
        ).fetchone()
        (found,) = connection.execute("SELECT count(*) FROM alarms").fetchone()
    low, high = poisson_interval(found)
    return settings, {
        "asked": 1 / ASKED,
        "windows": windows,
        "alarms": found,
        "rate": found / windows,
        "low": low / windows,
        "high": high / windows,
        "watched": list(settings.references),
    }


def delays(
    options: argparse.Namespace,
    learnt: dict[str, Any],
    settings: Settings,
    folder: Path,
) -> list[dict[str, Any]]:
    """Inject a shift after 24 hours on a frequent and on a rarer topic."""
    rows = []
    for topic in [t for t in ("earn", "crude") if t in settings.references]:
        for strength, shares in STRENGTHS.items():
            shift = sim.Shift(topic, 24 * 3600, shares)
            waits = [
                _delay(
                    stream(
                        learnt, folder, "shift.jsonl", 3600, 100 + i, shifts=[shift]
                    ),
                    learnt,
                    settings,
                    shift,
                )
                for i in range(options.streams)
            ]
            found = [wait for wait in waits if wait is not None]
            row = {"topic": topic, "strength": strength, "shares": shares}
            row |= {"found": len(found), "streams": len(waits), "hours": found}
            rows.append(row)
    return rows


def _delay(
    source: Path, learnt: dict[str, Any], settings: Settings, shift: sim.Shift
) -> float | None:
    """Return the hours from a shift to its first alarm; None: there was none."""
    path, _ = count(source, learnt["scorers"]["linear"], settings)
    begin = sim.BEGIN + shift.after
    with closing(store.connect(path)) as connection:
        ends = [
            alarm["window"] + settings.window
            for alarm in alarms(connection)
            if alarm["topic"] == shift.topic and alarm["direction"] == -1
        ]
    later = [end for end in ends if end > begin]
    return (min(later) - begin) / 3600 if later else None


def contents(path: Path) -> dict[str, list[Any]]:
    """Return all that was counted into a store, by table."""
    with closing(sqlite3.connect(path)) as db:
        return {t: sorted(db.execute(f"SELECT * FROM {t}").fetchall()) for t in TABLES}


def kills(
    options: argparse.Namespace,
    learnt: dict[str, Any],
    settings: Settings,
    folder: Path,
) -> dict[str, Any]:
    """Kill real processes while they count; compare with a run that was left alone."""
    scorer = learnt["scorers"]["linear"]
    model = scorer.save(folder / "model")
    source = folder / "calm.jsonl"
    whole = contents(count(source, scorer, settings)[0])
    path = folder / "killed.db"
    store.make(path, settings)
    command = [sys.executable, "-m", "chapter2.applications.financial_opinion", "run"]
    command += [str(source), "--model", str(model), "--store", str(path)]
    draw, killed, places = random.Random(0), 0, [0]
    while killed < options.kills:
        process = subprocess.Popen([*command, "--batch", "16"])
        if not _progress(process, path, places[-1]):
            break  # it has come to its end
        time.sleep(draw.uniform(0, 1))
        os.kill(process.pid, signal.SIGKILL)
        if process.wait() == 0:
            break
        killed += 1
        places.append(_place(path))
    subprocess.run(command, check=True)
    return {
        "killed_while_counting": killed,
        "bytes_at_kills": places[1:],
        "bytes": source.stat().st_size,
        "equal": contents(path) == whole,
        "tally": tally(path),
    }


def _progress(process: subprocess.Popen, path: Path, before: int) -> bool:
    """Wait until the process has counted something; False if it ended instead."""
    while process.poll() is None:
        if _place(path) > before:
            return True
        time.sleep(0.02)
    return False


def _place(path: Path) -> int:
    with closing(store.connect(path)) as connection:
        row: Sequence[int] | None = connection.execute(
            "SELECT position FROM source"
        ).fetchone()
    return row[0] if row else 0


def main() -> None:
    """Measure, print, store."""
    options = arguments()
    learnt = learn(options)
    found: dict[str, Any] = {"quality": monitor_quality.quality(learnt)}
    print(found, flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        found["load"] = load(options, learnt, folder)
        print(found["load"], flush=True)
        settings, found["false_alarms"] = false_alarms(options, learnt, folder)
        print(found["false_alarms"], flush=True)
        found["kills"] = kills(options, learnt, settings, folder)
        print(found["kills"], flush=True)
        found["delays"] = delays(options, learnt, settings, folder)
        print(found["delays"], flush=True)
    contest.store(options.json, {"options": contest.chosen(options), **found})


if __name__ == "__main__":
    main()
