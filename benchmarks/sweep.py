"""Many fine-tunings on the film snippets, each told in full by one plain ``Order``.

What the sweeps of sections 3.2.3 and 9 share. An order is run in one of ``jobs``
processes; what comes back are the order and what was measured. Choices rest on the
validation part alone; the test part only reports.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import contest
import numpy as np
import torch

from chapter2 import data, models, objectives, runtime, training
from chapter2.data import TextDataset, eda
from chapter2.data.augmentation import augment
from chapter2.errors import InterruptedTraining, TrainingError
from chapter2.evaluation import perturb
from chapter2.models.fast_bert import classify
from chapter2.training import adversarial
from chapter2.tuning import tune

PLAIN = partial(objectives.classification, logits_of=classify)
LEARNT = 128  # of the records learnt, so many are asked again afterwards
NOISE = 0.3  # share of the long words that are misspelt in the perturbed test texts
# each makes what is minimised anew, for one run
OBJECTIVES: dict[str, Callable[[], Any]] = {
    "plain": lambda: PLAIN,
    "label smoothing": lambda: objectives.label_smoothing(0.1, logits_of=classify),
    "R-Drop": lambda: objectives.r_drop(1.0, logits_of=classify),
    # the number is the radius. The embeddings of a text of 25 tokens have a norm of 5.5
    # in MiniLM: 0.1 is 2 % of it
    "FGM 0.1": lambda: adversarial.fgm(PLAIN, epsilon=0.1),
    "PGD 0.1": lambda: adversarial.pgd(PLAIN, epsilon=0.1, step_size=0.04),
    "FreeLB 0.1": lambda: adversarial.free_lb(
        PLAIN, step_size=0.04, magnitude=0.05, norm=0.1
    ),
    "FGM 1": lambda: adversarial.fgm(PLAIN, epsilon=1.0),
}


@dataclass(frozen=True)
class Order:
    """One fine-tuning, all of it."""

    name: str  # of the arm it belongs to
    labels: int  # records of the training part that are used
    seed: int  # of the records, the head, the order, dropout
    method: str = "full"
    options: dict[str, Any] = field(default_factory=dict)  # of the method
    settings: dict[str, Any] = field(default_factory=dict)  # of TrainingConfig
    objective: str = "plain"
    dropout: float | None = None  # None: the encoder's own, 0.1
    augment: bool = False  # two copies of each record, by the operations of EDA
    encoder: str = "minilm"
    validation: int | None = None  # records of that part that are asked; None: all
    test: int | None = None  # the same
    misspelt: bool = False  # ask for misspelt test texts too


def settings_for(labels: int, rate: float, **changes: Any) -> dict[str, Any]:
    """Return the settings common to all arms: few labels are passed over more often.

    3 to 20 passes, so that 32 labels still get 40 steps; the last weights are kept, so
    that no arm gains from a validation part as large as its training part.
    """
    epochs = min(20, max(3, round(3200 / labels)))
    small = {"batch_size": 16} if labels < 512 else {}
    common = {"epochs": epochs, "learning_rate": rate, "monitor": "step"}
    return {**common, **small, **changes}


@cache
def parts(records: int | None) -> Any:
    """Return the split film snippets, once per process."""
    return data.split(data.load("movie-snippets").take(records), seed=0)


def run(order: Order, records: int | None = None) -> dict[str, Any]:
    """Fine-tune as ordered; return the order and what was measured."""
    split = parts(records)
    some = split.train.take(order.labels, seed=order.seed)
    validation = split.validation.take(order.validation)
    classifier = models.load_encoder(
        order.encoder, some.label_names, seed=order.seed, max_length=128
    )
    if order.dropout is not None:
        set_dropout(classifier.model, order.dropout)
    tuned = tune(classifier, order.method, seed=order.seed, **order.options)
    tuned.model.to(runtime.device())
    seen = augmented(order, some, split)
    found = {**asdict(order), "records": len(seen), "trainable": tuned.trainable}
    with peak_memory(found), times(found):
        found |= fit(order, tuned, seen, validation)
    found |= scores(order, tuned, some, validation, split.test.take(order.test))
    if not found["validations"]:  # the last weights are asked once, here
        figures = {name: found[f"validation_{name}"] for name in ("loss", "accuracy")}
        found["validations"] = [figures]
    with tempfile.TemporaryDirectory() as folder:
        tuned.save(folder)
        files = Path(folder).rglob("*.safetensors")
        found["bytes_on_disk"] = sum(f.stat().st_size for f in files)
    told(found)
    return found


def fit(
    order: Order, tuned: Any, seen: TextDataset, validation: TextDataset
) -> dict[str, Any]:
    """Train; where the last weights are kept, nothing is validated on the way."""
    config = training.TrainingConfig(**order.settings, seed=order.seed)
    judged = None if config.monitor == "step" else validation
    objective = OBJECTIVES[order.objective]()
    try:
        history = training.fine_tune(
            tuned, seen, judged, config, progress=False, objective=objective
        )
    except InterruptedTraining:
        raise
    except TrainingError as error:
        return {"diverged": str(error), "steps": None, "precision": None} | {
            "validations": []
        }
    return {
        "diverged": None,
        "steps": len(history.steps),
        "precision": history.precision,
        "validations": history.validations,
    }


def scores(
    order: Order,
    tuned: Any,
    some: TextDataset,
    validation: TextDataset,
    test: TextDataset,
) -> dict[str, Any]:
    """Return accuracy and loss on each part, and which test records are right."""
    asked = {"train": some.take(LEARNT), "validation": validation, "test": test}
    if order.misspelt:
        noisy = perturb(test.texts, NOISE, seed=0)
        asked["noisy"] = replace(test, texts=tuple(noisy))
    found: dict[str, Any] = {}
    for name, part in asked.items():
        probabilities = tuned.predict_proba(part.texts)  # (N, C)
        labels = np.array(part.labels)
        right = probabilities.argmax(axis=1) == labels
        loss = -np.log(probabilities[np.arange(len(labels)), labels] + 1e-12).mean()
        found[f"{name}_accuracy"] = float(right.mean())
        found[f"{name}_loss"] = float(loss) if math.isfinite(loss) else None
        if name in ("test", "noisy"):  # eight records to a byte, for paired intervals
            found[f"{name}_right"] = np.packbits(right).tobytes().hex()
    return found


def set_dropout(model: torch.nn.Module, rate: float) -> None:
    """Let all dropout layers of ``model`` drop this share."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = rate


def augmented(order: Order, some: TextDataset, split: Any) -> TextDataset:
    """Return the records, with copies where the order asks for them."""
    if not order.augment:
        return some
    groups = data.load("word-groups")
    operations = [
        eda.SynonymReplacement(groups),
        eda.RandomInsertion(groups),
        eda.RandomSwap(),
        eda.RandomDeletion(),
    ]
    others = (split.validation, split.test)
    return augment(some, operations, copies=2, seed=order.seed, others=others)


@contextlib.contextmanager
def times(found: dict[str, Any]) -> Iterator[None]:
    """Note the seconds by the clock, and those that this process computed."""
    began, computed = time.perf_counter(), time.process_time()
    yield
    found["seconds"] = time.perf_counter() - began
    found["cpu_seconds"] = time.process_time() - computed


@contextlib.contextmanager
def peak_memory(found: dict[str, Any]) -> Iterator[None]:
    """Note the GPU's peak memory, in MiB; on a CPU a process has no such figure."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    yield
    if torch.cuda.is_available():
        found["peak_mib"] = torch.cuda.max_memory_allocated() / 2**20


def run_all(
    orders: Sequence[Order], jobs: int, records: int | None = None
) -> list[dict[str, Any]]:
    """Run all orders in ``jobs`` processes; return what was found, in their order."""
    longest_first = sorted(range(len(orders)), key=lambda i: -orders[i].labels)
    some = [orders[i] for i in longest_first]
    found = contest.run_all(partial(run, records=records), some, jobs)
    by_place = dict(zip(longest_first, found, strict=True))
    return [by_place[i] for i in range(len(orders))]


def told(found: dict[str, Any]) -> None:
    """Say in a line what was found."""
    print(
        f"{found['name']:<24}{found['labels']:>6} labels, seed {found['seed']}: "
        f"validation {found['validation_accuracy']:.1%}, test "
        f"{found['test_accuracy']:.1%}, {found['seconds']:.1f} s",
        flush=True,
    )


def best_rate(runs: Iterable[dict[str, Any]], name: str) -> float:
    """Return the learning rate of the best validation loss at the end of a run."""
    mine = [run for run in runs if run["name"] == name]
    best = min(mine, key=lambda run: run["validations"][-1]["loss"] or math.inf)
    return float(best["settings"]["learning_rate"])
