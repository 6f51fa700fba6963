"""One door to the scores of each kind of task.

The kinds are those that the analysis of a task tells apart. A pair of texts with one
label is classification: what differs is the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chapter2.errors import UsageError
from chapter2.evaluation.amounts import AMOUNTS, as_amounts
from chapter2.evaluation.metrics import METRICS, as_label_pair, confusion_matrix
from chapter2.evaluation.multilabel import multilabel_scores
from chapter2.evaluation.tagging import tagging_report


@dataclass(frozen=True)
class TaskMetrics:
    """How predictions of one kind of task are scored."""

    kind: str
    main: str  # the one to choose by where nothing else is asked
    lower_is_better: tuple[str, ...]
    score: Callable[[Any, Any], dict[str, float]]  # (y_true, y_pred) -> name: value


def metrics_for(kind: str) -> TaskMetrics:
    """Return the scores of ``"classification"``, ``"pair"``, ``"multi-label"``,
    ``"tagging"`` or ``"regression"``.

    Raises:
        UsageError: another kind.
    """
    if kind not in _KINDS:
        raise UsageError(f"kind is {kind!r}; use one of {', '.join(_KINDS)}.")
    main, lower, score = _KINDS[kind]
    return TaskMetrics(kind, main, lower, score)


def _classes(y_true: Any, y_pred: Any) -> dict[str, float]:
    true, pred = as_label_pair(y_true, y_pred)
    confusion = confusion_matrix(true, pred, int(max(true.max(), pred.max())) + 1)
    return {name: float(score(confusion)) for name, score in METRICS.items()}


def _label_sets(y_true: Any, y_pred: Any) -> dict[str, float]:
    return multilabel_scores(y_true, y_pred).to_dict()


def _tags(y_true: Any, y_pred: Any) -> dict[str, float]:
    found = tagging_report(y_true, y_pred)
    entities = {f"{name}_f1": getattr(found, name).f1 for name in ("micro", "macro")}
    whole = {"precision": found.micro.precision, "recall": found.micro.recall}
    return {**entities, **whole, "token_accuracy": found.token_accuracy}


def _amounts(y_true: Any, y_pred: Any) -> dict[str, float]:
    true, pred = as_amounts(y_true, y_pred)
    return {name: score(true, pred) for name, score in AMOUNTS.items()}


_KINDS: dict[str, tuple[str, tuple[str, ...], Callable[[Any, Any], dict[str, float]]]]
_KINDS = {  # kind -> main score, those of which less is better, how all are computed
    "classification": ("macro_f1", (), _classes),
    "pair": ("macro_f1", (), _classes),
    "multi-label": ("micro_f1", ("hamming_loss",), _label_sets),
    "tagging": ("micro_f1", (), _tags),
    "regression": ("mae", ("mae", "rmse"), _amounts),
}
