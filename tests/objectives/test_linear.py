"""Linear models: hand-made gradients, steps and minima against torch and sklearn."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from chapter2.objectives import cross_entropy_sum, linear
from chapter2.objectives.linear import Line

LOSSES = {
    "squared": (linear.squared_error, linear.squared_error_gradient),
    "logistic": (linear.logistic_loss, linear.logistic_gradient),
}
RATE, STRENGTH = 0.05, 0.3


@pytest.fixture
def records():
    """Return x (40, 3), real y (40,), labels (40,) and a line; features not centred."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 3, generator=generator, dtype=torch.float64) + 1.5
    noise = torch.randn(40, generator=generator, dtype=torch.float64)
    y = x @ torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64) + 4 + noise
    line = Line(torch.randn(3, generator=generator, dtype=torch.float64), y[0])
    return x, y, (y > y.median()).double(), line


def targets(name, records):
    _, y, labels, _ = records
    return labels if name == "logistic" else y


def close(a, b, atol=1e-12):
    for one, other in zip(a, b, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=atol)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_by_hand_equals_autograd(name, records):
    x, _, _, line = records
    loss, gradient = LOSSES[name]
    leaf = Line(*(p.clone().requires_grad_() for p in line))
    loss(leaf, x, targets(name, records)).backward()
    close(gradient(line, x, targets(name, records)), [p.grad for p in leaf])


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_by_hand_passes_gradcheck(name, records):
    """The hand-made gradient is the derivative of the loss, by differences."""
    x, _, _, line = records
    loss, gradient = LOSSES[name]
    y = targets(name, records)

    class ByHand(torch.autograd.Function):
        @staticmethod
        def forward(ctx, weight, bias):
            ctx.save_for_backward(weight, bias)
            return loss(Line(weight, bias), x, y)

        @staticmethod
        def backward(ctx, out):
            return tuple(out * g for g in gradient(Line(*ctx.saved_tensors), x, y))

    leaf = [p.clone().requires_grad_() for p in line]
    assert torch.autograd.gradcheck(ByHand.apply, leaf)


def test_penalty_and_its_gradient_leave_the_bias_alone(records):
    *_, line = records
    leaf = Line(*(p.clone().requires_grad_() for p in line))
    linear.l2_penalty(leaf, STRENGTH).backward()
    assert leaf.bias.grad is None
    by_hand = linear.l2_gradient(line, STRENGTH)
    torch.testing.assert_close(by_hand.weight, leaf.weight.grad)
    assert by_hand.bias == 0


def torch_path(optimizer_of, records, steps=25):
    """Return the lines that one of torch's optimisers passes through."""
    x, y, _, line = records
    weight = nn.Parameter(line.weight.clone())
    bias = nn.Parameter(line.bias.clone())
    optimizer = optimizer_of(weight, bias)
    path = [Line(weight.detach().clone(), bias.detach().clone())]
    for _ in range(steps):
        optimizer.zero_grad()
        linear.squared_error(Line(weight, bias), x, y).backward()
        optimizer.step()
        path.append(Line(weight.detach().clone(), bias.detach().clone()))
    return path


def our_path(records, steps=25, **how):
    x, y, _, line = records

    def gradient(at, k):
        return linear.squared_error_gradient(at, x, y)

    return linear.descend(gradient, line, [RATE] * steps, **how)


def groups(weight, bias):
    """Return torch's groups: the weights with the strength, the bias without."""
    strong = {"params": [weight], "weight_decay": STRENGTH}
    return [strong, {"params": [bias], "weight_decay": 0.0}]


@pytest.mark.parametrize(
    ("optimizer", "how"),
    [
        (torch.optim.SGD, {"l2": STRENGTH}),
        (torch.optim.SGD, {"decay": STRENGTH}),  # the same thing for plain SGD
        (torch.optim.Adam, {"l2": STRENGTH, "adam": True}),
        (torch.optim.AdamW, {"decay": STRENGTH, "adam": True}),
    ],
)
def test_every_step_equals_torch(optimizer, how, records):
    theirs = torch_path(lambda w, b: optimizer(groups(w, b), lr=RATE), records)
    ours = our_path(records, **how)
    assert len(ours) == len(theirs) == 26
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)


def test_without_penalty_both_kinds_of_adam_are_adam(records):
    plain = torch_path(lambda w, b: torch.optim.Adam([w, b], lr=RATE), records)
    for a, b in zip(our_path(records, adam=True), plain, strict=True):
        close(a, b)


def test_l2_and_decay_agree_under_sgd_and_not_under_adam(records):
    for a, b in zip(
        our_path(records, l2=STRENGTH), our_path(records, decay=STRENGTH), strict=True
    ):
        close(a, b)
    penalised = our_path(records, l2=STRENGTH, adam=True)
    decoupled = our_path(records, decay=STRENGTH, adam=True)
    assert (penalised[-1].weight - decoupled[-1].weight).abs().max() > 0.05


def test_with_momentum_they_differ_too(records):
    """Plain SGD is the exception: momentum remembers a penalty, but no decay."""
    x, y, _, line = records

    def run(l2, decay, steps=10):
        at, speed = line, torch.zeros_like(line.weight)
        for _ in range(steps):
            gradient = linear.squared_error_gradient(at, x, y)
            speed = 0.9 * speed + gradient.weight + l2 * at.weight
            at = Line(at.weight * (1 - 0.01 * decay) - 0.01 * speed, at.bias)
        return at.weight

    theirs = nn.Parameter(line.weight.clone())
    optimizer = torch.optim.SGD([theirs], lr=0.01, momentum=0.9, weight_decay=STRENGTH)
    for _ in range(10):
        optimizer.zero_grad()
        linear.squared_error(Line(theirs, line.bias), x, y).backward()
        optimizer.step()
    torch.testing.assert_close(run(STRENGTH, 0.0), theirs.detach())
    assert (run(STRENGTH, 0.0) - run(0.0, STRENGTH)).abs().max() > 0.01


@pytest.mark.parametrize("l2", [0.0, 0.02, 1.7])
def test_closed_form_equals_scikit_learn(l2, records):
    from sklearn.linear_model import Ridge

    x, y, *_ = records
    reference = Ridge(alpha=len(y) * l2 / 2).fit(x.numpy(), y.numpy())
    line = linear.ridge(x, y, l2)
    np.testing.assert_allclose(line.weight, reference.coef_, rtol=1e-9)
    assert float(line.bias) == pytest.approx(reference.intercept_, rel=1e-9)


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_gradient_is_zero_at_the_closed_form(l2, records):
    x, y, *_ = records
    line = linear.ridge(x, y, l2)
    gradient = linear.squared_error_gradient(line, x, y)
    total = gradient.weight + linear.l2_gradient(line, l2).weight
    assert total.abs().max() < 1e-12
    assert gradient.bias.abs() < 1e-12


def test_descent_arrives_at_the_closed_form(records):
    x, y, *_ = records
    for adam, rate in ((False, RATE), (True, 0.05)):
        cooling = [rate * (1 - k / 3000) for k in range(3000)]
        end = linear.descend(
            lambda at, k: linear.squared_error_gradient(at, x, y),
            linear.zeros(3),
            cooling,
            adam=adam,
            l2=STRENGTH,
        )[-1]
        close(end, linear.ridge(x, y, STRENGTH), atol=1e-6)


def test_adamw_heads_for_the_minimum_without_a_penalty(records):
    """Full batches, no weight beyond 1/decay: the pull fades with the gradients."""
    x, y, *_ = records
    unpenalised = linear.ridge(x, y)
    assert unpenalised.weight.abs().max() < 1 / STRENGTH

    def gap(steps):
        cooling = [0.05 * (1 - k / steps) for k in range(steps)]
        end = linear.descend(
            lambda at, k: linear.squared_error_gradient(at, x, y),
            linear.zeros(3),
            cooling,
            adam=True,
            decay=STRENGTH,
        )[-1]
        return (end.weight - unpenalised.weight).abs().max()

    penalty_moves = (linear.ridge(x, y, STRENGTH).weight - unpenalised.weight).abs()
    assert gap(5000) < gap(2500) / 2
    assert gap(5000) < penalty_moves.max() / 4


@pytest.mark.parametrize("l2", [0.01, 0.5])
def test_gradient_is_zero_at_scikit_learns_logistic_optimum(l2, records):
    from sklearn.linear_model import LogisticRegression

    x, _, labels, _ = records
    reference = LogisticRegression(C=1 / (len(labels) * l2), tol=1e-12, max_iter=10_000)
    reference.fit(x.numpy(), labels.numpy())
    line = Line(torch.tensor(reference.coef_[0]), torch.tensor(reference.intercept_[0]))
    gradient = linear.logistic_gradient(line, x, labels)
    total = gradient.weight + linear.l2_gradient(line, l2).weight
    assert total.abs().max() < 1e-6
    assert gradient.bias.abs() < 1e-6


def test_descent_on_the_logistic_loss_arrives_at_scikit_learns_optimum(records):
    from sklearn.linear_model import LogisticRegression

    x, _, labels, _ = records
    reference = LogisticRegression(C=1 / (len(labels) * 0.1), tol=1e-12)
    reference.fit(x.numpy(), labels.numpy())
    end = linear.descend(
        lambda at, k: linear.logistic_gradient(at, x, labels),
        linear.zeros(3),
        [0.4] * 2500,
        l2=0.1,
    )[-1]
    np.testing.assert_allclose(end.weight, reference.coef_[0], atol=1e-5)
    assert float(end.bias) == pytest.approx(reference.intercept_[0], abs=1e-5)


def test_logistic_loss_is_the_cross_entropy_of_two_classes(records):
    x, _, labels, line = records
    z = linear.predict(line, x)
    logits = torch.stack([torch.zeros_like(z), z], dim=1)  # (N, 2)
    total, count = cross_entropy_sum(logits, labels.long())
    torch.testing.assert_close(linear.logistic_loss(line, x, labels), total / count)


@pytest.mark.parametrize("size", [1.0, 30.0, 800.0])
def test_logistic_loss_neither_overflows_nor_loses_digits(size):
    x = torch.tensor([[size], [-size]], dtype=torch.float64)
    line = Line(torch.ones(1, dtype=torch.float64), torch.zeros(()).double())
    right = torch.tensor([1.0, 0.0], dtype=torch.float64)
    wrong = 1 - right
    small = math.log1p(math.exp(-size))
    assert float(linear.logistic_loss(line, x, right)) == pytest.approx(small, 1e-12)
    assert float(linear.logistic_loss(line, x, wrong)) == pytest.approx(size + small)


def test_a_uniform_shift_of_the_targets_goes_into_the_bias(records):
    x, y, *_ = records
    before, after = linear.ridge(x, y, 0.4), linear.ridge(x, y + 7, 0.4)
    close(after, Line(before.weight, before.bias + 7), atol=1e-9)


def test_inputs_stay_as_they_are(records):
    x, y, _, line = records
    copies = [t.clone() for t in (x, y, *line)]
    for adam in (False, True):
        our_path(records, l2=0.1, decay=0.1, adam=adam)
    for copy, tensor in zip(copies, (x, y, *line), strict=True):
        assert torch.equal(copy, tensor)


def test_shapes_that_would_broadcast_are_refused(records):
    x, y, _, line = records
    with pytest.raises(ValueError, match="do not fit"):
        linear.squared_error(line, x, y[:, None])  # (N, N) errors without the check
    with pytest.raises(ValueError, match="do not fit"):
        linear.squared_error_gradient(line, x[:, :2], y)
    with pytest.raises(ValueError, match="do not fit"):
        linear.squared_error(Line(line.weight, line.weight), x[:3], y[:3])


def test_labels_other_than_0_and_1_are_refused(records):
    x, y, _, line = records
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        linear.logistic_loss(line, x, y.sign())
