"""From a classifier of torch to an ONNX graph whose batch and length are free.

``torch.onnx.export`` traces the model by ``torch.export``; the number of texts and of
tokens stay symbols. BERT goes by the short way of :mod:`chapter2.models.fast_bert`,
with the mask always added: a branch on "is there padding?" cannot be traced. Other
encoders go by transformers' own forward pass. Shapes: B batch, L length, C classes.
"""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from chapter2.errors import ModelError
from chapter2.models.attention import LEAST
from chapter2.models.fast_bert import biased_logits, goes_the_short_way

if TYPE_CHECKING:
    from onnx import ModelProto

INPUTS = ("input_ids", "attention_mask")
FREE = {name: {0: "batch", 1: "length"} for name in INPUTS}
# two texts, one of them padded: torch.export takes a size of 1 for a constant
EXAMPLE = ([[2, 5, 6, 7, 3], [2, 5, 3, 0, 0]], [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


class Logits(nn.Module):
    """Ids and mask, int64 (B, L), to logits (B, C), for one kind of model."""

    def __init__(self, model: nn.Module, short: bool) -> None:
        super().__init__()
        self.model, self.short = model, short

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the logits (B, C)."""
        if self.short:
            # M = 0 where there is a token, and nearly minus infinity where padding is
            bias = (1 - attention_mask).to(torch.float32) * LEAST
            return biased_logits(self.model, input_ids, bias[:, None, None, :])
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        return getattr(output, "logits", output)


def to_graph(model: Any) -> ModelProto:
    """Return the ONNX graph of ``model``, in float32; the model stays as it is.

    Raises:
        ModelError: the model computes something that cannot be traced.
    """
    ids, mask = (torch.tensor(rows) for rows in EXAMPLE)
    still: Any = copy.deepcopy(model).cpu().float().eval()
    short = goes_the_short_way(still, dict.fromkeys(INPUTS, ids))
    try:
        with silenced(), torch.no_grad():
            program = torch.onnx.export(
                Logits(still, short).eval(),
                (ids, mask),
                dynamo=True,
                dynamic_shapes=FREE,
                input_names=list(INPUTS),
                output_names=["logits"],
                verbose=False,
            )
    except Exception as error:  # the exporter wraps whatever a model raises
        kind = type(model).__name__
        raise ModelError(
            f"A {kind} cannot be exported to ONNX ({_reason(error)}); ship the folder "
            "of the model itself."
        ) from error
    assert program is not None
    return without_places(program.model_proto)


def _reason(error: Exception) -> str:
    lines = str(error.__cause__ or error).strip().splitlines()
    return (lines or [type(error).__name__])[0].rstrip(". ")[:200]


def without_places(graph: ModelProto) -> ModelProto:
    """Drop what the exporter notes of the source: files and lines of this machine."""
    plain = copy.copy(graph)
    for part in (plain, plain.graph, *plain.graph.node, *plain.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    named = (*plain.graph.input, *plain.graph.output, *plain.graph.value_info)
    for value in (*named, *plain.graph.initializer):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")
    return plain


def write_graph(graph: ModelProto, path: Path) -> None:
    """Write ``graph`` as one file.

    Raises:
        ModelError: it holds 2 GB or more, which one ONNX file cannot.
    """
    import onnx

    if graph.ByteSize() >= onnx.checker.MAXIMUM_PROTOBUF:
        raise ModelError("A model of 2 GB or more cannot be one ONNX file; use int8.")
    onnx.save(graph, str(path))


@contextmanager
def silenced() -> Iterator[None]:
    """Keep what exporter and quantiser tell developers from the user's stderr."""
    root = logging.getLogger()
    handlers, before = list(root.handlers), root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        root.handlers[:] = handlers  # logging.warning() may have added one
