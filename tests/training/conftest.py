"""A model and data small enough to train in milliseconds."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from chapter2.training import TrainingConfig

torch.set_num_threads(1)  # models this small only wait for other threads


class Toy(nn.Module):
    """Mean of token embeddings, LayerNorm, dropout, a linear head."""

    def __init__(self, seed: int = 0, dropout: float = 0.1, vocabulary: int = 12):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.table = nn.Embedding(vocabulary, 8)
            self.norm = nn.LayerNorm(8)
            self.dropout = nn.Dropout(dropout)
            self.head = nn.Linear(8, 2)

    def forward(self, input_ids, attention_mask):
        mask = attention_mask.unsqueeze(-1).to(self.table.weight.dtype)
        mean = (self.table(input_ids) * mask).sum(1) / mask.sum(1)
        return self.head(self.dropout(self.norm(mean)))


@dataclass
class ToyBatches:
    """Records of random tokens; the label says which half of them is frequent."""

    records: int = 40
    batch_size: int = 8
    seed: int = 0

    def __post_init__(self):
        draw = np.random.default_rng(self.seed)
        self.labels = draw.integers(2, size=self.records)
        self.lengths = draw.integers(2, 7, size=self.records)
        shift = 6 * self.labels[:, None]
        self.ids = (draw.integers(7, size=(self.records, 6)) + shift) % 12

    def epoch(self, k):
        order = np.random.default_rng([self.seed, k]).permutation(self.records)
        cuts = range(self.batch_size, self.records, self.batch_size)
        return [part.tolist() for part in np.split(order, list(cuts))]

    def collate(self, item):
        mask = np.arange(6)[None, :] < self.lengths[item][:, None]
        return {
            "input_ids": torch.from_numpy(self.ids[item] * mask),
            "attention_mask": torch.from_numpy(mask.astype(np.int64)),
            "labels": torch.from_numpy(self.labels[item]),
        }


@pytest.fixture
def toy():
    """The classes above: test modules cannot import this file by name."""

    class Namespace:
        Model = Toy
        Batches = ToyBatches

        @staticmethod
        def config(**changes):
            settings = {"learning_rate": 0.02, "precision": "fp32", "epochs": 2}
            return TrainingConfig(**{**settings, **changes})

    return Namespace
