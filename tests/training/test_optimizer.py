"""Which parameters decay, and the optimiser's state by name."""

import copy
import signal

import pytest
import torch
from torch import nn

from chapter2.errors import InterruptedTraining
from chapter2.objectives import classification
from chapter2.training import make_optimizer, parameter_groups, train
from chapter2.training.optimizer import load_optimizer_tensors, optimizer_tensors


@pytest.fixture(scope="module")
def bert():
    from chapter2.models import load_encoder

    return load_encoder("tiny-random", ("a", "b")).model


def names_of(model, group):
    ids = {id(p) for p in group["params"]}
    return {name for name, p in model.named_parameters() if id(p) in ids}


def test_only_matrices_of_linear_maps_decay(bert):
    decayed, kept = parameter_groups(bert, 0.01)
    linear = {
        f"{name}.weight" for name, m in bert.named_modules() if isinstance(m, nn.Linear)
    }
    assert decayed["weight_decay"] == 0.01
    assert kept["weight_decay"] == 0.0
    assert names_of(bert, decayed) == linear
    everything = {name for name, _ in bert.named_parameters()}
    assert names_of(bert, kept) == everything - linear
    assert any("LayerNorm.weight" in name for name in names_of(bert, kept))
    assert any("word_embeddings" in name for name in names_of(bert, kept))


def test_each_parameter_stands_in_one_group(bert):
    groups = parameter_groups(bert, 0.01)
    ids = [id(p) for g in groups for p in g["params"]]
    assert len(ids) == len(set(ids)) == len(list(bert.parameters()))


def test_frozen_parameters_are_left_out(toy):
    model = toy.Model()
    model.table.requires_grad_(False)
    ids = {id(p) for g in parameter_groups(model, 0.01) for p in g["params"]}
    assert id(model.table.weight) not in ids


def test_a_tied_table_is_a_table(toy):
    model = toy.Model()
    model.output = nn.Linear(8, 12, bias=False)
    model.output.weight = model.table.weight
    decayed, kept = parameter_groups(model, 0.01)
    assert all(p is not model.table.weight for p in decayed["params"])
    assert sum(p is model.table.weight for p in kept["params"]) == 1


def test_decay_is_decoupled_and_spares_the_rest(toy):
    model = toy.Model()
    before = copy.deepcopy(model)
    optimizer = make_optimizer(model, toy.config(weight_decay=0.1, learning_rate=0.5))
    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    torch.testing.assert_close(model.head.weight, before.head.weight * (1 - 0.5 * 0.1))
    for name in ("table.weight", "norm.weight", "norm.bias", "head.bias"):
        assert torch.equal(model.get_parameter(name), before.get_parameter(name))


def test_fused_update_equals_the_plain_one(toy):
    ours, theirs = toy.Model(), toy.Model()
    fused = make_optimizer(ours, toy.config())
    groups = parameter_groups(theirs, 0.01)
    plain = torch.optim.AdamW(groups, lr=0.02, foreach=False, fused=False)
    assert fused.defaults["fused"]
    generator = torch.Generator().manual_seed(1)
    for _ in range(5):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            a.grad = torch.randn(a.shape, generator=generator)
            b.grad = a.grad.clone()
        fused.step()
        plain.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_moments_go_out_by_name_and_come_back(toy):
    model, other = toy.Model(), toy.Model()
    optimizer, fresh = (make_optimizer(m, toy.config()) for m in (model, other))
    for p in model.parameters():
        p.grad = torch.randn_like(p)
    model.norm.bias.grad = None  # took no part: has no moments
    optimizer.step()
    tensors = optimizer_tensors(model, optimizer)
    assert "exp_avg/head.weight" in tensors
    assert "exp_avg/norm.bias" not in tensors
    load_optimizer_tensors(other, fresh, {k: v.clone() for k, v in tensors.items()})
    again = optimizer_tensors(other, fresh)
    assert again.keys() == tensors.keys()
    assert all(torch.equal(again[k], tensors[k]) for k in tensors)


REMEMBERED = {
    "adamw": {"exp_avg", "exp_avg_sq", "step"},
    "sgd": {"momentum_buffer"},
    "adafactor": {"row_var", "col_var", "variance", "step"},
}


@pytest.mark.parametrize("name", REMEMBERED)
def test_each_optimiser_learns_and_remembers_its_own(toy, name):
    rate = {"adamw": 0.02, "sgd": 0.5, "adafactor": 0.05}[name]
    config = toy.config(optimizer=name, learning_rate=rate, epochs=10)
    history = train(toy.Model(), classification, toy.Batches(), config, progress=False)
    assert history.mean_loss(10) < 0.6 * history.mean_loss(1)
    model = toy.Model()
    optimizer = make_optimizer(model, config)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    kinds = {key.split("/")[0] for key in optimizer_tensors(model, optimizer)}
    assert kinds == REMEMBERED[name]


@pytest.mark.parametrize("name", REMEMBERED)
def test_each_optimiser_resumes_bit_for_bit(toy, tmp_path, name):
    config = toy.config(optimizer=name, schedule="cosine", learning_rate=0.05)
    calls = []

    def interrupted(model, batch):
        calls.append(1)
        if len(calls) == 4:
            signal.raise_signal(signal.SIGINT)
        return classification(model, batch)

    def run(model, objective, **options):
        return train(model, objective, toy.Batches(), config, progress=False, **options)

    whole, stopped, resumed = toy.Model(), toy.Model(), toy.Model(seed=1)
    expected = run(whole, classification)
    with pytest.raises(InterruptedTraining):
        run(stopped, interrupted, folder=tmp_path)
    history = run(resumed, classification, folder=tmp_path, resume=True)
    assert history.losses == expected.losses
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


def test_sgd_is_torchs_with_momentum(toy):
    ours, theirs = toy.Model(), toy.Model()
    mine = make_optimizer(ours, toy.config(optimizer="sgd", weight_decay=0.0))
    plain = torch.optim.SGD(theirs.parameters(), lr=0.02, momentum=0.9, foreach=False)
    generator = torch.Generator().manual_seed(1)
    for _ in range(5):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            a.grad = torch.randn(a.shape, generator=generator)
            b.grad = a.grad.clone()
        mine.step()
        plain.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)
