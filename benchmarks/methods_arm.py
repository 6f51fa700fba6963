"""One way to fine-tune, for ``methods.py``: its memory, its size, and its time.

``python methods_arm.py ORDER``, where ORDER is JSON. The process loads the encoder and
the texts, and waits for a line. It fine-tunes once (which is not timed, and whose peak
memory counts) and answers with a line of JSON. For each further line it fine-tunes once
more, and answers with the seconds of each step. It ends with its input.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from resources_arm import Memory, warm

from chapter2 import data, models, training
from chapter2.tuning import TunedClassifier, tune


def begun(order: dict[str, Any]) -> tuple[TunedClassifier, Any, dict[str, Any]]:
    """Return the tuned classifier, its training texts, and what it takes.

    The base lies in memory before the start, so that the peak above it holds one copy
    of the weights, as that of a process which loads one model and trains it would.
    """
    warm("cpu")
    texts = data.split(data.load("movie-snippets"), seed=0).train
    texts = texts.take(order["batch"] * order["steps"], seed=0)
    base = models.load_encoder(order["encoder"], texts.label_names, max_length=128)
    sys.stdin.readline()  # until it is its turn
    start = Memory("cpu").start
    tuned = tune(base, order["method"], backend=order["backend"])
    memory = Memory("cpu")  # the copying is over: the peak begins anew
    memory.start = start
    history = fine_tune(tuned, texts, order)
    found = {"peak": memory.peak(), "trainable": tuned.trainable}
    found |= {"total": tuned.total, "bytes_on_disk": saved_bytes(tuned)}
    return (
        tuned,
        texts,
        {**found, "tokens": history.tokens, "steps": len(history.steps)},
    )


def fine_tune(tuned: Any, texts: Any, order: dict[str, Any]) -> training.History:
    """Pass over the texts once; the same batches in the same order each time."""
    config = training.TrainingConfig(
        epochs=1,
        batch_size=order["batch"],
        learning_rate=1e-4,  # of no matter to the cost; small enough for all
        precision="fp32",
        monitor="step",
    )
    return training.fine_tune(tuned, texts, None, config, progress=False)


def saved_bytes(tuned: TunedClassifier) -> int:
    """Return the bytes of all files that ``save`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        tuned.save(folder)
        return sum(path.stat().st_size for path in Path(folder).iterdir())


def main() -> None:
    """Say what the arm takes; then time it as often as it is asked."""
    order = json.loads(sys.argv[1])
    tuned, texts, found = begun(order)
    print(json.dumps(found), flush=True)
    for _ in sys.stdin:
        durations = fine_tune(tuned, texts, order).durations
        print(json.dumps({"seconds": durations}), flush=True)


if __name__ == "__main__":
    main()
