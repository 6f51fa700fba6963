"""Trains a small model in children that are killed with SIGKILL; not a test itself.

    python killed_run.py RUN FOLDER KILLS STRIDE

Torch is imported once; each attempt is a forked child that begins or resumes the same
run. The reference is a child that is left alone. Two ways of killing: KILLS times by a
random clock, and at the n-th time that the child touches a file of its checkpoints, for
n = 1, 1 + STRIDE, ..., so that the moments of writing, renaming and removing are met.
Prints one line of JSON.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from children import forked
from torch import nn

from chapter2.objectives import classification
from chapter2.training import TrainingConfig, train

CONFIG = TrainingConfig(
    epochs=3,
    learning_rate=0.02,
    accumulation=2,
    validate_every=3,
    patience=3,
    precision="fp32",
    checkpoint_every=2,
)


class Toy(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.norm = nn.Embedding(12, 8), nn.LayerNorm(8)
        self.dropout, self.head = nn.Dropout(0.2), nn.Linear(8, 2)

    def forward(self, input_ids, attention_mask):
        mean = (self.table(input_ids) * attention_mask.unsqueeze(-1)).mean(1)
        return self.head(self.dropout(self.norm(mean)))


def bert(width=32):
    from transformers import BertConfig, BertForSequenceClassification

    return BertForSequenceClassification(
        BertConfig(
            vocab_size=12,
            hidden_size=width,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=4 * width,
            max_position_embeddings=16,
        )
    )


def train_classifier(make, config=CONFIG):
    """Return a run of the loop alone, whose objective draws from every generator."""

    def run(folder, resume):
        torch.manual_seed(0)
        model = make()
        history = train(
            model, noisy, Batches(), config, validate=validate, folder=folder,
            resume=resume, identity={"texts": "the same"}, progress=False,
        )  # fmt: skip
        return model, history

    return run


def pretraining(folder, resume):
    """Pretrain a BERT with dropout on masked blocks, to its folder with the model."""
    from chapter2.data.tokenization import train_wordpiece
    from chapter2.models.bert import BertConfig, BertForPretraining
    from chapter2.models.language_model import LanguageModel
    from chapter2.training.pretrain import pretrain

    tokenizer = train_wordpiece(["some words and some others"] * 2, vocab_size=40)
    sizes = {"vocab_size": len(tokenizer), "width": 16, "layers": 1, "inner": 32}
    model = BertForPretraining(BertConfig(**sizes, positions=8, dropout=0.2))
    blocks = np.random.default_rng(0).integers(len(tokenizer), size=(37, 8))
    history = pretrain(
        LanguageModel("bert", model, tokenizer), blocks, blocks[:9],
        replace(CONFIG, batch_size=8), tokens=8 * 8 * 15, mask_rate=0.3,
        out=folder, resume=resume, progress=False,
    )  # fmt: skip
    return model, history


RUNS = {
    "toy": train_classifier(Toy),
    "bert": train_classifier(bert),
    "pretrain": pretraining,
    "bf16": train_classifier(bert, replace(CONFIG, precision="bf16")),
    # wide enough that torch divides its work: 8 * 6 * 768 values are more than 32,768
    "threads": train_classifier(lambda: bert(192)),
}
THREADS = {"threads": 2}  # of a child; one for the others


class Batches:
    """37 records by 8, so that the last batch is short, and the last step too."""

    def epoch(self, k):
        order = np.random.default_rng([0, k]).permutation(37)
        return [part.tolist() for part in np.split(order, [8, 16, 24, 32])]

    def collate(self, item):
        ids = (np.asarray(item)[:, None] * np.arange(1, 7)) % 12
        return {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.ones(len(item), 6, dtype=torch.long),
            "labels": torch.tensor([i % 2 for i in item]),
        }


def noisy(model, batch):
    """Draws from every global generator: each must go on where it was."""
    loss, count = classification(model, batch)
    return loss * (1 + random.random() + np.random.rand() + torch.rand(())), count


def validate(model):
    batch = Batches().collate(list(range(9)))
    loss, count = classification(model, batch)
    return {"loss": float(loss / count)}


def run(make, folder, result):
    model, history = make(folder, folder.exists())
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    told = {"weights": digest.hexdigest(), "losses": history.losses}
    told |= {
        "threads": torch.get_num_threads(),
        "stopped": history.stopped,
        "best_step": history.best_step,
    }
    told |= {"validations": [v["loss"] for v in history.validations]}
    result.write_text(json.dumps(told))


def die_at_touch(folder, n):
    """Kill this process when it touches a file in ``folder`` for the n-th time."""
    touched = 0

    def hook(event, args):
        nonlocal touched
        if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir") and any(
            str(folder) in str(a) for a in args if isinstance(a, (str, bytes, Path))
        ):
            touched += 1
            if touched == n:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def attempt(make, folder, result, *, touch=None, after=None):
    """Run a child; return whether it came to its end."""

    def work():
        # the parent computes by one thread: a pool of threads is not forked
        torch.set_num_threads(THREADS.get(sys.argv[1], 1))
        if touch:
            die_at_touch(folder, touch)
        run(make, folder, result)

    return forked(work, after)


def finished(result):
    told = json.loads(result.read_text())
    result.unlink()
    return told


def by_clock(make, folder, kills, length, draw):
    """Kill at random moments until so many kills, or the end; then let it end."""
    killed, result = 0, folder.with_suffix(".json")
    while killed < kills:
        if not attempt(make, folder, result, after=draw.uniform(0, length)):
            killed += 1
        elif killed:  # a run that had been killed came to its end
            return killed, finished(result)
        else:  # it ended before it was to be killed: that shows nothing, so once more
            result.unlink()
            shutil.rmtree(folder)
    attempt(make, folder, result)
    return killed, finished(result)


def by_touch(make, root, stride, reference):
    """Kill at the n-th touch of a file, then resume; return (points, all equal)."""
    os.fsync = lambda descriptor: None  # a kill loses no page that was written
    equal = True
    for points, n in enumerate(range(1, 1000, stride)):
        folder, result = root / f"touch-{n}", root / f"touch-{n}.json"
        if attempt(make, folder, result, touch=n):
            return points, equal and finished(result) == reference
        assert attempt(make, folder, result)
        equal = equal and finished(result) == reference
    raise AssertionError("the run never ended")


def main():
    name, root, kills, stride = sys.argv[1:]
    torch.set_num_threads(1)
    make, root = RUNS[name], Path(root)
    run(make, root / "warm", root / "warm.json")  # loads once what children would
    began = time.monotonic()
    assert attempt(make, root / "whole", root / "whole.json")
    length = time.monotonic() - began
    reference = finished(root / "whole.json")
    killed, told = by_clock(make, root / "clock", int(kills), length, random.Random(0))
    points, equal = by_touch(make, root, int(stride), reference)
    told = {"clock": told == reference, "touch": equal, "killed": killed}
    print(json.dumps({**told, "points": points, **reference}))


if __name__ == "__main__":
    main()
