"""Objectives: pure loss functions with explicit masks."""

from chapter2.objectives.classification import classification, cross_entropy_sum

__all__ = ["classification", "cross_entropy_sum"]
