r"""Prefix tuning (Li and Liang, 2021), in every layer of an encoder (P-tuning v2, Liu
et al., 2022).

.. math:: \mathrm{softmax}\Bigl(\frac{Q\,[P_K; K]^\top}{\sqrt{D/H}} + M\Bigr)\,[P_V; V]

In each layer P trained keys and values stand before those of the text; every token may
look at them. The frozen weights never see them: they are no tokens, have no queries and
no positions.

Departures. Li and Liang train P_K and P_V through an MLP and keep only its output; here
they are trained themselves, since Liu et al. (section 3.3) find that the MLP helps on
some data sets and harms on others. In both papers' code the text's positions begin at
P, a side effect of the models' cache; here [CLS] keeps position 0, as in pretraining,
and all positions stay free for the text. The prefixes start as the keys and values of
real words, which Li and Liang (section 7.4) find best on small data.

Shapes: B batch, L length, P prefix, D width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from chapter2.evaluation.inference import evaluating
from chapter2.models.fast_bert import run_layer
from chapter2.training.method import Method
from chapter2.tuning.bert import freeze_encoder
from chapter2.tuning.virtual import WithVirtualTokens, check_length, frequent_words


@dataclass(frozen=True)
class PrefixOptions:
    """How long the prefix is."""

    length: int = 20  # P; P-tuning v2 finds fewer than 20 enough for classification


class Prefixed(nn.Module):
    """A key or value map that puts P trained rows before those of the text."""

    def __init__(self, linear: nn.Module, start: Tensor) -> None:
        super().__init__()
        self.linear = linear
        # (P, D); as an embedding table it is spared weight decay, as other tables are
        self.prefix = nn.Embedding.from_pretrained(start.clone(), freeze=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return [P; W h + b], (B, P + L, D), for ``hidden`` (B, L, D)."""
        text = self.linear(hidden)
        # autocast may have made the text's rows bfloat16
        rows = self.prefix.weight.to(text.dtype).expand(len(text), -1, -1)
        return torch.cat([rows, text], dim=1)


class PrefixTuning(Method):
    """The prefixes and the head are trained, all at one rate."""

    name = "prefix"


def apply(
    classifier_model: nn.Module, options: PrefixOptions, seed: int
) -> tuple[nn.Module, Method]:
    """Freeze the encoder, insert the prefixes, and return wrapped model and method.

    Raises:
        ModelError: the model is no BERT classifier.
        UsageError: a length below 1.
    """
    model = freeze_encoder(classifier_model, "prefix tuning")
    check_length(options.length, "prefix tuning")
    words = frequent_words(model.config.vocab_size, options.length, seed)
    insert(model, keys_and_values(model, words.to(model.device)))
    return WithVirtualTokens(model, options.length), PrefixTuning()


def keys_and_values(model: Any, words: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return each layer's keys and values (P, D) of the text ``words`` (P,)."""
    with evaluating(model):
        hidden, found = model.bert.embeddings(words[None]), []  # (1, P, D)
        for layer in model.bert.encoder.layer:
            attention = layer.attention.self
            found.append((attention.key(hidden)[0], attention.value(hidden)[0]))
            hidden = run_layer(layer, hidden, hidden, None)
    return found


def insert(model: Any, prefixes: list[tuple[Tensor, Tensor]]) -> None:
    """Put keys and values (P, D) before those of each layer's text, in place."""
    for layer, (keys, values) in zip(model.bert.encoder.layer, prefixes, strict=True):
        attention = layer.attention.self
        attention.key = Prefixed(attention.key, keys)
        attention.value = Prefixed(attention.value, values)
