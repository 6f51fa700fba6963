"""What the loop asks of a method, and when."""

import pytest
import torch

from chapter2.objectives import classification
from chapter2.training import FULL, Method, parameter_groups, train


def run(toy, method, model=None, **changes):
    model = model or toy.Model()
    history = train(
        model,
        classification,
        toy.Batches(),
        toy.config(**changes),
        method=method,
        progress=False,
    )
    return model, history


def same(a, b):
    a, b = a.state_dict(), b.state_dict()
    return all(torch.equal(a[name], b[name]) for name in a)


def test_the_default_trains_everything(toy):
    model = toy.Model()
    ours, theirs = FULL.groups(model, 0.1), parameter_groups(model, 0.1)
    assert [list(map(id, g["params"])) for g in ours] == [
        list(map(id, g["params"])) for g in theirs
    ]
    assert FULL.objective(classification) is classification
    assert FULL.name == "full"


def test_a_scale_multiplies_the_rate(toy):
    class Scaled(Method):
        def groups(self, model, weight_decay):
            return [{**g, "scale": 0.5} for g in super().groups(model, weight_decay)]

    scaled, _ = run(toy, Scaled(), learning_rate=0.02)
    plain, _ = run(toy, FULL, learning_rate=0.01)
    assert same(scaled, plain)


def test_hooks_come_around_the_gradients(toy):
    told = []

    class Telling(Method):
        def before_step(self, model, step, total):
            told.append(("before", step.number, total, model.head.weight.grad is None))

        def after_backward(self, model, step, total):
            norms = [p.grad.norm() for p in model.parameters()]
            told.append(("after", step.number, total, float(torch.stack(norms).norm())))

    _, history = run(toy, Telling(), epochs=1, max_grad_norm=0.1)
    assert told[0::2] == [("before", n, 5, True) for n in range(5)]
    assert [(name, n, total) for name, n, total, _ in told[1::2]] == [
        ("after", n, 5) for n in range(5)
    ]
    # the gradients are averaged and clipped already
    expected = [min(norm, 0.1) for norm in history.norms]
    assert [norm for *_, norm in told[1::2]] == pytest.approx(expected, rel=1e-4)


def test_what_is_thawed_later_stays_until_then(toy):
    class Late(Method):
        def groups(self, model, weight_decay):
            groups = super().groups(model, weight_decay)
            model.head.requires_grad_(False)
            return groups

        def before_step(self, model, step, total):
            model.head.requires_grad_(step.number >= 5)

    model = toy.Model()
    start = model.head.weight.clone()
    seen = []

    class Watching(Late):
        def before_step(self, model, step, total):
            seen.append(torch.equal(model.head.weight, start))
            super().before_step(model, step, total)

    run(toy, Watching(), model, epochs=2)
    assert seen == [True] * 6 + [False] * 4
    assert not torch.equal(model.head.weight, start)


def test_the_objective_may_be_wrapped(toy):
    class Doubled(Method):
        def objective(self, objective):
            def doubled(model, batch):
                loss, count = objective(model, batch)
                return 2 * loss, count

            return doubled

    _, once = run(toy, FULL, epochs=1)
    _, twice = run(toy, Doubled(), epochs=1)
    assert twice.losses[0] == pytest.approx(2 * once.losses[0], rel=1e-6)
