"""Ways to fine-tune: what is trained, and what is frozen."""

from chapter2.tuning.door import METHODS, tune
from chapter2.tuning.tuned import TunedClassifier

__all__ = ["METHODS", "TunedClassifier", "tune"]
