"""Prompt tuning (Lester et al., 2021): trained vectors among the words of the text.

The input becomes [CLS], P trained vectors, then the rest of the text. All else is
frozen but the head.

Departures. The paper has T5, which reads its prompt before all else and writes the
label as a word; BERT's head reads the first token, so the prompt stands behind [CLS],
which stays first, and the head is trained too. T5 has no absolute positions; here
prompt and text are numbered through, 0 to P + L - 1, so that P of the model's positions
are no longer there for the text (:attr:`PromptTuning.reserved`).

Shapes: B batch, L length, P prompt, D width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from chapter2.errors import UsageError
from chapter2.training.method import Method
from chapter2.tuning.bert import freeze_encoder
from chapter2.tuning.virtual import WithVirtualTokens, check_length, frequent_words

SHORTEST = 3  # [CLS], one word, [SEP]: what a text needs at least


@dataclass(frozen=True)
class PromptOptions:
    """How long the prompt is."""

    length: int = 20  # P; the paper finds little gain beyond 20


class Prompted(nn.Module):
    """BERT's embeddings with P trained vectors behind the first token."""

    def __init__(self, embeddings: nn.Module, start: Tensor) -> None:
        super().__init__()
        self.embeddings: Any = embeddings
        # (P, D); as an embedding table it is spared weight decay, as other tables are
        self.prompt = nn.Embedding.from_pretrained(start.clone(), freeze=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return BERT's embeddings of prompt and text, positions too, (B, P + L, D)."""
        words = self.embeddings.word_embeddings(input_ids)  # (B, L, D)
        rows = self.prompt.weight.expand(len(words), -1, -1)
        prompted = torch.cat([words[:, :1], rows, words[:, 1:]], dim=1)
        return self.embeddings(inputs_embeds=prompted)


class PromptTuning(Method):
    """The prompt and the head are trained, all at one rate."""

    name = "prompt"

    def __init__(self, length: int) -> None:
        self.reserved = length  # positions that the text cannot have


def apply(
    classifier_model: nn.Module, options: PromptOptions, seed: int
) -> tuple[nn.Module, Method]:
    """Freeze the encoder, insert the prompt, and return wrapped model and method.

    The prompt starts as the embeddings of frequent words drawn from ``seed`` (their
    section 3.2: better than random ones).

    Raises:
        ModelError: the model is no BERT classifier.
        UsageError: a length below 1, or one that leaves no position for a text.
    """
    model: Any = freeze_encoder(classifier_model, "prompt tuning")
    check_length(options.length, "prompt tuning")
    check_room(options.length, model.config.max_position_embeddings)
    embeddings = model.bert.embeddings
    words = frequent_words(model.config.vocab_size, options.length, seed)
    start = embeddings.word_embeddings.weight[words.to(model.device)].detach()
    model.bert.embeddings = Prompted(embeddings, start)
    return WithVirtualTokens(model, options.length), PromptTuning(options.length)


def check_room(length: int, positions: int) -> None:
    """Raise a UsageError if the prompt leaves a text no position of the model's."""
    if length > positions - SHORTEST:
        raise UsageError(
            f"A prompt of {length} leaves a text no room in the model's {positions} "
            f"positions; give a length of at most {positions - SHORTEST}, such as 20."
        )
