"""What ``chapter2 finetune`` does: split, train, save, and measure beside baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from chapter2.cli import run_folder
from chapter2.cli.console import Console
from chapter2.cli.finetune import Request
from chapter2.cli.measure import difference, measure, score_table, together, verdict
from chapter2.cli.runs import Run, carry_out
from chapter2.data import Split, TextDataset, unit_numbers
from chapter2.errors import DataError
from chapter2.evaluation import Baseline, majority, tfidf_logistic
from chapter2.models import Classifier, load_encoder
from chapter2.training import History, TrainingConfig, fine_tune, trackers
from chapter2.training.ended import writing
from chapter2.tuning import TunedClassifier, tune
from chapter2.tuning.rates import usual_rate
from chapter2.tuning.whole import save_whole

PARTS = ("validation", "test")
Predictions = dict[str, dict[str, np.ndarray]]  # predictor -> part -> (N,) labels


def run(request: Request, dataset: TextDataset, parts: Split, console: Console) -> None:
    """Do what ``request`` asks for, and print the result.

    Raises:
        UsageError: the folder or the settings do not serve.
        Chapter2Error: the model cannot be had, or training stopped.
    """
    if request.learning_rate is None:
        rate, why = usual_rate(request.method, request.optimizer)
        request = replace(request, learning_rate=rate)
        console.notice(*([why] if why else []))
    carry_out(
        request,
        request.settings(dataset),
        console,
        partial(_work, request, dataset, parts),
        _as_text,
    )
    console.notice(f"To predict: chapter2 predict {request.out} texts.txt")


def _work(
    request: Request, dataset: TextDataset, parts: Split, run: Run
) -> dict[str, Any]:
    """Train or go on training, save, measure; return what run.json then states.

    Of several processes the first measures; the others return nothing.
    """
    tell = run.console.notice
    tell(_sizes(parts))
    base = load_encoder(
        request.model, parts.train.label_names, request.seed, request.max_length
    )
    classifier = _prepared(request, base)
    tell(*base.notices, *_cut(classifier, parts.train), *_share(classifier))
    config = _config(request, run.precision)
    if not run.processes.writes:
        _train(request, config, run, classifier, parts)
        return {}
    baselines = _baselines(parts.train, run.console)
    run_folder.write_record(request.out, run.settings)
    history = _train(request, config, run, classifier, parts)
    units = {part: unit_numbers(getattr(parts, part)) for part in PARTS}
    drawn = together(units["test"], "test record")
    tell(*history.notices, *drawn)
    if isinstance(classifier, TunedClassifier):
        with writing(request.out):
            classifier = save_whole(classifier, base, request.out)
    predicted = _predictions(classifier, baselines, parts)
    result = _result(request, dataset, parts, units, predicted, history)
    return {**result, "notices": [*result["notices"], *drawn]}


def _prepared(request: Request, base: Classifier) -> Classifier:
    """Return what is trained: ``base`` itself, or a copy that the method prepared.

    Raises:
        UsageError: the method has no such option, or not with such a value.
    """
    options = request.method_options()
    if request.method == "full" and request.backend == "chapter2" and not options:
        return base
    return tune(
        base, request.method, backend=request.backend, seed=request.seed, **options
    )


def _share(classifier: Classifier) -> list[str]:
    """Say how much of the model is trained, where it is not all."""
    if not isinstance(classifier, TunedClassifier):
        return []
    return [
        f"{classifier.method.name} trains {classifier.trainable:,} of"
        f" {classifier.total:,} parameters."
    ]


def _sizes(parts: Split) -> str:
    sizes = [f"{len(part):,}" for part in (parts.train, parts.validation, parts.test)]
    return f"{sizes[0]} training, {sizes[1]} validation and {sizes[2]} test records."


def _config(request: Request, precision: str) -> TrainingConfig:
    """Return the settings of the loop."""
    assert request.learning_rate is not None  # settled when the run began
    return TrainingConfig(
        epochs=request.epochs,
        batch_size=request.batch_size,
        optimizer=request.optimizer,
        learning_rate=request.learning_rate,
        schedule=request.schedule,
        patience=request.patience,
        precision=precision,
        seed=request.seed,
    )


def _train(
    request: Request,
    config: TrainingConfig,
    run: Run,
    classifier: Classifier,
    parts: Split,
) -> History:
    """Train ``classifier`` in place; on disk ``out`` is then a model's folder."""
    return fine_tune(
        classifier,
        parts.train,
        parts.validation,
        config,
        out=request.out,
        resume=request.resume,
        progress=not request.quiet,
        trackers=trackers(request.track, request.out / "tracking"),
        processes=run.processes,
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
    units: dict[str, np.ndarray],  # of each part, (N,)
    predicted: Predictions,
    history: History,
) -> dict[str, Any]:
    """Return the scores of the model and the baselines on both held-out parts."""
    scored = {part: getattr(parts, part) for part in PARTS}
    scores = {
        name: {
            p: measure(scored[p], units[p], found[p], request.seed).to_dict()
            for p in PARTS
        }
        for name, found in predicted.items()
    }
    tuned, *_, best = predicted
    ours, theirs = predicted[tuned]["test"], predicted[best]["test"]
    gain = difference(parts.test, units["test"], ours, theirs, request.seed)
    return {
        "data": request.data,
        "records": {"train": len(parts.train), **{p: len(scored[p]) for p in PARTS}},
        "labels": dataset.counts(),
        "model": request.model,
        "method": request.method,
        "out": str(request.out),
        "epochs": max(history.epochs, default=0),
        "seconds": round(history.seconds, 1),
        "stopped": history.stopped,
        "scores": scores,
        "gain": {"over": best, **gain.to_dict()},
        "verdict": verdict(gain, best, units["test"]),
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
