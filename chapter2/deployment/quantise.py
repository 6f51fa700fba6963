r"""Weights of 8 bits for a CPU (Jacob et al., 2018; ONNX Runtime's dynamic scheme).

.. math:: W \approx s_c \, W_q, \quad W_q \in \{-64, \dots, 63\}; \qquad
          x \approx s_x (x_q - z), \quad x_q \in \{0, \dots, 255\}

:math:`s_c` is one scale per output channel; :math:`s_x` and :math:`z` are found for
each batch while it runs, so no calibration data is needed.

Seven bits, not eight: without the VNNI instructions a CPU multiplies and adds pairs in
16 bits, :math:`2 \cdot 255 \cdot 127 > 2^{15} - 1`, and silently saturates; with 7 bits
:math:`2 \cdot 255 \cdot 64 < 2^{15}` it cannot. A model must not change with the
machine that it is shipped to. ``benchmarks/export.py`` holds the alternatives beside
it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chapter2.deployment.graph import silenced


@dataclass(frozen=True)
class Quantisation:
    """How weights become integers."""

    per_channel: bool = True  # a scale per output: one large weight spoils one row only
    reduce_range: bool = True  # 7 bits: exact on CPUs without VNNI
    signed: bool = True  # int8, as the weights of a layer lie about zero
    embeddings: bool = True  # the word table too: half of a small model's size


CHOSEN = Quantisation()


def quantise(source: Path, target: Path, how: Quantisation = CHOSEN) -> None:
    """Write the graph in ``source`` to ``target``, with weights of 8 bits."""
    with silenced():
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.shape_inference import quant_pre_process

        kinds = ["MatMul", *(["Gather"] if how.embeddings else [])]
        options: dict[str, Any] = {"MatMulConstBOnly": True}
        with tempfile.TemporaryDirectory() as scratch:
            ready = Path(scratch) / "ready.onnx"
            # symbolic shapes are of no use here, and fail on some graphs
            quant_pre_process(source, ready, skip_symbolic_shape=True)
            quantize_dynamic(
                ready,
                target,
                op_types_to_quantize=kinds,
                per_channel=how.per_channel,
                reduce_range=how.reduce_range,
                weight_type=QuantType.QInt8 if how.signed else QuantType.QUInt8,
                extra_options=options,
            )
