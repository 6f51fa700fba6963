"""``report.json``: everything that was measured, as valid JSON without NaN or paths.

Keys: ``format`` (of this file, 1), ``chapter2`` (version), ``data``, ``date``,
``metric``, ``margin`` (share of 1), ``answer`` (sentences), ``recommended``,
``best``, ``meets_limits``, ``limits``, ``records``, ``contenders`` (scores out of fold,
differences to the best), ``front`` (Pareto), ``test`` (of the shipped model, qualities
with intervals), ``shipped``, ``smallest_difference`` (of accuracy), ``not_measured``,
``more_time``, ``more_data``, ``learning_curves`` (records, score), ``budget``
(seconds), ``trials``, ``profile``, ``confusion`` (rows: true labels), ``errors``
(texts of the test part), ``repeat`` (seed, versions, hashes) and ``notices``. Scores
are shares of 1; a number that is not known is null.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

import chapter2
from chapter2.evaluation import confusion_matrix, most_confident_errors
from chapter2.files import read_json
from chapter2.runtime import cores, versions
from chapter2.selection import gains
from chapter2.selection.choice import Choice
from chapter2.selection.contenders import Contender
from chapter2.selection.front import drawn_costs, pareto_front
from chapter2.selection.judged import qualities
from chapter2.selection.report import sentences
from chapter2.selection.report.words import title, without_paths
from chapter2.selection.trial import DECISIVE

FORMAT = 1
ERRORS = 10  # test texts that are shown: as many as one reads
COSTS = (
    "latency_ms_p50",
    "latency_ms_p95",
    "batch_ms_per_text",
    "memory_mb",
    "size_mb",
)


def as_record(choice: Choice) -> dict[str, Any]:
    """Return the whole choice, ready for JSON; see the head of this module."""
    found = choice.recommendation
    told = {
        "format": FORMAT,
        "chapter2": chapter2.__version__,
        "data": choice.name,
        "date": today(),
        "metric": found.metric,
        "margin": found.margin,
        "answer": sentences.answer(choice),
        "recommended": found.name,
        "best": found.best,
        "meets_limits": found.meets,
        "limits": choice.requirements.to_dict(),
        **_measured(choice),
        **_bought(choice),
        **_spent(choice),
        "profile": _profile(choice),
        "repeat": repeat(choice),
        "notices": [without_paths(notice) for notice in choice.notices],
    }
    return dict(plain(told))


def _profile(choice: Choice) -> dict[str, Any]:
    told = choice.profile.to_dict()
    return {**told, "notices": [*map(without_paths, told.get("notices", ()))]}


def _measured(choice: Choice) -> dict[str, Any]:
    cost, front = front_of(choice)
    shipped = choice.shipped
    return {
        "records": {
            "development": len(choice.prepared.development),
            "test": len(choice.prepared.test),
            "development_units": len(set(choice.prepared.units.tolist())),
            "test_units": len(set(choice.prepared.test_units.tolist())),
            "labels": choice.prepared.development.counts(),
            "folds": len(choice.prepared.folds),
        },
        "contenders": [_contender(e, choice) for e in by_score(choice)],
        "front": {"cost": cost, "names": front},
        "test": dict(choice.test),
        "shipped": {
            "name": shipped.name,
            "title": title(shipped.name),
            "fitted_on_all": shipped.refit,
            "effort": shipped.effort,
            "seconds": shipped.seconds,
            **{name: getattr(shipped.footprint, name) for name in COSTS},
        },
        "confusion": confusion(choice),
        "errors": [asdict(mistake) for mistake in errors(choice)],
    }


def _bought(choice: Choice) -> dict[str, Any]:
    return {
        "smallest_difference": gains.smallest_difference(choice),
        "more_time": gains.more_time(choice),
        "more_data": gains.more_data(choice),
        "not_measured": sentences.not_tried(choice),
        "learning_curves": choice.curves,
    }


def _spent(choice: Choice) -> dict[str, Any]:
    timing = choice.timing
    trials = [
        {
            **asdict(o.trial),
            "seconds": o.seconds,
            "forecast_seconds": timing.forecasts.get(o.trial),
            "memory_mb": o.memory_mb,
            "score": None if o.failed else choice.plan.score(o),
            "error": without_paths(o.error) if o.error else None,
        }
        for o in choice.outcomes
    ]
    trials += [
        {
            **asdict(trial),
            "seconds": seconds,
            "forecast_seconds": timing.forecasts.get(trial),
            "memory_mb": None,
            "score": None,
            "error": "The clock ended it: there was no more time for it.",
        }
        for trial, seconds in timing.ended.items()
    ]
    phases = dict(timing.phases)
    spent = {"seconds": timing.budget, "used": timing.used, "phases": phases}
    return {"budget": spent, "trials": trials}


def _contender(e: Contender, choice: Choice) -> dict[str, Any]:
    found = choice.recommendation
    beside = {c.name: c for c in found.comparisons}.get(e.name)
    return {
        "name": e.name,
        "title": title(e.name),
        "simplicity": e.simplicity,
        "score": found.scores[e.name],
        "difference": beside and beside.difference,
        "p_value": beside and beside.p_value,
        "at_worst": beside and beside.bound,
        "accepted": e.name == found.best or bool(beside and beside.accepted),
        "qualities": qualities(e, choice.prepared),
        "costs": dict(e.costs),
        "trained_seconds": e.seconds,
        "effort": e.effort,
        "records": len(e.rows),
        "unmet": list(found.unmet[e.name]),
        "barred": found.barred.get(e.name),
    }


def today() -> str:
    """Return the date, in UTC."""
    return datetime.now(UTC).date().isoformat()


def by_score(choice: Choice) -> list[Contender]:
    """Return the contenders, the highest score first."""
    scores = choice.recommendation.scores
    return sorted(choice.entrants, key=lambda e: -scores[e.name].value)


def front_of(choice: Choice) -> tuple[str, tuple[str, ...]]:
    """Return the cost that is set against quality, and the names on the front."""
    cost, costs = drawn_costs(choice.entrants)
    scores = choice.recommendation.scores
    return cost, pareto_front({n: (scores[n].value, x) for n, x in costs.items()})


def confusion(choice: Choice) -> np.ndarray:
    """Return the confusion matrix (C, C) of the shipped model on the test part."""
    test = choice.prepared.test
    predicted = choice.shipped.probabilities.argmax(1)
    return confusion_matrix(test.labels, predicted, len(test.label_names))


def errors(choice: Choice) -> Any:
    """Return the shipped model's most confident errors on the test part."""
    return most_confident_errors(
        choice.prepared.test, choice.shipped.probabilities, ERRORS
    )


def repeat(choice: Choice) -> dict[str, Any]:
    """Return what decides the result: seed, versions, hashes, the machine's kind."""
    prepared = choice.prepared
    found = versions(DECISIVE)
    return {
        "seed": choice.plan.seed,
        "python": found.pop("python"),
        "versions": {name: told for name, told in found.items() if told},
        "machine": f"{platform.system()} {platform.machine()}, {cores()} cores",
        "sha256": {
            "development records": prepared.development.fingerprint(),
            "test records": prepared.test.fingerprint(),
            **{f"model/{name}": sha for name, sha in _files(choice).items()},
        },
    }


def _files(choice: Choice) -> Mapping[str, str]:
    """Return the SHA-256 of each file of the model, as its manifest states it."""
    try:
        return dict(read_json(choice.shipped.folder / "chapter2.json")["files"])
    except (OSError, ValueError, KeyError):
        return {}


def plain(value: Any) -> Any:
    """Return ``value`` as JSON can hold it; NaN and infinity become null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
