"""The contestants of ``pretrain.py``; each is run in a process of its own.

``python pretrain_arms.py ORDER``, where ORDER is JSON: arm, family, size, steps, batch,
dropout, seed, the folder with blocks and tokenizer, and the file for the report.

All train the same architecture from random weights on the same packed blocks. ``ours``
is this library; ``trainer`` is transformers' model under transformers.Trainer with
DataCollatorForLanguageModeling; ``loop`` is transformers' model in a loop as in
nanoGPT: blocks drawn at random, one forward pass over all positions, AdamW, clipping.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from arms import Timing
from machine import matmul_peak
from torch import nn
from transformers import AutoTokenizer, DataCollatorForLanguageModeling

from chapter2 import runtime
from chapter2.models.bert_folder import FIELDS as BERT_FIELDS
from chapter2.models.gpt_folder import FIELDS as GPT_FIELDS
from chapter2.models.language_model import new_language_model
from chapter2.objectives.masked import RATE
from chapter2.training.pretrain import pretrain, recipe


@dataclass(frozen=True)
class Task:
    """What a contestant gets."""

    order: dict[str, Any]
    blocks: np.ndarray  # (N, L)
    tokenizer: Any
    bf16: bool

    @property
    def is_bert(self) -> bool:
        """Whether hidden tokens are learnt, and not the next one."""
        return self.order["family"] == "bert"


def read_task(order: dict[str, Any]) -> Task:
    """Return the blocks and the tokenizer that the caller has prepared."""
    folder = Path(order["folder"])
    blocks = np.load(folder / "blocks.npy")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return Task(order, blocks, tokenizer, runtime.bf16_pays("cpu"))


def subject_of(task: Task) -> Any:
    """Return our new model of the family and size that are asked for."""
    order = task.order
    return new_language_model(
        order["family"], task.tokenizer, order["size"], order["seed"], order["dropout"]
    )


def their_model(task: Task) -> nn.Module:
    """Return transformers' new model of the same sizes."""
    from transformers import (
        BertConfig,
        BertForMaskedLM,
        GPT2Config,
        GPT2LMHeadModel,
    )

    config = subject_of(task).model.config
    fields = BERT_FIELDS if task.is_bert else GPT_FIELDS
    sizes = {theirs: getattr(config, ours) for ours, theirs in fields.items()}
    torch.manual_seed(task.order["seed"])
    if task.is_bert:
        return BertForMaskedLM(BertConfig(**sizes))
    return GPT2LMHeadModel(GPT2Config(**sizes, embd_pdrop=task.order["dropout"]))


def ours(task: Task) -> Timing:
    """Train with this library; its masking is in the time."""
    order, timing = task.order, Timing()
    config = recipe(order["family"], batch_size=order["batch"], seed=order["seed"])
    size = order["batch"] * task.blocks.shape[1]
    history = pretrain(
        subject_of(task),
        task.blocks,
        None,
        replace(config, token_budget=size),
        tokens=order["steps"] * size,
        progress=False,
        trackers=(timing,),
    )
    timing.tokens = timing.padded = sum(history.tokens)
    timing.steps = len(history.steps)
    return timing


def trainer(task: Task, best: bool) -> Timing:
    """Train with transformers.Trainer; ``best`` adds what it offers for speed."""
    from datasets import Dataset
    from transformers import Trainer, TrainerCallback, TrainingArguments
    from transformers.utils import logging

    logging.set_verbosity_error()
    order, timing = task.order, Timing()

    class Clock(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            timing.start()

        def on_train_end(self, *_: Any, **__: Any) -> None:
            timing.finish()

    chosen = {"bf16": task.bf16, "optim": "adamw_torch_fused"} if best else {}
    arguments = TrainingArguments(
        "trainer",
        max_steps=order["steps"],
        per_device_train_batch_size=order["batch"],
        learning_rate=1e-3,
        seed=order["seed"],
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        logging_strategy="no",
        **chosen,
    )
    collate = DataCollatorForLanguageModeling(
        task.tokenizer, mlm=task.is_bert, mlm_probability=RATE
    )

    Trainer(
        their_model(task),
        arguments,
        data_collator=collate,
        train_dataset=Dataset.from_dict({"input_ids": list(task.blocks)}),
        callbacks=[Clock()],
    ).train()
    timing.steps = order["steps"]
    timing.tokens = timing.padded = (
        order["steps"] * order["batch"] * len(task.blocks[0])
    )
    return timing


def loop(task: Task) -> Timing:
    """Train as nanoGPT does: random blocks, all positions, AdamW, clipping."""
    order, timing = task.order, Timing()
    model = their_model(task).train()
    collate = DataCollatorForLanguageModeling(
        task.tokenizer, mlm=task.is_bert, mlm_probability=RATE
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    draw = np.random.default_rng(order["seed"])
    place = torch.autocast("cpu", torch.bfloat16, enabled=task.bf16)
    timing.start()
    for _ in range(order["steps"]):
        chosen = draw.integers(len(task.blocks), size=order["batch"])
        batch = collate([{"input_ids": row} for row in task.blocks[chosen]])
        with place:
            loss = model(batch["input_ids"], labels=batch["labels"]).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        timing.add(torch.ones_like(batch["input_ids"]))
    timing.finish()
    return timing


ARMS = {
    "ours": ours,
    "trainer": lambda task: trainer(task, best=False),
    "trainer_best": lambda task: trainer(task, best=True),
    "loop": loop,
}


def nominal(task: Task) -> float:
    """Return the operations per token that the objective needs, forward and backward.

    6 per weight of the layers; 12 L D per layer for the two products of attention;
    6 D V for the head, at the share of the positions where something is asked.
    """
    model = subject_of(task).model
    config, length = model.config, task.blocks.shape[1]
    stack = model.bert.layers if task.is_bert else model.blocks
    weights = sum(p.numel() for p in stack.parameters())
    asked = RATE if task.is_bert else 1.0
    head = config.vocab_size + (
        config.width if task.is_bert else 0
    )  # and its transform
    attention = 12 * length * config.width * config.layers
    return 6 * weights + attention + 6 * asked * config.width * head


def left_out(task: Task) -> float:
    """Return the share of the nominal arithmetic that our BERT does not do.

    Of the last layer's 12 D x D products, 9 are computed at the asked tokens alone.
    """
    if not task.is_bert:
        return 0.0
    width = subject_of(task).model.config.width
    return 6 * 9 * width**2 * (1 - RATE) / nominal(task)


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Run one contestant; return its figures."""
    if order["arm"] not in ("ours", "trainer_best"):
        # importing chapter2 turned torch's large pages on: these run without, as usual
        os.environ["THP_MEM_ALLOC_ENABLE"] = "0"
    task = read_task(order)
    bf16 = task.bf16 and order["arm"] != "trainer"
    timing = ARMS[order["arm"]](task)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # of KiB
    peak = matmul_peak(torch.bfloat16 if bf16 else torch.float32)
    attained = nominal(task) * timing.tokens / timing.seconds / 1e9
    return {
        "seconds": timing.seconds,
        "steps": timing.steps,
        "tokens": timing.tokens,
        "tokens_per_second": timing.tokens / timing.seconds,
        "precision": "bf16" if bf16 else "fp32",
        "peak_memory_gib": memory,
        "peak_gflops": peak,
        "nominal_gflops": attained,
        "share_of_peak": attained / peak,
        "executed_share": 1 - left_out(task) if order["arm"] == "ours" else 1.0,
    }


if __name__ == "__main__":
    what = json.loads(sys.argv[1])
    Path(what["report"]).write_text(json.dumps(run(what)))
