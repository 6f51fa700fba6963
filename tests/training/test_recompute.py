"""Gradient checkpointing: the same gradients, with less kept for the backward pass."""

import copy

import pytest
import torch

from chapter2.errors import UsageError
from chapter2.models import load_encoder
from chapter2.models.fast_bert import classify
from chapter2.objectives import classification
from chapter2.training import train
from chapter2.training.recompute import recomputing

WAYS = {
    "short": classify,
    "transformers": lambda model, inputs: model(**inputs).logits,
}


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("tiny-random", ("a", "b")).model


def switches(model):
    return {layer.gradient_checkpointing for layer in model.bert.encoder.layer}


def batch():
    ids = torch.randint(5, 90, (4, 24), generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(24) < torch.tensor([24, 9, 17, 3])[:, None]).long()
    return {"input_ids": ids * mask, "attention_mask": mask}


def gradients(model, way, wanted):
    """Return the gradients by name, and the bytes that the backward pass was kept."""
    model = copy.deepcopy(model).train()
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    torch.manual_seed(5)  # the same dropout
    with recomputing(model, wanted):
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = WAYS[way](model, batch()).logsumexp(1).sum()
        loss.backward()
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    found = {name: p.grad for name, p in model.named_parameters()}
    return found, sum(size for place, size in kept.items() if place not in own)


@pytest.mark.parametrize("way", WAYS)
def test_same_gradients_with_dropout_and_less_kept(encoder, way):
    plain, before = gradients(encoder, way, wanted=False)
    again, after = gradients(encoder, way, wanted=True)
    for name, gradient in plain.items():
        torch.testing.assert_close(again[name], gradient, atol=1e-6, rtol=0, msg=name)
    assert after < 0.5 * before


def test_a_run_is_the_same_and_the_switch_goes_back(encoder, toy):
    trained = []
    for wanted in (False, True):
        model = copy.deepcopy(encoder)
        config = toy.config(epochs=1, learning_rate=1e-3, checkpointing=wanted)
        history = train(model, classification, toy.Batches(), config, progress=False)
        trained.append((history.losses, model))
        assert switches(model) == {False}
    (losses, first), (others, second) = trained
    assert others == pytest.approx(losses, abs=1e-6)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)


def test_layers_are_found_inside_a_wrapper(encoder):
    model = copy.deepcopy(encoder)
    with recomputing(torch.nn.Sequential(model), True):
        assert switches(model) == {True}
    assert switches(model) == {False}


def test_a_model_without_such_layers_is_refused(toy):
    config = toy.config(checkpointing=True)
    with pytest.raises(UsageError, match="Toy has no layers that could be"):
        train(toy.Model(), classification, toy.Batches(), config, progress=False)
