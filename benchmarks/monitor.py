"""The monitor of financial opinion: its models, its speed, its alarms, ten kills.

Opinion models learn from rated sentences and are measured on held-out ones and on texts
on a company. The stream is simulated (newswire with rated sentences, times drawn); the
false alarms are counted on a stream without a shift, the delays on streams with one.
The kills are of real processes, with SIGKILL, all over a stream with late messages.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import contest
from monitor_alarms import calibrated, delays, false_alarms
from monitor_kills import kills
from monitor_quality import quality
from monitor_streams import count, stream, tally

from chapter2 import data
from chapter2.applications.financial_opinion import Settings, store
from chapter2.applications.financial_opinion.scorers import (
    EncoderScorer,
    LinearScorer,
    first_words,
    rated_sentences,
)
from chapter2.models.embedding import load_embedder

STORED = contest.RESULTS / "monitor.json"


def arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--records", type=int, help="of each set to learn from; default: all")
    add("--encoder", default="minilm", help="the frozen encoder")
    add("--texts", type=int, default=40_000, help="of the reference, and of the kills")
    add("--calm", type=int, default=400_000, help="texts in which alarms are false")
    add("--streams", type=int, default=20, help="with a shift, of each strength")
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


def main() -> None:
    """Measure, print, store."""
    options = arguments()
    learnt = learn(options)
    found: dict[str, Any] = {"quality": quality(learnt)}
    print(found, flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        found["load"] = load(options, learnt, folder)
        print(found["load"], flush=True)
        settings, limit = calibrated(options, learnt, folder)
        found["kills"] = kills(options, learnt, settings, folder)
        print(found["kills"], flush=True)
        given = options, learnt, settings, limit, folder
        for name, part in (("false_alarms", false_alarms), ("delays", delays)):
            found[name] = part(*given)
            print(found[name], flush=True)
    contest.store(options.json, {"options": contest.chosen(options), **found})


if __name__ == "__main__":
    main()
