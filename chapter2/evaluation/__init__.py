"""Evaluation: metrics with their intervals, reports, baselines and errors."""

from chapter2.evaluation.baselines import (
    Baseline,
    detect_language,
    majority,
    tfidf_logistic,
)
from chapter2.evaluation.errors import Mistake, Mistakes, most_confident_errors
from chapter2.evaluation.intervals import (
    Interval,
    bootstrap_interval,
    paired_bootstrap,
    wilson_interval,
)
from chapter2.evaluation.metrics import (
    METRICS,
    Scores,
    accuracy,
    confusion_matrix,
    precision_recall_f1,
)
from chapter2.evaluation.report import Report, Row, classification_report
from chapter2.evaluation.slices import (
    Slice,
    Slices,
    accuracy_by,
    accuracy_by_rating,
)

__all__ = [
    "METRICS",
    "Baseline",
    "Interval",
    "Mistake",
    "Mistakes",
    "Report",
    "Row",
    "Scores",
    "Slice",
    "Slices",
    "accuracy",
    "accuracy_by",
    "accuracy_by_rating",
    "bootstrap_interval",
    "classification_report",
    "confusion_matrix",
    "detect_language",
    "majority",
    "most_confident_errors",
    "paired_bootstrap",
    "precision_recall_f1",
    "tfidf_logistic",
    "wilson_interval",
]
