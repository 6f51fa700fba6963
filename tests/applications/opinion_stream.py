"""For the tests of the monitor: a scorer without a model, and streams of short texts.

A text is ``topic opinion``, as ``oil 0.5``: its topic's name and P(positive) -
P(negative).
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TOPICS = ("oil", "gold")
TABLES = ["clock", "source", "tally", "messages", "windows"]
TABLES += ["cusum", "alarms", "late", "rejects"]


@dataclass(frozen=True)
class Told:
    """Reads topic and opinion out of the text."""

    topics: tuple[str, ...] = TOPICS

    def score(self, texts):
        words = [text.split() for text in texts]
        scores = np.array([float(score) for _, score in words])
        negative, positive = np.maximum(0, -scores), np.maximum(0, scores)
        chances = np.stack([negative, 1 - negative - positive, positive], axis=1)
        return np.array([TOPICS.index(topic) for topic, _ in words]), chances


def line(identity, time, text="oil 0.5"):
    return json.dumps({"id": identity, "time": time, "text": text}) + "\n"


def stream(messages, seed, drop_after=None, rate=40):
    """Return lines, ``rate`` an hour, with repeated, late and malformed ones."""
    rng = np.random.default_rng(seed)
    found, moment = [], 1_000_000.0
    for number in range(messages):
        moment += rng.exponential(3600 / rate)
        shift = 0.5 if drop_after is not None and number >= drop_after else 0.0
        score = float(np.clip(rng.normal(0, 0.3) - shift, -1, 1))
        text = f"{TOPICS[rng.integers(2)]} {score:.3f}"
        late = rng.choice([0, 300, 9000], p=[0.94, 0.04, 0.02])
        found.append(line(number, moment - late, text))
        if rng.random() < 0.03:
            found.append(found[int(rng.integers(len(found)))])
        if rng.random() < 0.02:
            found.append("{broken\n")
    return found


def write(path, lines):
    Path(path).write_text("".join(lines), encoding="utf-8")
    return Path(path)


def contents(path):
    """Return all that a store holds, but for its settings, by table."""
    with closing(sqlite3.connect(path)) as db:
        return {t: sorted(db.execute(f"SELECT * FROM {t}").fetchall()) for t in TABLES}
