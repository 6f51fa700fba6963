r"""The time of a training step, from the operations and the bytes that it takes.

A product of N rows with n weights takes 2 N n operations; backward as many for the
gradient of the weights, if they are trained, and as many for that of the input, if it
needs one (Kaplan et al., 2020, count 6 N n in all); attention 4 B L^2 D forward, twice
that backward; checkpointing one forward pass more. The rest (dropout, softmax,
LayerNorm, gelu, the optimiser) waits for memory, so

.. math:: t = \frac{\text{operations}}{\text{rate}}
          + \frac{\text{bytes moved}}{\text{bandwidth}}

with both rates measured here in under a second. The bytes are passes over what each
layer computes, over what the backward pass kept of it, and over gradients and the
optimiser's state. Their numbers are fitted to MiniLM's shape on two CPU cores, where
they then come within a fifth of the measured time over 24 settings; erf and exp, which
compute more than they move, are in them too. On a GPU they are not fitted, and a small
batch there waits for the launch of its kernels instead.

Shapes: B batch, L length, D width, H heads, F inner width, N = B L.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from chapter2.runtime import autocast_dtype
from chapter2.training.activations import Way, activation_bytes

FORWARD, BACKWARD, STATE = 10, 16, 7  # passes over memory; fitted, see above
COPIED = 2**24  # numbers; 64 MiB are more than a cache holds


@dataclass(frozen=True)
class Machine:
    """How fast a device is, as measured."""

    rate: float  # operations of matrix products per second
    bandwidth: float  # bytes read and written per second


def operations(bert: Any, way: Way) -> float:
    """Return the operations of all matrix products of one forward and backward pass."""
    flows = any(p.requires_grad for p in bert.bert.embeddings.parameters())
    total = 0.0
    last = bert.bert.encoder.layer[-1]
    for layer in bert.bert.encoder.layer:
        asked = way.batch * (1 if way.short and layer is last else way.length)
        trains = any(p.requires_grad for p in layer.parameters())
        for name, parameter in layer.named_parameters():
            if parameter.ndim < 2:
                continue
            seen = ".key" in name or ".value" in name
            rows = way.batch * way.length if seen else asked
            backward = parameter.requires_grad + flows
            recomputed = way.checkpointing and (flows or trains)
            total += 2 * rows * parameter.numel() * (1 + backward + recomputed)
        passes = 1 + 2 * (flows or trains) + (way.checkpointing and (flows or trains))
        total += 4 * asked * way.keys * bert.config.hidden_size * passes
        flows = flows or trains
    return total


def step_seconds(
    machine: Machine, bert: Any, way: Way, state: int, batches: int = 1
) -> float:
    """Return the time of one step over ``batches`` batches.

    Args:
        state: bytes of gradients and of what the optimiser remembers.
    """
    products = batches * operations(bert, way)
    moved = batches * _moved_bytes(bert, way) + STATE * state
    return products / machine.rate + moved / machine.bandwidth


def _moved_bytes(bert: Any, way: Way) -> int:
    """Return the bytes that all but the products move."""
    kept = activation_bytes(bert, way)[1:-1]
    full = whole_layer(bert, way)
    # the last layer alone: its keys and values are needed at all tokens
    computed = [*[full] * (len(kept) - 1), full // 4 if way.short else full]
    return sum(
        FORWARD * whole * (1 + (way.checkpointing and held > 0)) + BACKWARD * held
        for whole, held in zip(computed, kept, strict=True)
    )


def whole_layer(bert: Any, way: Way) -> int:
    """Return the bytes of all that a layer computes: 10 N D + 2 N F + 3 B H L^2."""
    shape, tokens = bert.config, way.batch * way.length
    wide = 10 * shape.hidden_size + 2 * shape.intermediate_size
    squares = 0 if way.fused else 3 * shape.num_attention_heads * way.keys
    return way.item * tokens * (wide + squares)


def measure_machine(
    device: torch.device | str = "cpu", precision: str = "fp32"
) -> Machine:
    """Measure products of BERT's shape and copying, each best of some, under 1 s."""
    place = torch.device(device)
    dtype = autocast_dtype(place, precision) or torch.float32
    size = 512 if place.type == "cpu" else 4096
    a = torch.randn(4 * size, size, device=place).to(dtype)
    b = torch.randn(size, 2 * size, device=place).to(dtype)
    product = _best_seconds(lambda: a @ b, place)
    source = torch.ones(COPIED, device=place)
    target = torch.empty_like(source)
    copying = _best_seconds(lambda: target.copy_(source), place)
    return Machine(16 * size**3 / product, 2 * 4 * source.numel() / copying)


def _best_seconds(work: Callable[[], Any], device: torch.device) -> float:
    """Return the best of eight times, the first not counted."""
    times = []
    for _ in range(9):
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - began)
    return min(times[1:])
