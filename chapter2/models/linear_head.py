"""The last layer of the models that scikit-learn fits, as two arrays and a softmax.

Stored without pickle, and without scikit-learn where it predicts. Shapes: N texts,
D features, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chapter2.errors import ModelError

FILE = "head.npz"


@dataclass(frozen=True)
class LinearHead:
    """p = softmax(W x + b); b is minus infinity for a class that was never seen."""

    weights: np.ndarray  # W (C, D)
    bias: np.ndarray  # b (C,)

    @classmethod
    def of(cls, fitted: Any, classes: int) -> LinearHead:
        """Return the head of a fitted scikit-learn ``LogisticRegression``.

        ``classes``: C; ``fitted.classes_`` holds those of them that training showed.
        """
        w, b = fitted.coef_, fitted.intercept_
        if len(w) == 1:  # two classes: p = sigmoid(w x + b) = softmax(0, w x + b)
            w, b = np.vstack([np.zeros_like(w), w]), np.array([0.0, b[0]])
        weights = np.zeros((classes, w.shape[1]))
        bias = np.full(classes, -np.inf)
        weights[fitted.classes_], bias[fitted.classes_] = w, b
        return cls(weights, bias)

    def predict_proba(self, features: Any) -> np.ndarray:
        """Return probabilities (N, C) of features (N, D), an array or a sparse one."""
        logits = np.asarray(features @ self.weights.T) + self.bias
        # the largest is taken off first: exp stays within what a float holds
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def save(self, folder: Path, **beside: np.ndarray) -> None:
        """Write W and b, and arrays ``beside`` them, into a folder that is there."""
        np.savez(folder / FILE, weights=self.weights, bias=self.bias, **beside)  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: Path) -> tuple[LinearHead, dict[str, np.ndarray]]:
        """Return the head, and what was stored beside it.

        Raises:
            ModelError: the file is missing or damaged.
        """
        try:
            with np.load(folder / FILE, allow_pickle=False) as stored:
                arrays = dict(stored)
            return cls(arrays.pop("weights"), arrays.pop("bias")), arrays
        except Exception as error:  # zipfile, numpy and KeyError: each its own
            raise ModelError(
                f"{folder / FILE} cannot be read ({type(error).__name__}); copy or "
                "save the model again."
            ) from error
