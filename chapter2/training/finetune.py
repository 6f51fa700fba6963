"""Fine-tune a text classifier: one call, for the notebook and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from torch import nn

from chapter2 import runtime
from chapter2.data.records import TextDataset
from chapter2.errors import DataError
from chapter2.models import Classifier
from chapter2.models.fast_bert import classify
from chapter2.objectives import classification
from chapter2.training import loop
from chapter2.training.config import TrainingConfig
from chapter2.training.distributed import ALONE, Alone, check_size
from chapter2.training.ended import CHECKPOINTS, ended_run, finish
from chapter2.training.history import History
from chapter2.training.method import FULL
from chapter2.training.step import Objective
from chapter2.training.texts import TextBatches, make_validation
from chapter2.training.tracking import Tracker


def fine_tune(
    classifier: Classifier,
    train: TextDataset,
    validation: TextDataset | None,
    config: TrainingConfig,
    out: Path | str | None = None,
    resume: bool = False,
    progress: bool = True,
    trackers: Sequence[Tracker] = (),
    objective: Objective | None = None,
    processes: Alone = ALONE,
) -> History:
    """Train ``classifier`` in place on ``train``; ``validation`` picks the best.

    While it runs, checkpoints are in ``out``; afterwards ``out`` is a plain Hugging
    Face folder with ``history.json`` and ``training.json`` beside the model.
    ``resume`` goes on with a run that stopped, begins one that never did, and returns
    one that has ended. ``objective`` is the cross-entropy unless given. A tuned
    classifier's ``method`` says what of it is trained. Several ``processes`` share each
    batch; the first one writes and tells. Raises what :func:`check`,
    :func:`check_size`, :func:`ended_run` and ``train`` do.
    """
    check(classifier, train, validation)
    check_size(config.batch_size, processes)
    nn.Module.to(classifier.model, runtime.device())
    parts = {"training": train, "validation": validation}
    batches = {k: text_batches(classifier, v, config) for k, v in parts.items() if v}
    identity = identity_of(classifier, batches)
    folder = None if out is None else Path(out)
    if folder and (ended := ended_run(folder, classifier, config, identity, resume)):
        return ended
    objective = objective or partial(classification, logits_of=classify)  # faster
    history = loop.train(
        classifier.model,
        objective,
        batches["training"],
        config,
        validate=make_validation(batches["validation"]) if validation else None,
        folder=folder and folder / CHECKPOINTS,
        resume=resume,
        identity=identity,
        progress=progress and processes.writes,
        trackers=trackers if processes.writes else (),
        method=getattr(classifier, "method", FULL),
        processes=processes,
    )
    if folder and processes.writes:
        finish(folder, classifier, config, identity, history)
    processes.wait()
    return history


def identity_of(
    classifier: Classifier, batches: Mapping[str, TextBatches]
) -> dict[str, str]:
    """Return what a run rests on beside its settings: a resumed one has the same."""
    identity = {f"{k} texts": v.fingerprint() for k, v in batches.items()}
    # of a tuned one: how, and of what
    return {**identity, **getattr(classifier, "identity", {})}


def check(
    classifier: Classifier, train: TextDataset, validation: TextDataset | None
) -> None:
    """Refuse what could only fail, or mislead, later.

    Raises:
        DataError: a part without records, or labels that are not the classifier's.
    """
    for part in (train, validation):
        if part is None:
            continue
        if not len(part):
            raise DataError(f"{part.name}: a part has no records; nothing to learn.")
        if part.label_names != classifier.label_names:
            raise DataError(
                f"{part.name} has the labels {', '.join(part.label_names)}, the "
                f"classifier {', '.join(classifier.label_names)}; load the encoder "
                "with the labels of the data."
            )


def text_batches(
    classifier: Classifier, dataset: TextDataset, config: TrainingConfig
) -> TextBatches:
    """Return the texts as tokens, cut at the classifier's length, ready to batch."""
    return TextBatches(
        classifier.encode(dataset.texts),
        dataset.labels,
        classifier.tokenizer.pad_token_id,
        config.batch_size,
        config.token_budget,
        config.seed,
    )
