"""The CRF's loss over a batch is that of its sentences, one by one."""

import pytest
import torch
from torch import nn

from chapter2.models.crf import CRF
from chapter2.objectives.classification import IGNORE_INDEX
from chapter2.objectives.tagging import crf_likelihood

TAGS = ("O", "B-X", "I-X")


class Fixed(nn.Module):
    """Emissions that stand in a table, by token."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(5, len(TAGS))
        self.crf = CRF(TAGS)
        nn.init.normal_(self.crf.transitions)

    def forward(self, input_ids):
        return self.table(input_ids)


BATCH = {
    "input_ids": torch.tensor([[1, 2, 3], [4, 0, 0]]),
    "labels": torch.tensor([[0, 1, 2], [1, IGNORE_INDEX, IGNORE_INDEX]]),
}


def test_sums_and_counts_add_up():
    model = Fixed()
    total, count = crf_likelihood(model, BATCH)
    assert count == 2
    first = {"input_ids": BATCH["input_ids"][:1], "labels": BATCH["labels"][:1]}
    second = {name: x[1:, :1] for name, x in BATCH.items()}
    parts = [crf_likelihood(model, batch)[0] for batch in (first, second)]
    assert total.item() == pytest.approx(sum(parts).item(), rel=1e-6)


def test_the_padding_learns_nothing():
    model = Fixed()
    crf_likelihood(model, BATCH)[0].backward()
    assert model.table.weight.grad[0].abs().sum() == 0
    assert model.table.weight.grad[1:].abs().sum(dim=1).min() > 0
