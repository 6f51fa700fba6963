"""One training run's peak memory and time, for ``resources.py``.

``python resources_arm.py ORDER``, where ORDER is JSON: the list of cases, the device,
and the file that the report goes to. On a CPU a process measures one case, since what
an earlier one freed would be used again unseen; on a GPU torch counts each exactly.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch

from chapter2 import runtime
from chapter2.models.fast_bert import classify
from chapter2.objectives import classification
from chapter2.training import TrainingConfig
from chapter2.training.loop import train
from chapter2.training.resources import Estimate, estimate
from chapter2.training.step_time import measure_machine
from chapter2.tuning.door import prepare

SHAPES = {
    "minilm": {"hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536},
    "small": {"hidden_size": 512, "num_hidden_layers": 4, "intermediate_size": 2048},
    "tiny": {"hidden_size": 32, "num_hidden_layers": 2, "intermediate_size": 64},
}
HEADS = {"minilm": 12, "small": 8, "tiny": 2}


class Same:
    """Batches that are all the same: ``steps`` of shape (B, L)."""

    def __init__(self, batch: int, length: int, steps: int) -> None:
        self.batch, self.length, self.steps = batch, length, steps

    def epoch(self, k: int) -> list[int]:
        """Return the items of an epoch."""
        return list(range(self.steps))

    def collate(self, item: int) -> dict[str, torch.Tensor]:
        """Return random tokens without padding."""
        ids = torch.randint(1000, 2000, (self.batch, self.length))
        labels = torch.arange(self.batch) % 2
        return {"input_ids": ids, "labels": labels}

    def fingerprint(self) -> str:
        """Return nothing: there is nothing to resume."""
        return ""


def make(case: dict[str, Any], device: str) -> tuple[torch.nn.Module, Any]:
    """Return a model of random weights and its method."""
    from transformers import BertConfig, BertForSequenceClassification

    shape = SHAPES[case["size"]]
    config = BertConfig(num_attention_heads=HEADS[case["size"]], **shape)
    model = BertForSequenceClassification(config).to(device)
    tuned, method, _ = prepare(model, case["method"])
    return tuned.to(device), method


def run_steps(model: Any, method: Any, case: dict[str, Any], steps: int) -> float:
    """Train for some steps with our loop; return the seconds of one.

    On a CPU they are those of the process, so that other programs do not count.
    """
    objective = partial(classification, logits_of=classify)
    batches = Same(case["batch"], case["length"], steps)
    config = TrainingConfig(**{**case["config"], "epochs": 1, "monitor": "step"})
    busy = time.process_time()
    history = train(model, objective, batches, config, method=method, progress=False)
    busy = (time.process_time() - busy) / steps / torch.get_num_threads()
    return busy if model.device.type == "cpu" else min(history.durations)


class Memory:
    """The peak above the start, of the process or of the GPU."""

    def __init__(self, device: str) -> None:
        gc.collect()
        self.device = device
        if device == "cpu":
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            self.start = int(runtime.memory("VmRSS"))
        else:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            self.start = torch.cuda.memory_allocated()

    def peak(self) -> int:
        """Return the bytes."""
        if self.device == "cpu":
            return int(runtime.memory("VmHWM")) - self.start
        return torch.cuda.max_memory_allocated() - self.start


def warm(device: str) -> None:
    """Load what torch loads at its first step, so that no case pays for it."""
    case = {"size": "tiny", "batch": 2, "length": 8}
    for optimizer in ("adamw", "sgd", "adafactor"):
        settings = {"precision": "fp32", "optimizer": optimizer}
        model, method = make({**case, "method": "full"}, device)
        run_steps(model, method, {**case, "config": settings}, 1)


def measure(case: dict[str, Any], device: str, steps: int) -> dict[str, Any]:
    """Return estimate and measurement of one case."""
    memory = Memory(device)
    model, method = make(case, device)
    seconds = run_steps(model, method, case, steps)
    peak = memory.peak()
    config = TrainingConfig(**case["config"])
    machine = measure_machine(device, config.precision)
    shape = (case["batch"], case["length"])
    found: Estimate = estimate(model, *shape, config, machine=machine)
    return {
        **case,
        "estimate": vars(found),
        "peak": peak,
        "memory_ratio": found.total / peak,
        "seconds_per_step": seconds,
        "time_ratio": (found.seconds_per_step or 0) / seconds,
    }


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    warm(order["device"])
    runs = [measure(c, order["device"], order["steps"]) for c in order["cases"]]
    Path(order["report"]).write_text(json.dumps(runs))
