r"""Memory and time of a training run, computed before it.

Weights and what the optimiser remembers stand all the time; within a step the
activations that the forward pass kept (:mod:`chapter2.training.activations`) are freed
from the last layer down while the gradients appear. So the peak is not the sum of all:

.. math:: M = W + O + R +
          \max_k \Bigl(\sum_{j \le k} A_j + \sum_{j > k} G_j + T_k\Bigr)

over the stages k: embeddings, layers, head; with A kept activations, G gradients, and T
the widest operation of the stage, which is freed at once: a second copy of the
attention weights, B H L^2, or of the inner width, N F, and three of N D. A layer
through which no gradient flows holds only such copies. With checkpointing A_j is a
layer's input, N D, and the layer k that is computed again counts in full. The
optimiser's own copies come after the backward pass, beside all gradients (Adafactor:
two of the largest table). So far this is what torch asks for, to 1 %.

R is what the C library holds on a CPU beyond that. Blocks under 32 MiB come from a
heap, and glibc before 2.38 cannot give a freed aligned block to the next request of the
same size. The heap grows until the pieces fit: measured (glibc 2.36, MiniLM's shape) by
R = 12 m^0.6 MiB, m the MiB of all that one layer computes. It is a fit, not a law; with
``MALLOC_MMAP_THRESHOLD_=262144`` R is 0 and a step takes up to a sixth longer. On a GPU
torch has its own allocator, whose count of what was asked for is the peak. For
prefixes, prompts and adapters M came within 13 % of the measured peak (the same shape,
8 and 32 texts of 32 and 128 tokens).

Validation keeps a second copy of the weights for the best ones; it is not counted.

Shapes: B batch, L length, D width, H heads, F inner width, N = B L.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from chapter2.errors import ModelError, UsageError
from chapter2.runtime import autocast_dtype
from chapter2.training.activations import Way, activation_bytes
from chapter2.training.config import TrainingConfig
from chapter2.training.step import device_of
from chapter2.training.step_time import Machine, operations, step_seconds, whole_layer

MIB = 2**20
HEAP, POWER = 12.0, 0.6  # R = HEAP m^POWER, in MiB; fitted, see above


@dataclass(frozen=True)
class Estimate:
    """What one training step needs, in bytes and seconds."""

    weights: int
    gradients: int  # all of them
    optimizer: int  # what it remembers between steps
    activations: int  # all that the forward pass keeps
    total: int  # at the peak, where gradients and activations are not all there
    operations: float  # of matrix products in one step
    seconds_per_step: float | None = None  # None: no machine was given

    def seconds(self, steps: int) -> float | None:
        """Return the time of ``steps`` steps."""
        each = self.seconds_per_step
        return None if each is None else each * steps

    def table(self) -> str:
        """Return the parts, one a line, in MiB."""
        parts = ("weights", "gradients", "optimizer", "activations", "total")
        named = {"total": "peak"}
        lines = [
            f"{named.get(part, part):<12}{getattr(self, part) / MIB:10,.1f} MiB"
            for part in parts
        ]
        if self.seconds_per_step is not None:
            lines.append(f"{'step':<12}{self.seconds_per_step:10,.3f} s")
        return "\n".join(lines)


def estimate(
    model: nn.Module,
    batch: int,
    length: int,
    config: TrainingConfig,
    *,
    device: torch.device | str | None = None,
    machine: Machine | None = None,
) -> Estimate:
    """Return what a step of ``batch`` texts of ``length`` tokens needs.

    Args:
        model: a ``BertForSequenceClassification``, or a method's wrapper of one; what
            is trained is read off its ``requires_grad``.
        config: optimiser, precision and checkpointing; for the time, accumulation.
        device: where it is to run; default, where the model is.
        machine: from :func:`chapter2.training.step_time.measure_machine`; None leaves
            the time out.

    What a prompt adds counts as tokens of the text, what a prefix adds as keys.

    Raises:
        ModelError: there is no BERT classifier in the model.
        UsageError: a batch or length below 1.
    """
    if batch < 1 or length < 1:
        raise UsageError(f"batch is {batch}, length {length}; both are at least 1.")
    bert = _bert_of(model)
    place = torch.device(device or device_of(model))
    way = _way(model, bert, batch, length, config, place)
    kept, gradients = activation_bytes(bert, way), _gradient_bytes(bert)
    weights = sum(4 * p.numel() for p in _unique(bert))
    remembered = _optimizer_bytes(bert, config)
    peak = _peak(bert, way, kept, gradients)
    after = sum(gradients) + _update_bytes(bert, config)
    flows = any(kept[1:-1])
    heap = heap_bytes(bert, way) if flows and place.type == "cpu" else 0
    if way.checkpointing:
        kept = _inputs_only(bert, way, kept)
    found = Estimate(
        weights=weights,
        gradients=sum(gradients),
        optimizer=remembered,
        activations=sum(kept),
        total=weights + remembered + max(peak, after) + heap,
        operations=operations(bert, way) * config.accumulation,
    )
    if machine is None:
        return found
    state = found.gradients + remembered
    seconds = step_seconds(machine, bert, way, state, config.accumulation)
    return replace(found, seconds_per_step=seconds)


def _bert_of(model: nn.Module) -> Any:
    """Return the BERT classifier that ``model`` is, or wraps."""
    from transformers import BertForSequenceClassification

    for module in model.modules():
        if isinstance(module, BertForSequenceClassification):
            return module
    raise ModelError(
        f"Memory is estimated for BertForSequenceClassification, and the model is "
        f"{type(model).__name__}; measure a step of it instead."
    )


def _way(
    model: nn.Module,
    bert: Any,
    batch: int,
    length: int,
    config: TrainingConfig,
    device: torch.device,
) -> Way:
    """Return how the batch is computed, as ``chapter2.models.fast_bert`` decides it."""
    from transformers import BertForSequenceClassification

    added = 0 if model is bert else getattr(model, "length", 0)
    prefixed = hasattr(bert.bert.encoder.layer[0].attention.self.key, "prefix")
    plain = type(model) is BertForSequenceClassification
    short = bool(added) or (plain and device.type == "cpu")
    return Way(
        batch=batch,
        length=length if prefixed else length + added,
        prefix=added if prefixed else 0,
        half=autocast_dtype(device, config.precision) is not None,
        fused=device.type != "cpu" and not added,
        short=short,
        checkpointing=config.checkpointing,
    )


def _unique(module: nn.Module, trained: bool = False) -> list[Tensor]:
    return [p for p in module.parameters() if p.requires_grad or not trained]


def _stages(bert: Any) -> list[list[Tensor]]:
    """Return the trained parameters of the embeddings, of each layer, of the head."""
    inner = [bert.bert.embeddings, *bert.bert.encoder.layer]
    stages = [_unique(module, trained=True) for module in inner]
    seen = {id(p) for stage in stages for p in stage}
    rest = [p for p in _unique(bert, trained=True) if id(p) not in seen]
    return [*stages, rest]


def _gradient_bytes(bert: Any) -> list[int]:
    """Return the bytes of the gradients of each stage, fp32."""
    return [sum(4 * p.numel() for p in stage) for stage in _stages(bert)]


def _optimizer_bytes(bert: Any, config: TrainingConfig) -> int:
    """Return what is remembered: two numbers per weight, one, or a row and a column."""
    sizes: dict[str, Callable[[Tensor], int]] = {
        "adamw": lambda p: 8 * p.numel(),
        "sgd": lambda p: 4 * p.numel(),
        "adafactor": lambda p: 4 * (sum(p.shape) if p.ndim > 1 else p.numel()),
    }
    return sum(sizes[config.optimizer](p) for p in _unique(bert, trained=True))


def _update_bytes(bert: Any, config: TrainingConfig) -> int:
    """Return what the update itself needs: Adafactor writes its steps out."""
    trained = [4 * p.numel() for p in _unique(bert, trained=True)]
    if config.optimizer != "adafactor" or not trained:
        return 0
    return 2 * max(trained)


def _input_bytes(bert: Any, way: Way) -> int:
    """Return N D numbers in fp32."""
    return 4 * way.batch * way.length * bert.config.hidden_size


def _inputs_only(bert: Any, way: Way, kept: list[int]) -> list[int]:
    """Return what stays where layers are computed again: their inputs."""
    given = _input_bytes(bert, way)
    return [kept[0], *(min(given, k) for k in kept[1:-1]), kept[-1]]


def heap_bytes(bert: Any, way: Way) -> int:
    """Return R, what the C library's heap holds beyond what is asked of it."""
    return int(MIB * HEAP * (whole_layer(bert, way) / MIB) ** POWER)


def _held_bytes(bert: Any, way: Way) -> int:
    """Return what a layer holds at once while it is computed and nothing is kept."""
    shape = bert.config
    tokens = way.batch * way.length
    inner = (2 * shape.intermediate_size + 4 * shape.hidden_size) * tokens
    if way.fused:
        return way.item * max(inner, 6 * shape.hidden_size * tokens)
    squares = shape.num_attention_heads * tokens * way.keys
    return way.item * max(inner, 3 * squares + 6 * shape.hidden_size * tokens)


def _widest_bytes(bert: Any, way: Way) -> int:
    """Return what the widest operation of a layer's backward pass adds: T."""
    shape = bert.config
    tokens = way.batch * way.length
    inner = way.item * shape.intermediate_size * tokens
    squares = way.item * shape.num_attention_heads * tokens * way.keys
    wide = inner if way.fused else max(inner, squares)
    return wide + 12 * shape.hidden_size * tokens


def _peak(bert: Any, way: Way, kept: list[int], gradients: list[int]) -> int:
    """Return the most that activations, gradients and copies take in a step."""
    given = _input_bytes(bert, way)
    stays = _inputs_only(bert, way, kept) if way.checkpointing else kept
    last = len(kept) - 2  # the last layer
    found = [_held_bytes(bert, way)]
    for k in range(1, len(kept) - 1):
        small = way.short and k == last
        flows = kept[k] > 0
        copies = _widest_bytes(bert, way) if flows else _held_bytes(bert, way)
        copies = 3 * given if small else copies
        again = kept[k] if way.checkpointing else 0
        below, above = sum(stays[: k + 1]), sum(gradients[k + 1 :])
        found.append(below + again + above + copies)
        found.append(sum(stays[:k]) + sum(gradients[k:]) + 3 * given * flows)
    return max(found)
