"""The short way through BERT against transformers' own, value by value."""

import copy
import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from chapter2.models import load_encoder
from chapter2.models.fast_bert import classify


@pytest.fixture(scope="module")
def model():
    return load_encoder("tiny-random", ("a", "b", "c"), seed=2).model


def without_dropout(model):
    model = copy.deepcopy(model).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


def batch(lengths=(9, 4, 1, 7), seed=0):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, 90, (len(lengths), max(lengths)), generator=generator)
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    return {"input_ids": ids * mask, "attention_mask": mask}


@pytest.mark.parametrize("lengths", [(9, 4, 1, 7), (5, 5, 5), (1,), (512, 3)])
def test_the_logits_are_those_of_transformers(model, lengths):
    inputs = batch(lengths)
    with torch.no_grad():
        expected, found = model(**inputs).logits, classify(model, inputs)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_the_embedded_encoder_gives_the_same_logits():
    model = load_encoder("minilm", ("negative", "positive")).model
    inputs = batch((40, 12, 27))
    with torch.no_grad():
        expected, found = model(**inputs).logits, classify(model, inputs)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_the_gradients_are_those_of_transformers(model):
    ours, theirs = without_dropout(model), without_dropout(model)
    labels = torch.tensor([0, 2, 1, 1])
    F.cross_entropy(classify(ours, batch()), labels).backward()
    F.cross_entropy(theirs(**batch()).logits, labels).backward()
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, atol=1e-7, rtol=1e-4, msg=name)


def test_padding_changes_nothing(model):
    inputs = batch((6, 4))
    alone = {key: x[1:, :4] for key, x in inputs.items()}
    with torch.no_grad():
        together, single = classify(model, inputs)[1:], classify(model, alone)
    torch.testing.assert_close(together, single, atol=1e-6, rtol=0)


def test_the_seed_decides_dropout(model):
    model = copy.deepcopy(model).train()
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        found.append(classify(model, batch()))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_the_training_loss_has_the_spread_of_transformers(model):
    """With dropout the two draw differently; over many draws they must agree."""
    model = copy.deepcopy(model).train()
    inputs, means = batch(), []
    for run in (lambda: classify(model, inputs), lambda: model(**inputs).logits):
        torch.manual_seed(0)
        with torch.no_grad():
            draws = torch.stack([run() for _ in range(400)])
        means.append((draws.mean(0), draws.std(0)))
    (mean, spread), (other_mean, other_spread) = means
    error = spread.max() / 20  # of a mean over 400 draws
    torch.testing.assert_close(mean, other_mean, atol=6 * error.item(), rtol=0)
    torch.testing.assert_close(spread, other_spread, atol=0, rtol=0.25)


def test_other_models_are_called_themselves():
    class Doubling(torch.nn.Module):
        def forward(self, input_ids):
            return input_ids * 2.0

    assert torch.equal(
        classify(Doubling(), {"input_ids": torch.tensor([3])}), torch.tensor([6.0])
    )


def test_inputs_that_the_short_way_does_not_know_go_to_the_model(model):
    inputs = {**batch(), "token_type_ids": torch.ones(4, 9, dtype=torch.long)}
    with torch.no_grad():
        assert torch.equal(classify(model, inputs), model(**inputs).logits)


def test_torch_is_asked_for_large_pages_unless_told_otherwise():
    for told, expected in (({}, "1"), ({"THP_MEM_ALLOC_ENABLE": "0"}, "0")):
        clean = {k: v for k, v in os.environ.items() if k != "THP_MEM_ALLOC_ENABLE"}
        code = (
            "import chapter2.models.api, os; print(os.environ['THP_MEM_ALLOC_ENABLE'])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=clean | told,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == expected
