"""Gradual unfreezing: what thaws when, at which rate, and that the rest stays."""

import pytest
import torch

from chapter2.models import load_encoder
from chapter2.objectives import classification
from chapter2.training import TrainingConfig
from chapter2.training.optimizer import make_optimizer, set_rate
from chapter2.training.plan import Step
from chapter2.training.step import accumulate_gradients, take_step
from chapter2.tuning import tune
from chapter2.tuning.gradual import parts, thawed

K = 4  # head, two layers, embeddings of tiny-random


@pytest.fixture(scope="module")
def base():
    return load_encoder("tiny-random", ("a", "b"), seed=3)


def step(number):
    return Step(number, 0, 0, (), 0.01, False)


def test_the_parts_are_the_whole_model_each_parameter_once(base):
    found = [p for part in parts(base.model) for p in part]
    assert len(parts(base.model)) == K
    assert {id(p) for p in found} == {id(p) for p in base.model.parameters()}
    assert len(found) == len({id(p) for p in found})


def test_each_part_thaws_after_an_equal_share_of_the_steps():
    assert [thawed(n, 12, K) for n in range(12)] == [1] * 3 + [2] * 3 + [3] * 3 + [
        4
    ] * 3
    assert [thawed(n, 2, K) for n in range(2)] == [1, 3]  # fewer steps than parts
    assert thawed(0, 1, K) == 1


def test_lower_parts_learn_more_slowly_by_a_constant_factor(base):
    tuned = tune(base, "gradual", decay=0.5)
    groups = tuned.method.groups(tuned.model, 0.01)
    scale = {id(p): group["scale"] for group in groups for p in group["params"]}
    for k, part in enumerate(parts(tuned.model)):
        assert {scale[id(p)] for p in part} == {0.5**k}
    optimizer = make_optimizer(tuned.model, TrainingConfig(), groups)
    set_rate(optimizer, 0.2)
    rates = {group["scale"]: group["lr"] for group in optimizer.param_groups}
    assert rates == pytest.approx({0.5**k: 0.2 * 0.5**k for k in range(K)})


def test_matrices_decay_and_vectors_and_tables_do_not(base):
    tuned = tune(base, "gradual")
    groups = tuned.method.groups(tuned.model, 0.01)
    decay = {id(p): g["weight_decay"] for g in groups for p in g["params"]}
    for name, parameter in tuned.model.named_parameters():
        table = "embeddings" in name
        expected = 0.01 if parameter.ndim >= 2 and not table else 0.0
        assert decay[id(parameter)] == expected, name


def test_a_frozen_part_does_not_move_and_a_thawed_one_does(base):
    tuned = tune(base, "gradual")
    model, method, config = tuned.model, tuned.method, TrainingConfig(precision="fp32")
    optimizer = make_optimizer(model, config, method.groups(model, 0.01))
    inputs = {"input_ids": torch.tensor([[2, 40, 41, 3]]), "labels": torch.tensor([1])}
    for number in range(K):
        before = [[p.detach().clone() for p in part] for part in parts(model)]
        batches = [{**inputs, "attention_mask": torch.ones(1, 4, dtype=torch.long)}]
        now = step(number)

        def gradients(_, batches=batches):
            return accumulate_gradients(model, classification, batches, "fp32")

        take_step(model, optimizer, gradients, now, config, method, total=K)
        moved = [
            any(not torch.equal(a, b) for a, b in zip(old, part, strict=True))
            for old, part in zip(before, parts(model), strict=True)
        ]
        assert moved == [k <= number for k in range(K)]


def test_what_is_trained_is_counted_while_it_is_frozen(base):
    tuned = tune(base, "gradual")
    tuned.method.before_step(tuned.model, step(0), 100)
    assert not tuned.model.bert.encoder.layer[0].output.dense.weight.requires_grad
    assert tuned.trainable == tuned.total
