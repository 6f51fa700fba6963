r"""A small recurrent text classifier, trained from nothing on the task's own texts.

.. math:: h_t = [\overrightarrow{\mathrm{GRU}}(x)_t ;
                 \overleftarrow{\mathrm{GRU}}(x)_t], \\
          z = W [\max_t h_t ; \tfrac{1}{L} \sum_t h_t] + b

GRU: Cho et al. (2014); states read from both sides: Schuster and Paliwal (1997); the
maximum over time: Conneau et al. (2017); maximum and mean side by side, as in ULMFiT
(Howard and Ruder, 2018). Shapes: N texts, B batch, L length, D width, C classes,
V vocabulary.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from chapter2.data.batching import LengthBatches, pad, restore
from chapter2.models.network_folder import read_network, reading, write_network
from chapter2.models.settings_file import read_settings

PAD, UNKNOWN = 0, 1  # ids
FIRST = 2  # id of the most frequent word
TOKEN_BUDGET = 16_384  # padded tokens of one batch when predicting; bounds memory
# a Chinese or Japanese character alone, else a word, else a sign: no spaces are needed
PIECES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|\S")


@dataclass(frozen=True)
class GRUConfig:
    """The sizes of the classifier."""

    width: int = 100  # D of the word table and of each direction's state
    dropout: float = 0.5  # on words and on the pooled states: the texts are few
    max_words: int = 20_000  # V at most, the most frequent
    least: int = 2  # a word seen less often is unknown, so that unknown is trained too
    max_length: int = 256  # words read of each text; bounds time and memory


class GRUNetwork(nn.Module):
    """Word table, GRU in both directions, maximum and mean over time, C logits."""

    def __init__(self, vocabulary: int, classes: int, config: GRUConfig) -> None:
        super().__init__()
        d = config.width
        self.embedding = nn.Embedding(vocabulary, d, padding_idx=PAD)
        self.cells = nn.GRU(d, d, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(4 * d, classes)  # 2 directions x (maximum, mean)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the logits (B, C) of ids and mask, int64 (B, L)."""
        lengths = attention_mask.sum(dim=1).clamp(min=1)
        words = self.dropout(self.embedding(input_ids))  # (B, L) -> (B, L, D)
        # packed: the way back begins at a text's last word, not in its padding
        packed = pack_padded_sequence(
            words, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(self.cells(packed)[0], batch_first=True)
        return self.classifier(self.dropout(pooled(states, lengths)))


def pooled(states: Tensor, lengths: Tensor) -> Tensor:
    """Return maximum and mean (B, 4 D) of the first ``lengths`` states (B, L, 2 D)."""
    places = torch.arange(states.shape[1], device=states.device)
    real = (places[None, :] < lengths[:, None]).unsqueeze(-1)  # (B, L, 1)
    most = states.masked_fill(~real, -torch.inf).amax(dim=1)
    mean = states.masked_fill(~real, 0.0).sum(dim=1) / lengths[:, None]
    return torch.cat([most, mean], dim=-1)


def pieces(text: str) -> list[str]:
    """Return words, Chinese and Japanese characters, and signs, in small letters."""
    return PIECES.findall(text.lower())


def build_vocabulary(texts: Sequence[str], config: GRUConfig) -> tuple[str, ...]:
    """Return the words of the training texts, the most frequent first, ties by name."""
    counts = Counter(word for text in texts for word in pieces(text))
    kept = [word for word, count in counts.items() if count >= config.least]
    kept.sort(key=lambda word: (-counts[word], word))
    return tuple(kept[: config.max_words - FIRST])


@dataclass(frozen=True)
class RecurrentClassifier:
    """The network with its words and labels."""

    label_names: tuple[str, ...]  # (C,)
    words: tuple[str, ...]  # (V - 2,): id 2 and on
    model: GRUNetwork
    config: GRUConfig

    @classmethod
    def new(
        cls,
        label_names: Sequence[str],
        words: Sequence[str],
        config: GRUConfig | None = None,
        seed: int = 0,
    ) -> RecurrentClassifier:
        """Return a classifier whose weights are drawn from ``seed``."""
        config = config or GRUConfig()
        with torch.random.fork_rng(devices=[]):  # the global generator stays
            torch.manual_seed(seed)
            model = GRUNetwork(len(words) + FIRST, len(label_names), config)
        return cls(tuple(label_names), tuple(words), model.eval(), config)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text's words, at least one, at most max_length."""
        number = {word: i for i, word in enumerate(self.words, FIRST)}
        rows = (pieces(text)[: self.config.max_length] for text in texts)
        return [
            [number.get(word, UNKNOWN) for word in row] or [UNKNOWN] for row in rows
        ]

    @torch.inference_mode()
    def predict_proba(self, texts: Sequence[str], batch_size: int = 64) -> np.ndarray:
        """Return the probabilities of the classes, float64 (N, C)."""
        if not len(texts):
            return np.empty((0, len(self.label_names)))
        ids = self.encode(texts)
        lengths = [len(row) for row in ids]
        batches = LengthBatches(lengths, batch_size, TOKEN_BUDGET).in_order()
        place = self.model.embedding.weight.device
        self.model.eval()
        found = []
        for batch in batches:
            inputs = pad([ids[i] for i in batch], PAD)
            logits = self.model(**{k: v.to(place) for k, v in inputs.items()})
            found.append(logits.cpu().double().softmax(dim=-1).numpy())
        return restore(batches, found)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write sizes, words and labels as JSON, and the weights.

        Raises:
            ModelError: the folder cannot be written.
        """
        return write_network(
            folder,
            self.model,
            label_names=self.label_names,
            config=asdict(self.config),
            words=self.words,
        )

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> RecurrentClassifier:
        """Return what :meth:`save` wrote, weights bit for bit.

        Raises:
            ModelError: the folder does not hold it whole.
        """
        stored = read_settings(folder, "config", "words")
        with reading(folder, "a recurrent classifier"):
            config = GRUConfig(**stored["config"])
            made = cls.new(stored["label_names"], stored["words"], config)
            read_network(folder, made.model)
        return made
