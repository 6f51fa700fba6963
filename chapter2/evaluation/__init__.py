"""Evaluation: metrics with their intervals, reports, baselines and errors."""

from chapter2.evaluation.amounts import RegressionReport, regression_report
from chapter2.evaluation.baselines import (
    Baseline,
    detect_language,
    majority,
    tfidf_logistic,
)
from chapter2.evaluation.calibration import (
    Bin,
    Reliability,
    Temperature,
    brier_score,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability,
    reliability_diagram,
)
from chapter2.evaluation.decisions import (
    Coverage,
    Threshold,
    answered_curve,
    choose_threshold,
    cost_threshold,
    coverage_curve,
    decide,
    mean_cost,
)
from chapter2.evaluation.errors import Mistake, Mistakes, most_confident_errors
from chapter2.evaluation.intervals import (
    Interval,
    bootstrap_interval,
    mean_interval,
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
from chapter2.evaluation.learning_curves import (
    CurvePoint,
    LearningCurve,
    extrapolate,
    learning_curve,
)
from chapter2.evaluation.metrics import (
    METRICS,
    Scores,
    accuracy,
    confusion_matrix,
    precision_recall_f1,
)
from chapter2.evaluation.multilabel import MultiLabelScores, multilabel_scores
from chapter2.evaluation.perturbation import changed_words, perturb, words_of
from chapter2.evaluation.report import Report, Row, classification_report
from chapter2.evaluation.resampling import design_effect
from chapter2.evaluation.significance import (
    MarginTest,
    McNemar,
    SeedSpread,
    binomial_p_values,
    holm,
    margin_test,
    mcnemar,
    minimal_detectable_difference,
    seed_spread,
)
from chapter2.evaluation.slices import (
    Slice,
    Slices,
    accuracy_by,
    accuracy_by_class,
    accuracy_by_language,
    accuracy_by_length,
    accuracy_by_name,
    accuracy_by_rating,
)
from chapter2.evaluation.tagging import TaggingReport, tagging_report
from chapter2.evaluation.task_metrics import TaskMetrics, metrics_for
from chapter2.evaluation.unigrams import Unigram, unigram

__all__ = [
    "METRICS",
    "Baseline",
    "Bin",
    "Coverage",
    "CurvePoint",
    "Interval",
    "LanguageScore",
    "LearningCurve",
    "MarginTest",
    "MaskedScore",
    "McNemar",
    "Mistake",
    "Mistakes",
    "MultiLabelScores",
    "RegressionReport",
    "Reliability",
    "Report",
    "Row",
    "Scores",
    "SeedSpread",
    "Slice",
    "Slices",
    "TaggingReport",
    "TaskMetrics",
    "Temperature",
    "TextSize",
    "Threshold",
    "Unigram",
    "accuracy",
    "accuracy_by",
    "accuracy_by_class",
    "accuracy_by_language",
    "accuracy_by_length",
    "accuracy_by_name",
    "accuracy_by_rating",
    "answered_curve",
    "at_positions",
    "binomial_p_values",
    "bootstrap_interval",
    "brier_score",
    "changed_words",
    "choose_threshold",
    "classification_report",
    "confusion_matrix",
    "cost_threshold",
    "coverage_curve",
    "decide",
    "design_effect",
    "detect_language",
    "expected_calibration_error",
    "extrapolate",
    "fit_temperature",
    "holm",
    "learning_curve",
    "majority",
    "margin_test",
    "masked_accuracy",
    "mcnemar",
    "mean_cost",
    "mean_interval",
    "metrics_for",
    "minimal_detectable_difference",
    "most_confident_errors",
    "multilabel_scores",
    "negative_log_likelihood",
    "paired_bootstrap",
    "perplexity",
    "perturb",
    "precision_recall_f1",
    "pseudo_perplexity",
    "regression_report",
    "reliability",
    "reliability_diagram",
    "seed_spread",
    "tagging_report",
    "tfidf_logistic",
    "unigram",
    "wilson_interval",
    "words_of",
]
