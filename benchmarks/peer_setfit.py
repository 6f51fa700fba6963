"""SetFit's own library on one split, within a time limit; for ``choose.py``.

``PYTHON peer_setfit.py ORDER``, with the Python of an environment of its own (see
README.md): it needs no chapter2. ORDER is a JSON file: training texts and labels, test
texts, the folder of the encoder, the seconds, and where the predictions go.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BEGAN = time.monotonic()
TIMED = 3  # steps
USED = 0.9  # of the time; the rest is for the head and for predicting


def encoder(folder: str, place: str) -> str:
    """Store the weights as a sentence encoder: the mean of the tokens' vectors."""
    from sentence_transformers import SentenceTransformer, models

    words = models.Transformer(folder, max_seq_length=128)
    pooled = models.Pooling(words.get_word_embedding_dimension(), "mean")
    SentenceTransformer(modules=[words, pooled, models.Normalize()]).save(place)
    return place


def trained(order: dict[str, Any], start: str, place: str, steps: int) -> Any:
    """Return a model that learned from pairs for ``steps`` steps, and its head."""
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    model = SetFitModel.from_pretrained(start)
    arguments = TrainingArguments(
        output_dir=place, max_steps=steps, seed=order["seed"], save_strategy="no"
    )
    train = Dataset.from_dict({"text": order["texts"], "label": order["labels"]})
    Trainer(model, arguments, train_dataset=train).train()
    return model


def predictions(order: dict[str, Any], place: str) -> list[int]:
    """Train with the library's own settings, as many steps as there is time for.

    How many that are, a few steps on a model that is thrown away tell first: a run that
    is merely cut off would end while its learning rate still rises.
    """
    start = encoder(order["encoder"], place + "/encoder")
    began = time.monotonic()
    trained(order, start, place, TIMED)
    each = (time.monotonic() - began) / TIMED
    left = USED * order["seconds"] - (time.monotonic() - BEGAN)
    model = trained(order, start, place, max(1, int(left / each)))
    return [int(label) for label in model.predict(order["asked"], as_numpy=True)]


def main() -> None:
    """Carry out the order."""
    order = json.loads(Path(sys.argv[1]).read_text())
    with tempfile.TemporaryDirectory() as place:
        found = predictions(order, place)
    told = {"predicted": found, "seconds": time.monotonic() - BEGAN}
    Path(order["out"]).write_text(json.dumps(told))


if __name__ == "__main__":
    main()
