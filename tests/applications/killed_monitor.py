"""Counts a stream in children that are killed with SIGKILL; not a test itself.

    python killed_monitor.py FOLDER KILLS

The library is imported once; each attempt is a forked child that goes on with the same
store. Prints one line of JSON: how often a child was killed while it counted, and
whether the store then is that of a run which was left alone.
"""

import json
import random
import sys
import time
from functools import partial
from pathlib import Path

from children import forked
from opinion_stream import TOPICS, Told, contents, stream, write

from chapter2.applications.financial_opinion import Monitor, Reference, Settings

REFERENCE = Reference(0.0, 0.3, 5.0)
SETTINGS = Settings(TOPICS, references=dict.fromkeys(TOPICS, REFERENCE))


class Slow(Told):
    """Takes its time, so that most kills meet a run that counts."""

    def score(self, texts):
        time.sleep(0.002)
        return super().score(texts)


def count(store, source):
    Monitor(store, Slow(), SETTINGS).run(source, batch=5)


def main():
    root, kills = Path(sys.argv[1]), int(sys.argv[2])
    source = write(root / "stream.jsonl", stream(2500, seed=1, drop_after=1500))
    began = time.monotonic()
    assert forked(partial(count, root / "whole.db", source))
    length = time.monotonic() - began
    draw, killed, places = random.Random(0), 0, []
    store = root / "killed.db"
    while killed < kills:
        after = draw.uniform(0.1, 1.5 * length / kills)
        if forked(partial(count, store, source), after):
            break
        killed += 1
        if store.exists():
            places += [position for _, position, *_ in contents(store)["source"]]
    assert forked(partial(count, store, source))
    whole = contents(root / "whole.db")
    told = {"killed": killed, "places": places, "equal": contents(store) == whole}
    sizes = {name: len(rows) for name, rows in whole.items()}
    print(json.dumps({**told, "tally": dict(whole["tally"]), "rows": sizes}))


if __name__ == "__main__":
    main()
