"""What ``chapter2 finetune`` does: split, train, save, and measure beside baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chapter2.cli import run_folder
from chapter2.cli.console import Console
from chapter2.cli.finetune import Request
from chapter2.cli.measure import difference, measure, score_table, verdict
from chapter2.data import Split, TextDataset
from chapter2.errors import DataError
from chapter2.evaluation import Baseline, majority, tfidf_logistic
from chapter2.models import Classifier, load_encoder
from chapter2.training import History, TrainingConfig, fine_tune, trackers

PARTS = ("validation", "test")
Predictions = dict[str, dict[str, np.ndarray]]  # predictor -> part -> (N,) labels


def run(request: Request, dataset: TextDataset, parts: Split, console: Console) -> None:
    """Do what ``request`` asks for, and print the result.

    Raises:
        UsageError: the folder or the settings do not serve.
        Chapter2Error: the model cannot be had, or training stopped.
    """
    settings = request.settings(dataset)
    with run_folder.locked(request.out):
        record = run_folder.open_run(request.out, request.resume)
        if record:
            run_folder.require_same(request.out, record, settings)
        if record and record["finished"]:
            result = record["result"]
            console.notice(f"The run in {request.out} has ended; this is its result.")
        else:
            result = _run(request, settings, record, dataset, parts, console)
    console.result(_as_text(result), result)
    console.notice(f"To predict: chapter2 predict {request.out} texts.txt")


def _run(
    request: Request,
    settings: dict[str, Any],
    record: dict[str, Any] | None,
    dataset: TextDataset,
    parts: Split,
    console: Console,
) -> dict[str, Any]:
    """Train or go on training, save, measure; return what run.json then states."""
    if request.resume and not record:
        console.notice(f"There is no run in {request.out} to go on with; this is one.")
    console.notice(_sizes(parts))
    baselines = _baselines(parts.train, console)
    classifier = load_encoder(
        request.model, parts.train.label_names, request.seed, request.max_length
    )
    console.notice(*classifier.notices, *_cut(classifier, parts.train))
    settings["precision_used"] = run_folder.precision(record, request.precision)
    history = _train(request, settings, classifier, parts)
    console.notice(*history.notices)
    predicted = _predictions(classifier, baselines, parts)
    result = _result(request, dataset, parts, predicted, history)
    run_folder.write_record(request.out, settings, result)
    return result


def _sizes(parts: Split) -> str:
    sizes = [f"{len(part):,}" for part in (parts.train, parts.validation, parts.test)]
    return f"{sizes[0]} training, {sizes[1]} validation and {sizes[2]} test records."


def _train(
    request: Request, settings: dict[str, Any], classifier: Classifier, parts: Split
) -> History:
    """Train ``classifier`` in place; on disk ``out`` is then a model's folder."""
    config = TrainingConfig(
        epochs=request.epochs,
        batch_size=request.batch_size,
        learning_rate=request.learning_rate,
        patience=request.patience,
        precision=settings["precision_used"],
        seed=request.seed,
    )
    followers = trackers(request.track, request.out / "tracking")
    run_folder.write_record(request.out, settings)
    return fine_tune(
        classifier,
        parts.train,
        parts.validation,
        config,
        out=request.out,
        resume=request.resume,
        progress=not request.quiet,
        trackers=followers,
    )


def _cut(classifier: Classifier, train: TextDataset) -> list[str]:
    """Say how many texts are longer than the model reads."""
    if not (count := classifier.truncated(train.texts)):
        return []
    return [
        f"{count:,} of {len(train):,} training texts are longer than"
        f" {classifier.max_length} tokens and lose their end; see --max-length."
    ]


def _baselines(train: TextDataset, console: Console) -> list[Baseline]:
    """Return what the model must beat, the strongest last; fitted before training."""
    try:
        return [majority(train), tfidf_logistic(train)]
    except DataError as error:  # no words: emoji, say
        console.notice(f"The only baseline is the majority class: {error}")
        return [majority(train)]


def _result(
    request: Request,
    dataset: TextDataset,
    parts: Split,
    predicted: Predictions,
    history: History,
) -> dict[str, Any]:
    """Return the scores of the model and the baselines on both held-out parts."""
    scored = {part: getattr(parts, part) for part in PARTS}
    scores = {
        name: {p: measure(scored[p], found[p], request.seed).to_dict() for p in PARTS}
        for name, found in predicted.items()
    }
    tuned, *_, best = predicted
    gain = difference(
        parts.test, predicted[tuned]["test"], predicted[best]["test"], request.seed
    )
    return {
        "data": request.data,
        "records": {"train": len(parts.train), **{p: len(scored[p]) for p in PARTS}},
        "labels": dataset.counts(),
        "model": request.model,
        "out": str(request.out),
        "epochs": max(history.epochs, default=0),
        "seconds": round(history.seconds, 1),
        "stopped": history.stopped,
        "scores": scores,
        "gain": {"over": best, **gain.to_dict()},
        "verdict": verdict(gain, best, len(parts.test)),
        "notices": [*dataset.notices, *parts.notices, *history.notices],
    }


def _predictions(
    classifier: Classifier, baselines: list[Baseline], parts: Split
) -> Predictions:
    """Return the labels that the model, and then each baseline, gives."""
    predictors: dict[str, Callable[[Sequence[str]], np.ndarray]]
    predictors = {"fine-tuned model": classifier.predict}
    predictors |= {baseline.name: baseline.predict for baseline in baselines}
    return {
        name: {part: predict(getattr(parts, part).texts) for part in PARTS}
        for name, predict in predictors.items()
    }


def _as_text(result: dict[str, Any]) -> str:
    sizes = result["records"]
    return "\n".join(
        (
            f"{result['data']}: {sum(sizes.values()):,} records of"
            f" {len(result['labels'])} labels; {sizes['test']:,} in the test part",
            score_table(result["scores"]),
            result["verdict"],
            f"model: {result['out']}",
        )
    )
