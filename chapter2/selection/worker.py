"""What a child process does: one trial, or the last refit; results go to files.

An order is a JSON file. The child imports what the candidate needs, limits its threads,
and writes its result where the order says, whole or not at all. Records reach it as a
file of this run, never through a pipe, so that an ended child leaves nothing half-said.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from threadpoolctl import threadpool_limits

from chapter2.errors import Chapter2Error
from chapter2.files import read_json, write_json
from chapter2.selection.trial import Outcome, Trial

if TYPE_CHECKING:
    from chapter2.data import TextDataset
    from chapter2.deployment.predictor import Predictor
    from chapter2.selection.candidates import Candidate

PLACES = ("records", "result", "model", "begun")  # fields of an order that are paths
# what a nursery imports once for all trials that use torch
HEAVY = (
    "torch",
    "transformers.models.bert.modeling_bert",
    "sklearn.linear_model",
    "chapter2.training",
    "chapter2.tuning",
    "chapter2.selection.worker",
)
LIGHT = (
    "sklearn.linear_model",
    "sklearn.feature_extraction.text",
    "chapter2.selection.worker",
)


@dataclass(frozen=True)
class Order:
    """What a child is to do."""

    trial: Trial
    train: tuple[int, ...]  # rows to learn from
    held_out: tuple[int, ...]  # rows to predict
    records: str  # file of the development records
    result: str  # path of the outcome, without ending
    model: str | None  # folder to keep the model in
    threads: int
    begun: str | None = None  # folder of the finished model that is to be changed
    before: float = 0.0  # seconds that this one took

    def save(self, path: Path) -> Path:
        """Write the order; places stand relative to its folder, which may be moved."""
        told = asdict(self)
        for name in PLACES:
            if told[name] is not None:
                told[name] = os.path.relpath(told[name], path.parent)
        write_json(path, told)
        return path

    @classmethod
    def load(cls, path: Path) -> Order:
        """Return what :meth:`save` wrote."""
        told = read_json(path)
        for name in PLACES:
            if told[name] is not None:
                told[name] = str(path.parent / told[name])
        told["trial"] = Trial(**told["trial"])
        return cls(**told)


def run(path: Path) -> None:
    """Carry out the order in ``path``; a user's error becomes part of the outcome."""
    order = Order.load(path)
    limit_threads(order.threads)
    records = read_records(Path(order.records))
    began = time.perf_counter()
    try:
        outcome = measured(order, records, began)
    except Chapter2Error as error:
        seconds = time.perf_counter() - began
        outcome = Outcome.failure(order.trial, str(error), seconds)
    except MemoryError:
        outcome = Outcome.failure(order.trial, "memory ran out")
    outcome.save(Path(order.result))


def measured(order: Order, records: TextDataset, began: float) -> Outcome:
    """Fit, predict, keep the model where asked; return the outcome."""
    from chapter2.deployment.shipped import save_model
    from chapter2.runtime import memory
    from chapter2.selection.candidates import candidate

    trial = order.trial
    train, asked = records.select(order.train), records.select(order.held_out)
    predictor = fitted(candidate(trial.candidate), order, train)
    probabilities = predictor.predict_proba(asked.texts)
    seconds = time.perf_counter() - began
    if order.model:
        save_model(predictor, order.model)
    rows = np.asarray(order.held_out, dtype=int)
    notices = tuple(getattr(predictor, "notices", ()))
    peak = memory("VmHWM") / 1e6  # MB
    return Outcome(
        *(trial, rows, probabilities, seconds, peak),
        notices=notices,
        before=order.before,
    )


def fitted(named: Candidate, order: Order, train: TextDataset) -> Predictor:
    """Return the predictor: fitted, or made of a model that another trial has left."""
    from chapter2.selection.candidates.quantised import Quantised

    if order.begun and isinstance(named, Quantised):
        return named.changed(order.begun)
    if named.entry.reads_once:
        named = replace(cast("Any", named), scratch=Path(order.result).parent)
    return named.fit(train, effort=order.trial.effort, seed=order.trial.seed)


def limit_threads(threads: int) -> None:
    """Let this process compute in so many threads: trials share the cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    # libraries that the nursery has imported no longer read these names
    threadpool_limits(threads)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)


def write_records(path: Path, records: TextDataset) -> None:
    """Write the development records once, for all children."""
    write_json(
        path,
        {
            "name": records.name,
            "texts": records.texts,
            "labels": records.labels,
            "label_names": records.label_names,
        },
    )


def read_records(path: Path) -> TextDataset:
    """Return what :func:`write_records` wrote."""
    from chapter2.data.records import TextDataset

    told: dict[str, Any] = read_json(path)
    fields = ("texts", "labels", "label_names")
    return TextDataset(told["name"], *(tuple(told[name]) for name in fields))
