"""Models: loading pretrained weights, and heads for tasks."""

from chapter2.models.classifier import Classifier, load_encoder

__all__ = ["Classifier", "load_encoder"]
