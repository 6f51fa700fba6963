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
from chapter2.evaluation.language_models import (
    at_positions,
    masked_accuracy,
    perplexity,
    pseudo_perplexity,
)
from chapter2.evaluation.language_scores import LanguageScore, MaskedScore, TextSize
from chapter2.evaluation.metrics import (
    METRICS,
    Scores,
    accuracy,
    confusion_matrix,
    precision_recall_f1,
)
from chapter2.evaluation.perturbation import changed_words, perturb, words_of
from chapter2.evaluation.report import Report, Row, classification_report
from chapter2.evaluation.slices import (
    Slice,
    Slices,
    accuracy_by,
    accuracy_by_rating,
)
from chapter2.evaluation.unigrams import Unigram, unigram

__all__ = [
    "METRICS",
    "Baseline",
    "Interval",
    "LanguageScore",
    "MaskedScore",
    "Mistake",
    "Mistakes",
    "Report",
    "Row",
    "Scores",
    "Slice",
    "Slices",
    "TextSize",
    "Unigram",
    "accuracy",
    "accuracy_by",
    "accuracy_by_rating",
    "at_positions",
    "bootstrap_interval",
    "changed_words",
    "classification_report",
    "confusion_matrix",
    "detect_language",
    "majority",
    "masked_accuracy",
    "most_confident_errors",
    "paired_bootstrap",
    "perplexity",
    "perturb",
    "precision_recall_f1",
    "pseudo_perplexity",
    "tfidf_logistic",
    "unigram",
    "wilson_interval",
    "words_of",
]
