"""The contestants of ``finetune.py``; each is run in a process of its own.

``python arms.py ORDER``, where ORDER is JSON: arm, seed, records, steps, encoder, and
the file that the report goes to.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import matmul_peak
from torch import Tensor

from chapter2 import data, runtime
from chapter2.data.batching import LengthBatches
from chapter2.data.splits import Split, split
from chapter2.models import Classifier, load_encoder
from chapter2.training import TrainingConfig, fine_tune

BATCH = 32
# the learning rate of all contestants, but for Trainer with its default arguments, of
# which 5e-5 is one; the best of chapter 5's choices
RATE = 1e-4


@dataclass
class Timing:
    """What the training steps took and did.

    The clock runs from the first step to the end of the last: what comes once, and
    weighs little in a long run but much in a short one, is left out everywhere.
    """

    began: float = 0.0
    seconds: float = 0.0
    tokens: int = 0  # real ones
    padded: int = 0  # with padding
    steps: int = 0

    def start(self, settings: Any = None, step: int = 0) -> None:
        """Let the clock run."""
        self.began = time.perf_counter()

    def log(self, step: int, figures: Any) -> None:
        """Hear the figures of a step, as each of the loop's trackers does."""

    def finish(self) -> None:
        """Stop the clock."""
        self.seconds = time.perf_counter() - self.began

    def add(self, mask: Tensor) -> None:
        """Count one step with the attention mask (B, L)."""
        self.tokens += int(mask.sum())
        self.padded += mask.numel()
        self.steps += 1


@dataclass(frozen=True)
class Task:
    """What a contestant gets: a fresh classifier, the texts, and the settings."""

    classifier: Classifier
    parts: Split
    ids: list[list[int]]  # tokens of the training texts
    seed: int
    bf16: bool


def read_task(order: dict[str, Any]) -> Task:
    """Return the movie snippets and the encoder; ``steps`` limits the training part."""
    parts = split(data.load("movie-snippets").take(order["records"]), seed=0)
    if order["steps"]:
        fewer = parts.train.take(order["steps"] * BATCH)
        parts = Split(fewer, parts.validation, parts.test, parts.notices)
    classifier = load_encoder(
        order["encoder"], parts.train.label_names, seed=order["seed"]
    )
    ids = classifier.encode(parts.train.texts)
    return Task(classifier, parts, ids, order["seed"], runtime.bf16_pays("cpu"))


def ours(task: Task) -> Timing:
    """Train with our loop, of which ``Timing`` is a tracker."""
    config = TrainingConfig(
        epochs=1, batch_size=BATCH, learning_rate=RATE, seed=task.seed
    )
    lengths = [len(row) for row in task.ids]
    batches = LengthBatches(lengths, BATCH, config.token_budget, task.seed).epoch(0)
    timing = Timing(
        tokens=sum(lengths),
        padded=sum(len(b) * max(lengths[i] for i in b) for b in batches),
        steps=len(batches),
    )
    fine_tune(
        task.classifier,
        task.parts.train,
        None,
        config,
        progress=False,
        trackers=(timing,),
    )
    return timing


def trainer(task: Task, best: bool) -> Timing:
    """Train with transformers.Trainer; ``best`` adds what it offers for speed."""
    from datasets import Dataset
    from transformers import DataCollatorWithPadding, Trainer, TrainingArguments
    from transformers.utils import logging

    logging.set_verbosity_error()
    chosen: dict[str, Any] = {}
    if best:
        chosen = {
            "train_sampling_strategy": "group_by_length",
            "bf16": task.bf16,
            "learning_rate": RATE,
            "warmup_steps": 0.1,
            "optim": "adamw_torch_fused",
        }
    arguments = TrainingArguments(
        "trainer",
        num_train_epochs=1,
        per_device_train_batch_size=BATCH,
        seed=task.seed,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        logging_strategy="no",
        **chosen,
    )
    timing = Timing()
    collate = DataCollatorWithPadding(task.classifier.tokenizer)

    def counting(rows: list[dict[str, Any]]) -> Any:
        if not timing.steps:
            timing.start()
        batch = collate(rows)
        timing.add(batch["attention_mask"])
        return batch

    columns = {"input_ids": task.ids, "labels": list(task.parts.train.labels)}
    contestant = Trainer(
        task.classifier.model,
        arguments,
        data_collator=counting,
        train_dataset=Dataset.from_dict(columns),
    )
    contestant.train()
    timing.finish()
    return timing


def naive(task: Task, width: int) -> Timing:
    """Train as the source chapter does: all texts padded to one width, loss twice."""
    model, timing = task.classifier.model.train(), Timing()
    tokens = task.classifier.tokenizer(
        list(task.parts.train.texts),
        padding="max_length",
        truncation=True,
        max_length=width,
        return_tensors="pt",
    )
    labels = torch.tensor(task.parts.train.labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    criterion = torch.nn.CrossEntropyLoss()
    order = torch.randperm(
        len(labels), generator=torch.Generator().manual_seed(task.seed)
    )
    timing.start()
    for chosen in order.split(BATCH):
        mask = tokens["attention_mask"][chosen]
        output = model(
            tokens["input_ids"][chosen], attention_mask=mask, labels=labels[chosen]
        )
        criterion(output.logits, labels[chosen]).backward()
        optimizer.step()
        optimizer.zero_grad()
        timing.add(mask)
    timing.finish()
    return timing


ARMS: dict[str, Callable[[Task], Timing]] = {
    "ours": ours,
    "trainer": lambda task: trainer(task, best=False),
    "trainer_best": lambda task: trainer(task, best=True),
    "naive_128": lambda task: naive(task, 128),
    "naive_512": lambda task: naive(task, 512),
}


def test_accuracy(task: Task) -> float:
    """Return the share of the test texts that the trained model labels rightly."""
    test = task.parts.test
    return float((task.classifier.predict(test.texts) == np.array(test.labels)).mean())


def layer_parameters(task: Task) -> int:
    """Return the number of weights in the encoder's layers: 12 D x D each and more."""
    return sum(p.numel() for p in task.classifier.model.base_model.encoder.parameters())


def executed_share(task: Task, arm: str) -> float:
    """Return the share of the nominal arithmetic that a contestant really does.

    Ours reads the last layer at the first token: of its 12 D x D products per token,
    10 are left out at all others.
    """
    layers = task.classifier.model.config.num_hidden_layers
    return 1 - 10 / 12 / layers if arm == "ours" else 1.0


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Run one contestant; return its figures."""
    if order["arm"] not in ("ours", "trainer_best"):
        # importing chapter2 turned torch's large pages on: these run without, as usual
        os.environ["THP_MEM_ALLOC_ENABLE"] = "0"
    task = read_task(order)
    bf16 = task.bf16 and order["arm"] in ("ours", "trainer_best")
    timing = ARMS[order["arm"]](task)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # of KiB
    peak = matmul_peak(torch.bfloat16 if bf16 else torch.float32)
    # a product of a row with n weights takes 2 n operations forward, 4 n backward
    nominal = 6 * layer_parameters(task) * timing.tokens / timing.seconds / 1e9
    return {
        "seconds": timing.seconds,
        "steps": timing.steps,
        "tokens": timing.tokens,
        "tokens_per_second": timing.tokens / timing.seconds,
        "padding": 1 - timing.tokens / timing.padded,
        "precision": "bf16" if bf16 else "fp32",
        "accuracy": None if order["steps"] else test_accuracy(task),
        "peak_memory_gib": memory,
        "peak_gflops": peak,
        "nominal_gflops": nominal,
        "share_of_peak": nominal / peak,
        "executed_share": executed_share(task, order["arm"]),
    }


if __name__ == "__main__":
    what = json.loads(sys.argv[1])
    Path(what["report"]).write_text(json.dumps(run(what)))
