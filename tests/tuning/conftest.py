"""A base whose weights are large enough for a text to matter, in float64."""

import pytest
import torch

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
