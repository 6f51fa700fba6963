"""A classifier written as ONNX, and proved to be the same one.

The graph in float32 must give the original's probabilities to 1e-4, on texts of every
kind, alone and in padded batches, and the tokenizer the same tokens.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chapter2.deployment.graph import to_graph, write_graph
from chapter2.deployment.onnx_model import GRAPH, TOKENIZER, OnnxClassifier
from chapter2.deployment.quantise import CHOSEN, Quantisation, quantise
from chapter2.errors import ModelError
from chapter2.models import Classifier
from chapter2.models.settings_file import read_settings, write_settings

TOLERANCE = 1e-4  # of a probability; float32 in another order of sums gives 1e-6
CHECKED = 128  # of the user's texts; the measurement after it takes all of them
# short and long, scripts with and without spaces, what a tokenizer may stumble over
PROBES = (
    "a",
    "A good film.",
    "The battery lasted two days; then it died, and nobody answered my letters.",
    "这部电影很好看。",
    "Ça coûte 3 € — naïve? 🙂",
    "  white \t space \n and a tab  ",
    "word " * 40,
)
LONGEST = 1024  # tokens of the longest probe; beyond, attention would fill the memory


def write_onnx(
    classifier: Classifier, folder: Path, texts: Sequence[str] = ()
) -> float:
    """Write graph, tokenizer and settings, in float32; return the parity.

    Raises:
        ModelError: it cannot be traced, or gives other probabilities.
    """
    write_graph(to_graph(classifier.model), folder / GRAPH)
    tokenizer = getattr(classifier.tokenizer, "backend_tokenizer", None)
    if tokenizer is None:
        raise ModelError(
            f"A {type(classifier.tokenizer).__name__} cannot be written as one "
            f"{TOKENIZER}; ship the folder of the model itself."
        )
    tokenizer.save(str(folder / TOKENIZER))
    _settings(folder, classifier, "fp32")
    return check_parity(classifier, OnnxClassifier.load(folder), texts)


def _settings(folder: Path, like: Classifier, precision: str) -> None:
    write_settings(
        folder,
        label_names=list(like.label_names),
        max_length=like.max_length,
        pad_id=like.tokenizer.pad_token_id,
        precision=precision,
    )


def check_parity(
    classifier: Classifier, exported: OnnxClassifier, texts: Sequence[str] = ()
) -> float:
    """Return the largest difference of a probability, alone and in padded batches.

    Raises:
        ModelError: it is more than ``TOLERANCE``, or a text has other tokens.
    """
    longest = "long " * min(classifier.max_length, LONGEST)
    asked = [*PROBES, longest, *texts[:CHECKED]]
    if classifier.encode(asked) != exported.encode(asked):
        raise ModelError(
            f"The exported tokenizer of a {type(classifier.tokenizer).__name__} gives "
            "other tokens; ship the folder of the model itself."
        )
    wanted = classifier.predict_proba(asked)
    alone = [exported.predict_proba([text]) for text in asked[: len(PROBES)]]
    differences = np.concatenate(
        [
            exported.predict_proba(asked) - wanted,
            np.concatenate(alone) - wanted[: len(alone)],
        ]
    )
    largest = float(np.abs(differences).max())
    if not largest <= TOLERANCE:  # NaN too
        raise ModelError(
            f"The exported model gives other probabilities (up to {largest:.1g} apart, "
            f"{TOLERANCE:.0e} allowed); nothing was written."
        )
    return largest


def to_int8(folder: Path, how: Quantisation = CHOSEN) -> None:
    """Put a graph of 8 bits in the place of the one in ``folder``."""
    aside = folder / f"{GRAPH}.int8"
    quantise(folder / GRAPH, aside, how)
    os.replace(aside, folder / GRAPH)
    write_settings(folder, **read_settings(folder) | {"precision": "int8"})
