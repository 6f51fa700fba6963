"""What ``chapter2 pretrain`` does: tokenizer, blocks, training, and the measures."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from chapter2.cli import run_folder
from chapter2.cli.console import Console, table
from chapter2.cli.measure import percent
from chapter2.cli.pretrain import Request
from chapter2.cli.runs import Run, carry_out
from chapter2.data import Corpus, CorpusSplit
from chapter2.data.tokenization import train_wordpiece
from chapter2.errors import UsageError
from chapter2.evaluation import LanguageScore, MaskedScore, TextSize, unigram
from chapter2.models.language_model import (
    LanguageModel,
    load_language_model,
    new_language_model,
)
from chapter2.objectives.masked import RATE
from chapter2.training import History, TrainingConfig, trackers
from chapter2.training.distributed import Alone
from chapter2.training.pretrain import pretrain, recipe
from chapter2.training.scoring import baseline_score, blocks_of, score, size_of

PARTS = ("validation", "test")
VOCABULARY = 8192  # pieces; a million words hold few more that occur often
Blocks = dict[str, np.ndarray]


def run(request: Request, corpus: Corpus, parts: CorpusSplit, console: Console) -> None:
    """Do what ``request`` asks for, and print the result.

    Raises:
        UsageError: the folder or the settings do not serve.
        Chapter2Error: the model cannot be had, or training stopped.
    """
    result = carry_out(
        request,
        request.settings(corpus),
        console,
        partial(_work, request, corpus, parts),
        _as_text,
    )
    if result["measure"] == "masked accuracy":
        console.notice(f"To fine-tune: chapter2 finetune DATA --model {request.out}")


def _work(
    request: Request, corpus: Corpus, parts: CorpusSplit, run: Run
) -> dict[str, Any]:
    """Train or go on training, save, measure; return what run.json then states."""
    tell = run.console.notice
    tell(*corpus.notices, *parts.notices)
    subject = _subject(request, parts.train)
    tell(*subject.notices)
    texts = {name: getattr(parts, name).texts() for name in ("train", *PARTS)}
    blocks = {
        name: blocks_of(some, subject.tokenizer, request.length)
        for name, some in texts.items()
    }
    tell(_sizes(subject, blocks))
    before = _scores(subject, blocks, {}) if request.continue_from else None
    config = _config(request, subject, run.precision)
    if run.processes.writes:
        run_folder.write_record(request.out, run.settings)
    history = _train(request, config, subject, blocks, run.processes)
    tell(*history.notices)
    sizes = {part: size_of(texts[part], subject.tokenizer) for part in PARTS}
    result = _result(request, corpus, parts, subject, blocks, history)
    result["scores"] = _scores(subject, blocks, sizes)
    result["before"] = before
    return result


def _subject(request: Request, train: Corpus) -> LanguageModel:
    """Return the model to train: a new one with a tokenizer of its own, or a stored.

    Raises:
        ModelError: the stored one cannot be had.
        UsageError: it counts and cannot go on, or the options do not serve it.
    """
    if request.continue_from is None:
        pieces = request.vocabulary or VOCABULARY
        tokenizer = train_wordpiece(train.texts(), vocab_size=pieces)
        return new_language_model(
            request.family or "bert",
            tokenizer,
            request.size or "tiny",
            request.seed,
            positions=max(512, request.length),
        )
    subject = load_language_model(request.continue_from)
    if not subject.trains:
        raise UsageError(
            f"{request.continue_from} holds an n-gram model, which counts and cannot go"
            " on; count all texts together."
        )
    if subject.is_causal and (request.mask_rate is not None or request.whole_words):
        raise UsageError(
            f"--mask-rate and --whole-words are for bert; {request.continue_from} is"
            f" a {subject.family} model, which predicts the next token."
        )
    if subject.tokenizer.cls_token_id is None or subject.tokenizer.sep_token_id is None:
        raise UsageError(
            f"The tokenizer of {request.continue_from} has no [CLS] and [SEP]; go on"
            " with a model that has."
        )
    return subject


def _config(request: Request, subject: LanguageModel, precision: str) -> TrainingConfig:
    """Return the settings of the loop; the family has its own learning rate."""
    changes: dict[str, Any] = {
        "batch_size": request.batch_size,
        "token_budget": max(request.batch_size * request.length, 1),
        "precision": precision,
        "seed": request.seed,
    }
    if request.learning_rate is not None:
        changes["learning_rate"] = request.learning_rate
    steps = -(-request.tokens // (request.batch_size * request.length))
    changes["validate_every"] = max(1, steps // 10)  # ten points make a curve
    return recipe(subject.family, request.continue_from is not None, **changes)


def _train(
    request: Request,
    config: TrainingConfig,
    subject: LanguageModel,
    blocks: Blocks,
    mine: Alone,
) -> History:
    """Train ``subject`` in place; on disk ``out`` is then a model's folder."""
    return pretrain(
        subject,
        blocks["train"],
        blocks["validation"],
        config,
        tokens=request.tokens,
        mask_rate=RATE if request.mask_rate is None else request.mask_rate,
        whole_words=request.whole_words,
        out=request.out,
        resume=request.resume,
        progress=not request.quiet,
        trackers=trackers(request.track, request.out / "tracking"),
        processes=mine,
    )


def _sizes(subject: LanguageModel, blocks: Blocks) -> str:
    counts = [f"{blocks[name].size:,}" for name in ("train", *PARTS)]
    kind = f"{subject.family} model of {subject.parameters():,} parameters"
    return (
        f"{counts[0]} training, {counts[1]} validation and {counts[2]} test tokens;"
        f" {kind if subject.trains else 'n-gram model'}, {len(subject.tokenizer):,}"
        " pieces."
    )


def _scores(
    subject: LanguageModel, blocks: Blocks, sizes: dict[str, TextSize]
) -> dict[str, Any]:
    """Return the measures of the model and of word counts on the held-out parts."""
    baseline = unigram(blocks["train"], len(subject.tokenizer))
    found: dict[str, Any] = {f"{subject.family} model": {}, "unigram baseline": {}}
    model, counts = found.values()
    for part in PARTS:
        size = sizes.get(part)
        model[part] = _figures(score(subject, blocks[part], size))
        compared = baseline_score(baseline, subject, blocks[part], size)
        counts[part] = _figures(compared)
    return found


def _figures(measured: LanguageScore | MaskedScore) -> dict[str, Any]:
    """Return a score as plain values."""
    interval = vars(measured.interval())
    if isinstance(measured, MaskedScore):
        return {"accuracy": interval, "loss": measured.loss}
    figures = {"perplexity": interval, "loss": measured.cross_entropy}
    if measured.size is not None:
        figures["bits_per_byte"] = measured.bits_per_byte
    return figures


def _result(
    request: Request,
    corpus: Corpus,
    parts: CorpusSplit,
    subject: LanguageModel,
    blocks: Blocks,
    history: History,
) -> dict[str, Any]:
    """Return all but the scores."""
    return {
        "corpus": request.corpus,
        "documents": {name: len(getattr(parts, name)) for name in ("train", *PARTS)},
        "tokens": {name: blocks[name].size for name in ("train", *PARTS)},
        "length": request.length,
        "family": subject.family,
        "continued_from": request.continue_from,
        "parameters": subject.parameters(),
        "vocabulary": len(subject.tokenizer),
        "measure": "perplexity" if subject.is_causal else "masked accuracy",
        "tokens_seen": sum(history.tokens),
        "steps": len(history.steps),
        "seconds": round(history.seconds, 1),
        "tokens_per_second": round(history.tokens_per_second),
        "precision": history.precision,
        "stopped": history.stopped,
        "out": str(request.out),
        "notices": [*corpus.notices, *parts.notices, *subject.notices],
    }


def _as_text(result: dict[str, Any]) -> str:
    rows = []
    if result["before"]:
        name = next(iter(result["before"]))
        rows.append([f"{name} before", *_cells(result["before"][name])])
    rows += [[name, *_cells(parts)] for name, parts in result["scores"].items()]
    unit = "%, " if result["measure"] == "masked accuracy" else ""
    heads = [f"{unit}[95 % interval]", *(f"{p} {result['measure']}" for p in PARTS)]
    return "\n".join(
        (
            f"{result['corpus']}: {sum(result['documents'].values()):,} documents;"
            f" {result['tokens_seen']:,} tokens seen in {result['seconds']:,.0f} s",
            table(heads, rows),
            f"model: {result['out']}",
        )
    )


def _cells(parts: dict[str, Any]) -> list[str]:
    from chapter2.evaluation import Interval

    cells = []
    for part in PARTS:
        figures = parts[part]
        if "accuracy" in figures:
            cells.append(percent(Interval(**figures["accuracy"])))
        else:
            each = Interval(**figures["perplexity"])
            cells.append(f"{each.value:,.1f} [{each.low:,.1f}, {each.high:,.1f}]")
    return cells
