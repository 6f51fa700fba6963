"""A made-up choice, whose numbers are known; no model is fitted."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from chapter2.data import TextDataset
from chapter2.evaluation import bootstrap_interval
from chapter2.selection.choice import Choice, Timing
from chapter2.selection.choose import Options
from chapter2.selection.contenders import contenders
from chapter2.selection.findings import Finding
from chapter2.selection.judged import qualities, recommendation
from chapter2.selection.ladder import ladder
from chapter2.selection.plan import Plan
from chapter2.selection.prepare import Prepared, Scorer
from chapter2.selection.quantities import QUALITIES
from chapter2.selection.requirements import Requirements
from chapter2.selection.runner import Runner
from chapter2.selection.ship import Shipped
from chapter2.selection.trial import Outcome, Trial

LABELS = ("praise", "blame", "<script>alert('label')</script>")
# name: simplicity, accuracy at all records, gain per doubling, whether it is cheap
FIELD = {
    "majority": (0, 0.34, 0.0, True),
    "tfidf": (2, 0.74, 0.0, True),
    "char-ngrams": (3, 0.70, 0.0, True),
    "minilm-frozen": (6, 0.80, 0.02, False),
    "minilm-lora": (9, 0.86, 0.05, False),
}
COSTS = {
    "majority": 0.02,
    "tfidf": 0.9,
    "char-ngrams": 1.4,
    "minilm-frozen": 11.0,
    "minilm-lora": 12.5,
}
DEVELOPMENT, TEST = 900, 225


def records(name, count, seed):
    labels = np.random.default_rng(seed).integers(3, size=count)
    texts = tuple(f"<script>alert({i})</script> text {i} & more" for i in range(count))
    return TextDataset(name, texts, tuple(labels.tolist()), LABELS)


def predicted(labels, accuracy, seed):
    """Return probabilities (M, 3) whose argmax is right with ``accuracy``."""
    draw = np.random.default_rng(seed)
    labels = np.asarray(labels)
    right = draw.random(len(labels)) < accuracy
    guess = np.where(right, labels, (labels + draw.integers(1, 3, len(labels))) % 3)
    sure = 0.4 + 0.6 * draw.random(len(labels))
    rows = np.repeat(((1 - sure) / 2)[:, None], 3, axis=1)
    rows[np.arange(len(labels)), guess] = sure
    return rows


def prepared_records():
    development = records("reviews.csv", DEVELOPMENT, 1)
    rows = np.arange(DEVELOPMENT)
    folds = tuple((rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3))
    test = records("reviews.csv", TEST, 2)
    return Prepared(development, test, folds, ("Two equal texts were kept together.",))


def outcomes_of(prepared, plan):
    made = []
    for i, (name, (_, best, gain, cheap)) in enumerate(FIELD.items()):
        for rung in plan.rungs:
            if cheap and not rung.whole:
                continue
            behind = np.log2(600 / rung.records)
            held = prepared.folds[rung.fold][1]
            accuracy = best - gain * behind
            made.append(
                Outcome(
                    Trial(name, rung.fold, rung.records, 1.0, 0),
                    held,
                    predicted(prepared.labels[held], accuracy, 100 * i + rung.fold),
                    seconds=(0.1 + 4 * i**2) * rung.records / 600,
                    memory_mb=200.0,
                )
            )
    first = Trial("minilm-full", 0, plan.rungs[0].records, 1.0, 0)
    held = prepared.folds[0][1]
    made.append(Outcome(first, held, predicted(held % 3, 0.8, 7), 30.0, 900.0))
    failed = Trial("recurrent", 0, plan.rungs[0].records, 1.0, 0)
    made.append(Outcome.failure(failed, "it broke; see /home/someone/trials/x.log."))
    return made


def profile_of(prepared):
    return SimpleNamespace(
        kind="classification",
        balance=prepared.development.counts(),
        language="en",
        median_tokens=17.0,
        difficulty=None,
        findings=(
            Finding(
                "near duplicates",
                "advice",
                "12 texts are <b>nearly</b> equal.",
                "Look at them.",
                (1, 2),
                ("<img src=x onerror=alert(1)>",),
            ),
        ),
        to_dict=lambda: {"records": DEVELOPMENT, "share": float("nan")},
        figures=lambda number: [],
    )


def choice_of(limits=None, folder=Path("nowhere"), **options):
    prepared = prepared_records()
    runners = [Runner(n, cheap, not cheap) for n, (*_, cheap) in FIELD.items()]
    runners += [Runner("recurrent", False, True), Runner("minilm-full", False, True)]
    rungs = ladder([len(train) for train, _ in prepared.folds], 3)
    score = Scorer(prepared.labels, 3, "macro_f1")
    plan = Plan(tuple(runners), rungs, DEVELOPMENT, score)
    limits = limits or Requirements(budget_seconds=300)
    outcomes = outcomes_of(prepared, plan)
    found = contenders(outcomes, prepared.whole, {n: s for n, (s, *_) in FIELD.items()})
    if limits.maximum:  # as measure_costs does
        found = [replace(e, costs={"latency_ms_p95": COSTS[e.name]}) for e in found]
    answer = recommendation(found, prepared, limits, Options(**options))
    guess = predicted(prepared.test.labels, 0.85, 5)
    test = {
        name: bootstrap_interval(
            metric, prepared.test.labels, guess.argmax(1), classes=3
        )
        for name, metric in QUALITIES.items()
    }
    cost = SimpleNamespace(
        latency_ms_p50=8.2,
        latency_ms_p95=11.9,
        batch_ms_per_text=3.1,
        memory_mb=412.0,
        size_mb=46.3,
    )
    assert qualities(found[0], prepared)["accuracy"] > 0
    return Choice(
        name="<script>alert('name')</script>.csv",
        profile=profile_of(prepared),
        requirements=limits,
        prepared=prepared,
        plan=plan,
        recommendation=answer,
        entrants=tuple(found),
        outcomes=tuple(outcomes),
        ineligible={"prompted": "Its answer takes longer than you allow."},
        shipped=Shipped(answer.name, folder, True, guess, cost, 21.0),
        test=test,
        timing=Timing(
            limits.budget_seconds,
            271.3,
            {"reading": 1.2, "trials": 210.0, "refit and check": 41.0},
            {o.trial: 1.1 * o.seconds for o in outcomes[8:]},
        ),
        notices=("The file /home/someone/reviews.csv was read as UTF-8.",),
    )


@pytest.fixture(scope="session")
def make_choice():
    """Return a function that makes a choice under the limits it is given."""
    return choice_of


@pytest.fixture(scope="session")
def choice():
    return choice_of()
