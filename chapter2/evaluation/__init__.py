"""Evaluation: metrics, intervals, reports and baselines."""
