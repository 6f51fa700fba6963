"""A text classifier as an ONNX graph: ONNX Runtime and a tokenizer, without torch.

A folder holds ``model.onnx``, the tokenizer's one file, and ``settings.json``.
Shapes: N texts, B batch, L length, C classes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chapter2 import runtime
from chapter2.data.batching import (
    TOKENISE_AT_ONCE,
    LengthBatches,
    encodable,
    padded,
    restore,
)
from chapter2.errors import ModelError
from chapter2.models.settings_file import FILE as SETTINGS
from chapter2.models.settings_file import read_settings

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

GRAPH, TOKENIZER = "model.onnx", "tokenizer.json"
TOKEN_BUDGET = 4096  # padded tokens of one batch; bounds memory


@dataclass(frozen=True)
class OnnxClassifier:
    """An exported model that gives each text a probability for each of C labels."""

    session: InferenceSession
    tokenizer: Tokenizer
    label_names: tuple[str, ...]  # (C,)
    max_length: int  # tokens, special ones included; longer texts lose their end
    pad_id: int
    precision: str  # of the weights: fp32 or int8
    folder: Path  # where it was loaded from

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of each text, cut at ``max_length``."""
        ids: list[list[int]] = []
        for start in range(0, len(texts), TOKENISE_AT_ONCE):
            some = [encodable(text) for text in texts[start : start + TOKENISE_AT_ONCE]]
            ids += [found.ids for found in self.tokenizer.encode_batch_fast(some)]
        return ids

    def predict_proba(self, texts: Sequence[str], batch_size: int = 64) -> np.ndarray:
        """Return the probabilities, float64 (N, C), in the order of ``texts``.

        The texts are run sorted by length, so that little of a batch is padding. With
        weights of 8 bits each is run alone: the scale of the activations is that of
        the batch, and an answer must not depend on the texts beside it.
        """
        if not texts:
            return np.empty((0, len(self.label_names)))
        if self.precision == "int8":
            batch_size = 1
        ids = self.encode(texts)
        lengths = [len(row) for row in ids]
        batches = LengthBatches(lengths, batch_size, TOKEN_BUDGET).in_order()
        found = [self._probabilities([ids[i] for i in batch]) for batch in batches]
        return restore(batches, found)

    def _probabilities(self, ids: list[list[int]]) -> np.ndarray:
        """Return p = softmax(logits), float64 (B, C), of one batch."""
        (logits,) = self.session.run(None, padded(ids, self.pad_id))
        # exp(z - max z) / sum: the same, and no exponential overflows
        raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Copy graph, tokenizer and settings to ``folder``, made if need be.

        Raises:
            ModelError: the folder cannot be written, or this model's own has gone.
        """
        target = Path(folder)
        try:
            target.mkdir(parents=True, exist_ok=True)
            for name in (GRAPH, TOKENIZER, SETTINGS):
                shutil.copyfile(self.folder / name, target / name)
        except OSError as error:
            raise ModelError(
                f"{error.filename or target} cannot be copied to {target} "
                f"({error.strerror or error}); give another folder or make room."
            ) from error
        return target

    @classmethod
    def load(
        cls, folder: str | os.PathLike[str], threads: int | None = None
    ) -> OnnxClassifier:
        """Return what was exported to ``folder``.

        Args:
            threads: that compute one text; None takes what :func:`cores` gives.

        Raises:
            ModelError: the folder does not hold it whole, or ONNX Runtime is missing.
        """
        source = Path(folder)
        stored = read_settings(source, "max_length", "pad_id", "precision")
        try:
            return cls(
                session(source / GRAPH, threads or default_threads()),
                tokenizer(source / TOKENIZER, stored["max_length"]),
                stored["label_names"],
                stored["max_length"],
                stored["pad_id"],
                stored["precision"],
                source,
            )
        except ImportError as error:
            raise ModelError(
                f"{source} holds an ONNX model; to use it, `pip install onnxruntime`."
            ) from error
        except Exception as error:  # both libraries raise bare ones on broken files
            first = (str(error).splitlines() or [""])[0].rstrip(". ")
            raise ModelError(
                f"{source} does not hold a whole ONNX classifier ({first}); export or "
                "copy it again."
            ) from error


def default_threads() -> int:
    """Return how many threads compute: ``OMP_NUM_THREADS``, else the cores we may use.

    ONNX Runtime's own count is of the machine's cores, also where a container or a
    scheduler gives this process fewer.
    """
    stated = os.environ.get("OMP_NUM_THREADS", "")
    if stated.isdecimal() and int(stated) > 0:
        return int(stated)
    return runtime.cores()


def session(path: Path, threads: int) -> InferenceSession:
    """Return the graph ready to run on the CPU, in ``threads`` threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1  # the graph is one chain
    options.log_severity_level = 3  # errors; they are raised as well
    # the arena keeps the largest batch's memory for good, and a plan of memory is of
    # use only where shapes repeat
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # waiting threads sleep: they must not burn a core between two texts
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )


def tokenizer(path: Path, max_length: int) -> Tokenizer:
    """Return the tokenizer in ``path``, cutting at ``max_length``, padding nothing."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(path))
    found.no_padding()
    found.enable_truncation(max_length)
    return found
