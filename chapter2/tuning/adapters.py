r"""Adapters (Houlsby et al., 2019): small trained bottlenecks between frozen sublayers.

.. math:: \mathrm{Adapter}(h) = h + W_2\,\mathrm{gelu}(W_1 h + b_1) + b_2

Two stand in each layer of BERT, one after attention and one after the feed-forward
part: on the sublayer's output, projected back to D and dropped out, before the
sublayer's own residual is added (section 2.1; dropout first, as in the authors' code).

Trained are the adapters, every LayerNorm (the embeddings' too, as in the authors' code)
and the head. Departure: the head includes the pooler, which they leave frozen; an
encoder without a stored pooler would otherwise be read through a random one.

Shapes: B batch, L length, D width, m bottleneck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import skip_init

from chapter2.errors import UsageError
from chapter2.models.dropout import drop
from chapter2.training.method import Method
from chapter2.tuning.bert import freeze_encoder

SPREAD = 0.01  # standard deviation of W_1 and W_2 at first, cut at two (section 3.6)


@dataclass(frozen=True)
class AdapterOptions:
    """How wide the bottleneck is."""

    bottleneck: int = 64  # m; the paper tries 8, 64 and 256; 64 where it fixes one


class Adapter(nn.Module):
    """A bottleneck with a residual, near the identity at first, (B, L, D) to itself."""

    def __init__(self, width: int, bottleneck: int, generator: torch.Generator) -> None:
        super().__init__()
        # torch's own start would draw from the global generator
        self.down = skip_init(nn.Linear, width, bottleneck)  # W_1, b_1
        self.up = skip_init(nn.Linear, bottleneck, width)  # W_2, b_2
        for linear in (self.down, self.up):
            nn.init.zeros_(linear.bias)
            nn.init.trunc_normal_(
                linear.weight, 0.0, SPREAD, -2 * SPREAD, 2 * SPREAD, generator
            )

    def forward(self, h: Tensor) -> Tensor:
        """Return h + W_2 gelu(W_1 h + b_1) + b_2."""
        return h + self.up(F.gelu(self.down(h)))


class Adapted(nn.Module):
    """A sublayer's last linear map, its dropout, and an adapter behind the two.

    It stands where the linear map stood, so that each way through BERT calls it.
    """

    def __init__(self, dense: nn.Linear, dropout: nn.Dropout, adapter: Adapter) -> None:
        super().__init__()
        self.dense, self.dropout, self.adapter = dense, dropout, adapter

    def forward(self, x: Tensor) -> Tensor:
        """Return Adapter(dropout(W x + b)), (B, L, D)."""
        return self.adapter(drop(self.dense(x), self.dropout))


class Adapters(Method):
    """Adapters, LayerNorms and head are trained, all at one rate."""

    name = "adapters"


def apply(
    classifier_model: nn.Module, options: AdapterOptions, seed: int
) -> tuple[nn.Module, Method]:
    """Freeze the encoder, insert the adapters in place, and return model and method.

    Raises:
        ModelError: the model is no BERT classifier.
        UsageError: a bottleneck below 1 or above the width D.
    """
    model: Any = freeze_encoder(classifier_model, "adapters")
    width = model.config.hidden_size
    check_bottleneck(options.bottleneck, width)
    generator = torch.Generator().manual_seed(seed)
    for layer in model.bert.encoder.layer:
        for output in (layer.attention.output, layer.output):
            adapter = Adapter(width, options.bottleneck, generator)
            adapter.to(output.dense.weight)  # its device and precision
            output.dense = Adapted(output.dense, output.dropout, adapter)
            output.dropout = nn.Dropout(0.0)  # done inside, before the adapter
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            module.requires_grad_(True)
    model.train(model.training)  # what is new, like the rest
    return model, Adapters()


def check_bottleneck(bottleneck: int, width: int) -> None:
    """Raise a UsageError unless 1 <= m <= D."""
    if not 1 <= bottleneck <= width:
        raise UsageError(
            f"The bottleneck is {bottleneck}, and must lie between 1 and the width of "
            f"the model, {width}; 64 is usual."
        )
