"""What every model here can do once it is fitted: answer, be saved, be loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np


@runtime_checkable
class Predictor(Protocol):
    """A fitted text classifier of any kind. Shapes: N texts, C classes."""

    @property
    def label_names(self) -> tuple[str, ...]:
        """The C classes, in the order of the probabilities."""
        ...

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities, float64 (N, C); each row sums to 1."""
        ...

    def save(self, folder: str | Path) -> object:
        """Write all that predicting needs to ``folder``, with no path inside."""
        ...

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Return what :meth:`save` wrote, without asking a network."""
        ...


def labelled(predictor: Predictor, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Return label and probabilities of each text (ready for JSON); empty: no label."""
    full = [text for text in texts if text.strip()]
    rows = iter(predictor.predict_proba(full) if full else ())
    found: list[dict[str, Any]] = []
    for text in texts:
        if not text.strip():
            found.append({"label": None, "probability": None, "text": text})
            continue
        shares = dict(zip(predictor.label_names, map(float, next(rows)), strict=True))
        best = max(shares, key=lambda name: shares[name])
        found.append(
            {
                "label": best,
                "probability": round(shares[best], 6),
                "probabilities": {name: round(p, 6) for name, p in shares.items()},
                "text": text,
            }
        )
    return found
