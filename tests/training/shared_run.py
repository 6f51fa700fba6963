"""Trains a small model in as many processes as start it; not a test itself.

    python shared_run.py RESULT FOLDER DROPOUT STOP

The first process writes RESULT: the weights, the history, the number of processes.
STOP is the number of the step after which the last process gets SIGTERM, 0 for none.
"""

import json
import os
import signal
import sys

import numpy as np
import torch
from torch import nn

from chapter2.errors import InterruptedTraining
from chapter2.objectives.causal import causal_lm
from chapter2.training import TrainingConfig, train
from chapter2.training.distributed import processes
from chapter2.training.packed import PackedBatches, with_seed

CONFIG = TrainingConfig(
    epochs=3, learning_rate=0.02, precision="fp32", validate_every=5, accumulation=2
)


class Toy(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.table, self.norm = nn.Embedding(13, 16), nn.LayerNorm(16)
        self.dropout, self.head = nn.Dropout(dropout), nn.Linear(16, 13)
        self.unused = nn.Linear(16, 2)  # no gradient, as that of BERT's pooler

    def forward(self, input_ids):
        return self.head(self.dropout(self.norm(self.table(input_ids))))


def blocks():
    """Blocks (37, 8) in which a token decides the next but for chance."""
    draw = np.random.default_rng(0)
    start = draw.integers(13, size=(37, 1))
    return (start + 5 * np.arange(8) + draw.integers(2, size=(37, 8))) % 13


def main():
    result, folder, dropout, stop = sys.argv[1:]
    torch.set_num_threads(1)
    mine = processes()
    torch.manual_seed(mine.rank)  # the first process's weights must reach the others
    model = Toy(float(dropout))
    calls = []

    def objective(model, batch):
        calls.append(1)
        if len(calls) == 2 * int(stop) and mine.rank == mine.count - 1:
            signal.raise_signal(signal.SIGTERM)
        return causal_lm(model, batch)

    def validate(model):
        loss, count = causal_lm(model, {"input_ids": torch.from_numpy(blocks())[:9]})
        return {"loss": float(loss / count)}

    told = {"processes": mine.count}
    try:
        history = train(
            model, with_seed(objective, mine.rank), PackedBatches(blocks(), 4), CONFIG,
            validate=validate, folder=folder, resume=os.path.exists(folder),
            progress=False, processes=mine,
        )  # fmt: skip
    except InterruptedTraining as error:
        told["stopped"] = str(error)
    else:
        told |= {"losses": history.losses, "counts": history.counts}
        told |= {"norms": history.norms, "tokens": history.tokens}
        told |= {"validations": [v["loss"] for v in history.validations]}
    told["weights"] = {k: v.tolist() for k, v in model.state_dict().items()}
    with open(f"{result}.{mine.rank}", "w") as file:
        json.dump(told, file)


if __name__ == "__main__":
    main()
