"""A base whose weights are large enough for a text to matter, in float64."""

import pytest
import torch

from chapter2.data import TextDataset
from chapter2.models import load_encoder


@pytest.fixture(scope="module")
def base():
    """Return a tiny BERT; as drawn, at 0.02, its layers hardly change what they get."""
    model = load_encoder("tiny-random", ("a", "b", "c"), seed=2).model.eval().double()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.mul_(8)
    return model


@pytest.fixture(scope="session")
def batch():
    """Return a function of lengths (B,) that makes ids and mask, padded, (B, L)."""

    def make(lengths=(9, 4, 1, 7)):
        generator = torch.Generator().manual_seed(0)
        size = (len(lengths), max(lengths))
        ids = torch.randint(5, 90, size, generator=generator)
        mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
        return {"input_ids": ids * mask, "attention_mask": mask}

    return make


@pytest.fixture(scope="session")
def stir():
    """Return a function that moves every trained parameter, as training would."""

    @torch.no_grad()
    def move(model):
        generator = torch.Generator().manual_seed(0)
        for parameter in model.parameters():
            if parameter.requires_grad:
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.add_(0.1 * noise.to(parameter.dtype))

    return move


@pytest.fixture(scope="session")
def data():
    """Return a function that makes n records whose words tell their labels, a and b."""

    def make(n):
        marks = ("bad worst no", "good great best")
        texts = tuple(f"{marks[i % 2]} film {'the ' * (i % 5)}" for i in range(n))
        return TextDataset("made", texts, tuple(i % 2 for i in range(n)), ("a", "b"))

    return make
