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


def encoder(folder: str, place: str) -> str:
    """Store the weights as a sentence encoder: the mean of the tokens' vectors."""
    from sentence_transformers import SentenceTransformer, models

    words = models.Transformer(folder, max_seq_length=128)
    pooled = models.Pooling(words.get_word_embedding_dimension(), "mean")
    SentenceTransformer(modules=[words, pooled, models.Normalize()]).save(place)
    return place


def predictions(order: dict[str, Any], place: str) -> list[int]:
    """Train with the library's own settings until the time is up; predict."""
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        """Stops the pairs in time; a tenth is left for the head and predicting."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            late = time.monotonic() - BEGAN > 0.9 * order["seconds"]
            control.should_training_stop = late

    model = SetFitModel.from_pretrained(encoder(order["encoder"], place + "/encoder"))
    arguments = TrainingArguments(
        output_dir=place, num_epochs=1, seed=order["seed"], save_strategy="no"
    )
    train = Dataset.from_dict({"text": order["texts"], "label": order["labels"]})
    trainer = Trainer(model, arguments, train_dataset=train, callbacks=[Clock()])
    trainer.train()
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
